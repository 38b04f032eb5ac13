using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>How one component is doing.</summary>
internal sealed record ComponentState
{
    public required string Name { get; init; }

    public required string Version { get; init; }

    public required Condition Condition { get; init; }

    /// <summary>When it came into this condition.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>How often it was started again since the control plane was.</summary>
    public int Restarts { get; init; }

    /// <summary>Null while no process runs.</summary>
    public int? ProcessId { get; init; }

    /// <summary>Why it last ended or did not answer; null when it never did.</summary>
    public string? LastError { get; init; }

    public required string Log { get; init; }
}

[JsonConverter(typeof(JsonStringEnumConverter<Condition>))]
internal enum Condition
{
    /// <summary>Started, and does not answer yet.</summary>
    Starting,

    Healthy,

    /// <summary>Answered, and does not any more.</summary>
    Unhealthy,

    /// <summary>Ended by itself, and waits to be started again.</summary>
    Down,

    /// <summary>Was asked to end, and did.</summary>
    Stopped,
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(ImmutableArray<ComponentState>))]
internal sealed partial class ComponentJson : JsonSerializerContext;
