using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Clouds;

/// <summary>Reads, adds and removes machines. Implemented for each cloud, and by the simulator.</summary>
/// <remarks>
/// Expected refusals are values, anything else is a <see cref="CloudException"/>. Long operations are accepted, then
/// followed in the background; how they ended shows in the next <see cref="ReadAsync"/> (<see cref="PoolView.Failures"/>,
/// <see cref="PoolView.OperationFailures"/>).
/// </remarks>
public interface ICloud
{
    /// <summary>Completes as soon as a background operation ended in a way worth a new read, for example a failed allocation.</summary>
    Task ChangedAsync(CancellationToken ct);

    /// <summary>
    /// Reads all pools. Machines of a pool are listed anew only when its capacity or entity tag changed, when its name is in
    /// <paramref name="inMotion"/> (machines booting, leaving, or a node unmatched), or when the list has grown old.
    /// </summary>
    /// <exception cref="CloudException">Nothing could be read.</exception>
    Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct);

    /// <summary>
    /// Raises the pool's capacity by <paramref name="by"/> over what <paramref name="pool"/> showed. Reads once, refuses when
    /// the capacity is no longer the same, and sends with that read's entity tag: a grow can never lower a capacity.
    /// When quota leaves room for fewer, asks for what fits. By 0 asks once more for what the pool has been promised and lacks.
    /// </summary>
    Task<GrowResult> GrowAsync(PoolView pool, int by, CancellationToken ct);

    /// <summary>Deletes exactly these machines of one pool in one call; those already gone count as removed.</summary>
    Task<RemoveResult> RemoveAsync(PoolView pool, IReadOnlyList<Machine> machines, CancellationToken ct);

    /// <summary>
    /// Starts, stops, restarts, reimages, upgrades or deallocates these machines of one pool. Waits where the cloud asks for it, minutes
    /// at most.
    /// </summary>
    Task OperateAsync(PoolView pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct);

    /// <summary>
    /// Shields a machine from the cloud's own scale-in, or lifts the shield. As soon as the cloud has agreed: should nothing come of it,
    /// a later list shows that.
    /// </summary>
    Task<ProtectResult> ProtectAsync(PoolView pool, Machine machine, bool shielded, CancellationToken ct);
}

public enum MachineOperation
{
    Start,
    PowerOff,
    Deallocate,
    Restart,

    /// <summary>Gives the machine a fresh disk of the model that it has, which may be an earlier one than its pool's.</summary>
    Reimage,

    /// <summary>Gives the machine what its pool's model says now. It restarts for another size or image; what it is told at its birth it has with its next reimage.</summary>
    Upgrade,
}

/// <summary>What the cloud showed at one time.</summary>
public sealed record CloudView
{
    public required DateTimeOffset ReadAt { get; init; }

    public required ImmutableArray<PoolView> Pools { get; init; }

    /// <summary>False when part of it was throttled, failed or came from before: nothing may be removed on such a view.</summary>
    public required bool Complete { get; init; }

    /// <summary>Why it is not complete, for people; null when it is.</summary>
    public string? Trouble { get; init; }
}

/// <summary>A pool and its machines as read.</summary>
public sealed record PoolView
{
    public required Pool Pool { get; init; }

    /// <summary>How many machines the cloud is to keep; may differ from the list while some boot or go.</summary>
    public required int Capacity { get; init; }

    /// <summary>The entity tag of the read, sent back with a change; null where the cloud has none.</summary>
    public string? ETag { get; init; }

    public ImmutableArray<Machine> Machines { get; init; } = [];

    /// <summary>When <see cref="Machines"/> was read.</summary>
    public required DateTimeOffset MachinesReadAt { get; init; }

    /// <summary>Operations of ours that the cloud has not finished.</summary>
    public ImmutableArray<CloudOperation> InFlight { get; init; } = [];

    /// <summary>Growth that failed since the last read, newest last. Each is handed out once.</summary>
    public ImmutableArray<GrowFailure> Failures { get; init; } = [];

    /// <summary>Other operations that were accepted and failed since the last read, oldest first. Each is handed out once.</summary>
    public ImmutableArray<OperationFailure> OperationFailures { get; init; } = [];
}

/// <param name="Kind">For people: <c>grow</c>, <c>remove</c>, <c>start</c>, ...</param>
public sealed record CloudOperation(string Kind, int Machines, DateTimeOffset StartedAt)
{
    /// <summary>The kind of <see cref="MachineOperation.Upgrade"/>.</summary>
    public const string Upgrade = "upgrade";
}

/// <param name="Code">The cloud's own error code, for example <c>AllocationFailed</c>.</param>
public sealed record GrowFailure(GrowRefusal Refusal, string Code, string Message, DateTimeOffset At);

/// <summary>Something that was to be done with machines that are there, or with the pool, and that the cloud could not do.</summary>
/// <param name="Kind">As <see cref="CloudOperation.Kind"/>.</param>
/// <param name="Machine">Id of a machine that it was for; null: it was for the pool.</param>
/// <param name="Named">Whether it is sure that it failed for this machine. False: it was for several, and the cloud did not say for which it failed.</param>
/// <param name="Code">The cloud's own error code.</param>
/// <param name="Message">The cloud's own words.</param>
public sealed record OperationFailure(string Kind, string? Machine, bool Named, string Code, string Message);

public enum GrowRefusal
{
    /// <summary>The cloud has no such machines now (size or zone, often spot).</summary>
    NoCapacity,

    /// <summary>The subscription's quota is used up.</summary>
    Quota,

    /// <summary>The size is not offered here at all.</summary>
    NotOffered,

    /// <summary>The request itself is refused: permission, a lock, a full subnet.</summary>
    Refused,
}
