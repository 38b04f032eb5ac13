namespace Ebb.Cli.Reports;

/// <summary>A sandbox that is up, and how to reach it.</summary>
internal sealed record UpReport
{
    public required string Name { get; init; }

    public required int ProcessId { get; init; }

    public required string Kubernetes { get; init; }

    public required string Azure { get; init; }

    public required string Kubeconfig { get; init; }

    public required string Log { get; init; }

    /// <summary>It ran before this command.</summary>
    public required bool RanAlready { get; init; }
}
