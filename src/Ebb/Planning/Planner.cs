using System.Collections.Immutable;

namespace Ebb.Planning;

/// <summary>Decides. Pure: the same snapshot gives the same plan.</summary>
public static class Planner
{
    public static Plan Plan(Snapshot snapshot, Policy policy) => new()
    {
        Decisions = [],
        Reasons = new Reasons
        {
            Nodes = ImmutableDictionary<string, string>.Empty,
            Pools = ImmutableDictionary<string, string>.Empty,
            Pods = [],
        },
    };
}
