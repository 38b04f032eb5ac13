using Ebb.Growing;
using Ebb.Healing;
using Ebb.Shrinking;

namespace Ebb.Planning;

/// <summary>Decides. Pure: the same snapshot gives the same plan.</summary>
public static class Planner
{
    public static Plan Plan(Snapshot snapshot, Policy policy)
    {
        var draft = new Draft(snapshot, policy);
        Orphans.Plan(draft);
        var outage = new Outage(draft);
        foreach (var pool in draft.Pools)
        {
            Arrivals.Plan(draft, pool, outage);
        }

        var placement = Growth.Plan(draft);
        Idle.Plan(draft, outage);
        Steering.Plan(draft, placement);
        foreach (var pool in draft.Pools)
        {
            Remove(draft, pool);
        }

        ReleaseForgotten(draft);
        Shields.Plan(draft);
        return new Plan
        {
            Decisions = draft.Decisions,
            Reasons = new Reasons
            {
                Nodes = new ReasonBook<Standing>(
                    draft.Nodes, node => node.Node.Name, node => (node.Why ?? (node.Keep is { } keep ? (_, _) => keep : Busy.Why))(node, snapshot.Now)),
                Pools = new ReasonBook<PoolStanding>(draft.Pools, pool => pool.Name, pool => PoolReason.Of(pool, snapshot)),
                Machines = draft.MachineReasons,
                Pods = [.. draft.PodReasons],
            },
            LookAgainAt = draft.LookAgainAt,
            InMotion = [.. draft.InMotion],
        };
    }

    private static void Remove(Draft draft, PoolStanding pool)
    {
        if (pool.Departures.Count > 0 && draft.Snapshot.Cloud.Complete)
        {
            draft.Decide(new Decision.Remove(pool.View, [.. pool.Departures])
            {
                Reason = string.Join(", ", pool.Departures.Select(departure => departure.Reason).Distinct()),
            });
        }
    }

    /// <summary>Marks of an earlier run, or of a plan whose grounds are gone.</summary>
    private static void ReleaseForgotten(Draft draft)
    {
        foreach (var node in draft.Nodes)
        {
            var ours = node.Pool is not null || draft.Snapshot.Cloud.Complete;
            if (node is { Retiring: not null, Retires: false, Released: false, Going: false } && ours)
            {
                draft.Release(node, "no longer to be retired");
            }
        }
    }
}
