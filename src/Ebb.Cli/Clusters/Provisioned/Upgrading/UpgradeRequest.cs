namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>What a person wants upgraded, and how.</summary>
internal sealed record UpgradeRequest
{
    /// <summary>The release; null: the file's, else the newest of its channel.</summary>
    public string? To { get; init; }

    /// <summary>Leave the pools as they are.</summary>
    public bool ControlPlaneOnly { get; init; }

    /// <summary>Of the pools only this one; null: all.</summary>
    public string? Pool { get; init; }

    /// <summary>How many machines of a pool at once, at least 1.</summary>
    public int AtOnce { get; init; } = 1;

    public TimeSpan DrainWithin { get; init; } = TimeSpan.FromMinutes(10);

    public TimeSpan ReadyWithin { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Go on while control-plane machines are not ready. Work on the pools' machines is waited for all the same.</summary>
    public bool Force { get; init; }

    public bool DryRun { get; init; }
}
