namespace Ebb.Scheduling;

/// <summary>One pod as the planner sees it: a few references and words, so that a hundred thousand fit.</summary>
public sealed record Pod
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>All that the scheduler can tell apart; one instance for all pods alike.</summary>
    public required PodClass Class { get; init; }

    /// <summary>Shared by all pods labelled alike.</summary>
    public LabelSet Labels { get; init; } = LabelSet.Empty;

    /// <summary>Its controller; null for a pod without one.</summary>
    public Owner? Owner { get; init; }

    /// <summary>Empty while it is not bound to a node.</summary>
    public string Node { get; init; } = "";

    public PodPhase Phase { get; init; }

    public Protection Protection { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it began to run; null before.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the time that it was given to end is over; null while nobody has asked for its deletion.</summary>
    public DateTimeOffset? LeavesBy { get; init; }

    /// <summary>Deletion has been asked for; it still holds its room until it is gone.</summary>
    public bool Leaving => LeavesBy is not null;

    /// <summary>Made by the kubelet from a file.</summary>
    public bool Mirror { get; init; }

    /// <summary>Waits for a scheduling gate; not to be counted as waiting for room.</summary>
    public bool Gated { get; init; }

    public bool Finished => Phase is PodPhase.Succeeded or PodPhase.Failed;

    /// <summary>Keeps its node from being idle.</summary>
    public bool IsWork => !Finished && !Mirror && Owner?.Kind != "DaemonSet";

    /// <summary>
    /// Must not be interrupted. Of pods that say nothing themselves those are spared that nothing starts again elsewhere
    /// unharmed: pods of Jobs, pods without a controller, and pods of controllers that Ebb does not know.
    /// </summary>
    internal bool IsProtected => Protection switch
    {
        Protection.Never => true,
        Protection.Allowed => false,
        _ => Owner is not { Kind: "ReplicaSet" or "StatefulSet" or "ReplicationController" or "DaemonSet" },
    };

    public override string ToString() => $"{Namespace}/{Name}";
}

public enum PodPhase
{
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

/// <summary>Whether a pod may be interrupted, as far as the pod itself says.</summary>
public enum Protection
{
    /// <summary>By rule: Job pods and pods without a controller never, others when movable.</summary>
    ByRule,

    /// <summary>An annotation forbids it.</summary>
    Never,

    /// <summary>An annotation permits it.</summary>
    Allowed,
}

/// <param name="Kind">Job, ReplicaSet, StatefulSet, DaemonSet, ...</param>
public sealed record Owner(string Kind, string Name, string Uid);
