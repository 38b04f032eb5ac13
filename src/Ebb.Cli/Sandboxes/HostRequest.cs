using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Cli.Sandboxes;

/// <summary>What another process of the same user asks of the one that hosts a sandbox.</summary>
/// <param name="Restore">A backup to put the cluster back to.</param>
/// <param name="Adopt">Whether it may be another cluster's.</param>
internal sealed record HostRequest(string Restore, bool Adopt);

/// <summary>A line of the answer: something to tell meanwhile, or how it ended.</summary>
internal sealed record HostAnswer
{
    public string? Say { get; init; }

    public string? Done { get; init; }

    public string? Error { get; init; }

    /// <summary>The error is a mistake that a person can mend.</summary>
    public bool Usage { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(HostRequest))]
[JsonSerializable(typeof(HostAnswer))]
internal sealed partial class HostJson : JsonSerializerContext;
