using System.Collections.Immutable;

namespace Ebb.Pools;

/// <summary>One cloud instance in a pool, as the cloud showed it at the time of the read.</summary>
public sealed record Machine
{
    /// <summary>The id within the pool that the cloud's calls take, for example <c>7</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Name of its pool.</summary>
    public required string Pool { get; init; }

    /// <summary>The name people see, for example <c>agents_7</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What Kubernetes has in <c>spec.providerID</c>; compared without regard to case.</summary>
    public required string ProviderId { get; init; }

    public required MachineState State { get; init; }

    public string Size { get; init; } = "";

    public string Zone { get; init; } = "";

    /// <summary>The host name it boots with; nodes are called like it in lower case. Empty when unknown.</summary>
    public string HostName { get; init; } = "";

    /// <summary>The id that the machine's firmware shows as system UUID. Empty when unknown.</summary>
    public string VmId { get; init; } = "";

    public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>When the cloud made it; null when the cloud does not say.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>False for one that is of an earlier model of its pool than machines that are made now; null where the cloud does not say.</summary>
    public bool? LatestModel { get; init; }

    /// <summary>The cloud is at work on it: it may stop and start yet, whatever its state is now.</summary>
    public bool Changing { get; init; }

    /// <summary>Shielded from the cloud's own scale-in; null where the cloud has no such shield.</summary>
    public bool? Protected { get; init; }

    /// <summary>The entity tag of the read, sent back with a change to the machine itself; null where the cloud has none.</summary>
    public string? ETag { get; init; }

    /// <summary>The cloud's error code when <see cref="State"/> is <see cref="MachineState.Failed"/>; else null.</summary>
    public string? Failure { get; init; }
}

public enum MachineState
{
    Creating,
    Running,
    Stopping,
    Stopped,
    Deallocated,
    Deleting,
    Failed,
    Unknown,
}
