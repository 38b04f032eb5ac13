using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Planning;

/// <summary>What to do about a snapshot, and why everything is as it is.</summary>
public sealed record Plan
{
    /// <summary>In the order in which they are to be acted on.</summary>
    public required ImmutableArray<Decision> Decisions { get; init; }

    /// <summary>One for every node, pool and pending pod of the snapshot.</summary>
    public required Reasons Reasons { get; init; }

    /// <summary>When time alone will change the plan; null when only events can.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }

    /// <summary>Pools whose machines boot, leave or lack a node: the cloud is to list them anew with the next read.</summary>
    public ImmutableHashSet<string> InMotion { get; init; } = [];
}

/// <summary>One thing to do. A closed set; the actuator handles each.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>In plain words, for people and events.</summary>
    public required string Reason { get; init; }

    /// <summary>Ask the cloud once for more machines of one pool. By 0: once more for those it promised and failed to deliver.</summary>
    public sealed record Grow(PoolView Pool, int By, int ForPods) : Decision;

    /// <summary>Note down since when a node is idle; null: it is busy, forget the note.</summary>
    public sealed record NoteIdle(string Node, DateTimeOffset? Since) : Decision;

    /// <summary>Soft cordon: the scheduler is to prefer other nodes, so that this one runs empty.</summary>
    public sealed record Steer(string Node) : Decision;

    /// <summary>Hard cordon: nothing new may start here; the machine goes once a later look still finds the node idle.</summary>
    public sealed record Cordon(string Node) : Decision;

    /// <summary>Take our marks off the node: it is wanted again.</summary>
    public sealed record Release(string Node) : Decision;

    /// <summary>Evict a movable pod from a node that is being emptied.</summary>
    public sealed record Evict(string Namespace, string Pod, string Uid, string Node) : Decision;

    /// <summary>
    /// Remove these machines of one pool in one call. Those with a node are checked once more by a fresh read of the
    /// node and its pods; where that finds work, the node is released instead.
    /// </summary>
    public sealed record Remove(PoolView Pool, ImmutableArray<Departure> Departures) : Decision;

    /// <summary>
    /// Shield these machines of one pool from the cloud's own scale-in, those first that have most to lose; or lift the shield. Each is a
    /// request of its own: a few at a time, and the others once they are planned again.
    /// </summary>
    public sealed record Protect(PoolView Pool, ImmutableArray<Sheltered> Machines, bool Shielded) : Decision;

    /// <summary>Delete the Node object of a machine that no longer exists.</summary>
    public sealed record DeleteNode(string Node, string Uid) : Decision;

    /// <summary>Keep a note of a pool (growth in flight, back-off) that outlives this process; a null value forgets it.</summary>
    public sealed record Remember(string Key, string? Value) : Decision;
}

/// <param name="Node">Name of its node; null for a machine that never joined or has failed.</param>
/// <param name="Reason">For example <c>idle 5 min</c>.</param>
public sealed record Departure(Machine Machine, string? Node, string Reason)
{
    /// <summary>It goes because its node is not ready, and stays if that is over.</summary>
    public bool Unready { get; init; }
}

/// <param name="Node">Name of its node, which bears the mark that the shield is Ebb's.</param>
public sealed record Sheltered(Machine Machine, string Node);

/// <summary>The current reason for everything, in plain words.</summary>
public sealed record Reasons
{
    /// <summary>By node name. Written when asked for: a plan for thousands of nodes costs no thousands of sentences.</summary>
    public required IReadOnlyDictionary<string, string> Nodes { get; init; }

    /// <summary>By pool name.</summary>
    public required IReadOnlyDictionary<string, string> Pools { get; init; }

    /// <summary>Machines without a node, by machine name: joining, stopped, failed, ...</summary>
    public IReadOnlyDictionary<string, string> Machines { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Pending pods, alike ones together.</summary>
    public required ImmutableArray<PodReason> Pods { get; init; }
}

/// <summary>Why these pods wait.</summary>
public sealed record PodReason(ImmutableArray<Scheduling.Pod> Pods, string Reason);
