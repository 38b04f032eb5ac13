using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Scheduling;

namespace Ebb.Planning;

/// <summary>An immutable picture of cluster and cloud at one instant; all that the planner knows.</summary>
public sealed record Snapshot
{
    public required DateTimeOffset Now { get; init; }

    public required CloudView Cloud { get; init; }

    public required ImmutableArray<Node> Nodes { get; init; }

    /// <summary>Pods without a node, gated ones too.</summary>
    public required ImmutableArray<Pod> Pending { get; init; }

    /// <summary>What Ebb noted down for itself: see <see cref="Decision.Remember"/>.</summary>
    public required ImmutableDictionary<string, string> Notes { get; init; }

    /// <summary>What runs on every node, to be reckoned with on machines that do not exist yet.</summary>
    public ImmutableArray<DaemonSet> DaemonSets { get; init; } = [];

    public ImmutableArray<DisruptionBudget> Budgets { get; init; } = [];

    /// <summary>Labels of every namespace, for selectors that look at them.</summary>
    public ImmutableDictionary<string, LabelSet> Namespaces { get; init; } = ImmutableDictionary<string, LabelSet>.Empty;

    /// <summary>How the cluster's scheduler decides.</summary>
    public SchedulerRules Rules { get; init; } = SchedulerRules.Newest;

    /// <summary>
    /// Provider ids of machines whose removal was asked for since the cloud was read: they count for nothing and
    /// are never released, whatever the cloud still shows.
    /// </summary>
    public ImmutableHashSet<string> Departing { get; init; } = ImmutableHashSet.Create<string>(StringComparer.OrdinalIgnoreCase);
}

/// <param name="Pod">What its pods ask for, with the tolerations that every DaemonSet's pods are given.</param>
public sealed record DaemonSet(string Namespace, string Name, string Uid, PodClass Pod);

/// <summary>How many of some pods may be interrupted now.</summary>
public sealed record DisruptionBudget(string Namespace, string Name, LabelSelector? Selector, int Allowed);
