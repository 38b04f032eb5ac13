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
}
