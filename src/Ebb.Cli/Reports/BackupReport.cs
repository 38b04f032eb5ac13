namespace Ebb.Cli.Reports;

/// <summary>A backup that was taken.</summary>
internal sealed record BackupReport
{
    public required string File { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Which cluster it is of.</summary>
    public required string Cluster { get; init; }

    public required DateTimeOffset TakenAt { get; init; }

    public required string Kubernetes { get; init; }

    public required string Etcd { get; init; }
}
