namespace Ebb.Scheduling;

/// <summary>What the scheduler of one release does otherwise than that of another. As it stands: the newest.</summary>
public sealed record SchedulerRules
{
    public static SchedulerRules Newest { get; } = new();

    /// <summary>
    /// Before 1.24 pods on nodes that take no part in a spread constraint (the pod's affinity forbids them, they lack another
    /// of its keys) were counted all the same where their domain has a node that does.
    /// </summary>
    public bool CountsPodsOnAllNodes { get; init; }

    /// <summary>
    /// Before 1.27 a node on which more CPU, memory or disk is asked for than there is took no pod that asks for anything,
    /// be it for something else.
    /// </summary>
    public bool RefusesOvercommitted { get; init; }

    /// <summary>Before 1.28 a volume's zone label of old (<c>failure-domain.beta</c>) was not sought among a node's labels of today.</summary>
    public bool TellsOldZonesApart { get; init; }

    /// <param name="minor">Of Kubernetes 1.<paramref name="minor"/>.</param>
    public static SchedulerRules Of(int minor) => new()
    {
        CountsPodsOnAllNodes = minor < 24,
        RefusesOvercommitted = minor < 27,
        TellsOldZonesApart = minor < 28,
    };
}
