using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Cli.Reports;

/// <summary>What <c>ebb keys</c> prints.</summary>
internal sealed record KeysReport
{
    public required string Cluster { get; init; }

    public required ImmutableArray<KeyReport> Keys { get; init; }

    /// <summary>Begun and not finished.</summary>
    public required ImmutableArray<RotationReport> Rotations { get; init; }

    /// <summary>Why the cloud's keys are not among them; absent when they are.</summary>
    public string? CloudTrouble { get; init; }
}

/// <param name="Rotate">What <c>ebb keys rotate</c> calls it; absent where it is not rotated.</param>
internal sealed record KeyReport(string Name, string For, string Where, DateTimeOffset? Since, DateTimeOffset? Until, string? Rotate);

/// <param name="Next">The step that comes next, or was cut short.</param>
/// <param name="HeldBy">What has to happen before it can go on; absent where it was not looked for.</param>
internal sealed record RotationReport(string What, DateTimeOffset? Begun, string? Next, bool Finished, ImmutableArray<string>? HeldBy)
{
    /// <summary>With <c>--dry-run</c>: what would be done, in this order.</summary>
    public ImmutableArray<string>? Steps { get; init; }

    /// <summary>With <c>--dry-run</c>: what restarts; absent where there are no machines.</summary>
    public string? Costs { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(KeysReport))]
internal sealed partial class KeysJson : JsonSerializerContext;
