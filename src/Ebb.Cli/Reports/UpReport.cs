namespace Ebb.Cli.Reports;

/// <summary>A sandbox that is up, and how to reach it.</summary>
internal sealed record UpReport
{
    public required string Name { get; init; }

    public required int ProcessId { get; init; }

    public required string Kubernetes { get; init; }

    /// <summary>embedded or real.</summary>
    public required string Kind { get; init; }

    /// <summary>hollow or nspawn; null where they are embedded.</summary>
    public string? Machines { get; init; }

    public required string Azure { get; init; }

    public required string Kubeconfig { get; init; }

    public required string Log { get; init; }

    /// <summary>It ran before this command.</summary>
    public required bool RanAlready { get; init; }
}
