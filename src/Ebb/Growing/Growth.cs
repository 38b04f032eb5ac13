using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Growing;

/// <summary>Finds room for every pod that waits: what is there, what is on its way, what was about to go; the rest is bought.</summary>
internal static class Growth
{
    public static Placement Plan(Draft draft)
    {
        var demand = new Demand(draft);
        var placement = new Placement(draft, demand);
        var most = new long[demand.Dimensions.Count];
        foreach (var room in placement.Ready.Concat(placement.Coming).Concat(placement.Retiring))
        {
            for (var i = 0; i < most.Length; i++)
            {
                most[i] = Math.Max(most[i], room.Free[i]);
            }
        }

        foreach (var group in InOrder(demand.Groups))
        {
            // Free room only goes down, so what no room had at first none has later.
            if (Dimensions.Times(group.Need, most, 1) == 1)
            {
                placement.Put(group, placement.Ready);
                placement.Put(group, placement.Coming);
                placement.Put(group, placement.Retiring);
            }
        }

        Release(draft, placement);
        Least.Plan(draft, placement);
        if (demand.Groups.Exists(group => group.Remaining > 0))
        {
            new Purchase(draft, demand, placement).Make();
        }

        Tell(draft, demand, placement);
        Grow(draft);
        placement.Scarce |= draft.Pools.Any(pool => pool.Buying > 0) || placement.Coming.Exists(room => room.Placed > 0);
        return placement;
    }

    private static IEnumerable<PodGroup> InOrder(List<PodGroup> groups) =>
        groups.OrderByDescending(group => group.Class.Priority)
            .ThenByDescending(group => group.Need[0] / 4000.0 > group.Need[1] / (double)(16L << 30) ? group.Need[0] / 4000.0 : group.Need[1] / (double)(16L << 30));

    private static void Release(Draft draft, Placement placement)
    {
        foreach (var room in placement.Retiring)
        {
            if (room.Placed > 0 && room.Of is Standing node)
            {
                var pods = Words.Count(room.Placed, "waiting pod");
                draft.Release(node, $"{pods} will fit here");
                node.Why = (_, _) => $"released: {pods} will fit here";
            }
        }
    }

    private static void Tell(Draft draft, Demand demand, Placement placement)
    {
        var explain = new Explanation(draft, placement);
        foreach (var group in demand.Groups)
        {
            if (group.Remaining > 0)
            {
                placement.Scarce |= draft.Pools.Any(pool => explain.IsWilling(group, pool));
                group.Went(group.Remaining, Where.Nowhere);
            }

            var from = 0;
            foreach (var (count, where) in group.Outcomes)
            {
                if (where is PoolStanding pool)
                {
                    pool.BuyingFor += count;
                }

                draft.PodReasons.Add(new PodReason([.. group.Pods.GetRange(from, count)], explain.Of(group, where)));
                from += count;
            }
        }
    }

    private static void Grow(Draft draft)
    {
        foreach (var pool in draft.Pools)
        {
            if (pool.Buying == 0)
            {
                continue;
            }

            var by = pool.Asking;
            if (by + pool.Missing == 0)
            {
                continue;
            }

            draft.InMotion.Add(pool.Name);
            draft.Decide(new Decision.Grow(pool.View, by, pool.BuyingFor)
            {
                Reason = by == 0 ? $"{Words.Count(pool.Missing, "machine")} did not come, asked for again"
                    : pool.BuyingFor > 0 ? $"{Words.Count(pool.BuyingFor, "pod")} wait for room" : $"pool {pool.Name} is below {pool.LeastInWords}",
            });
            if (pool.Missing > 0)
            {
                draft.Remember(Notes.Missing(pool.Name), null, $"growth of pool {pool.Name} is tried again");
            }
        }
    }
}
