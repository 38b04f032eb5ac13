using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Cli.Reports;

/// <summary>One program of a control plane that Ebb runs.</summary>
internal sealed record ComponentReport
{
    public required string Name { get; init; }

    /// <summary>starting, healthy, unhealthy, down or stopped.</summary>
    public required string State { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required int Restarts { get; init; }

    /// <summary>Null while no process runs.</summary>
    public int? ProcessId { get; init; }

    public required string Version { get; init; }

    /// <summary>Why it last ended or did not answer; null when it never did.</summary>
    public string? LastError { get; init; }

    public required string Log { get; init; }

    public static ComponentReport Of(ComponentState state) => new()
    {
        Name = state.Name,
        State = $"{state.Condition}".ToLowerInvariant(),
        Since = state.Since,
        Restarts = state.Restarts,
        ProcessId = state.ProcessId,
        Version = state.Version,
        LastError = state.LastError,
        Log = state.Log,
    };
}

/// <summary>What can be told of a cluster whose API does not answer.</summary>
internal sealed record ComponentsReport
{
    public required DateTimeOffset At { get; init; }

    public required ImmutableArray<ComponentReport> Components { get; init; }

    /// <summary>Why there is no more to tell.</summary>
    public required string Error { get; init; }
}
