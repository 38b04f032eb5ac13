using Ebb.Growing;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Shrinking;

/// <summary>
/// Because the scheduler spreads pods, a shrinking load leaves every node a little busy and none idle. So the emptiest nodes
/// whose work the others could hold are steered empty: first the scheduler is asked to prefer others, then the node is
/// cordoned. Jobs run to their end; pods that may move are evicted one by one once nothing else is left.
/// </summary>
internal static class Steering
{
    // When so many of the emptiest did not fit elsewhere, fuller ones will not either.
    private const int GiveUpAfter = 16;

    public static void Plan(Draft draft, Placement placement)
    {
        if (!draft.Policy.Steer || !draft.Snapshot.Cloud.Complete)
        {
            Freeze(draft);
            return;
        }

        // While there is too little room nobody new is sent away.
        var scarce = placement.Scarce;
        var elsewhere = new Elsewhere(placement, placement.Dimensions);
        var movable = new Movable(draft);
        var spare = draft.Pools.ToDictionary(pool => pool, Spare);
        var failures = 0;
        foreach (var node in Candidates(draft))
        {
            var pool = node.Pool!;
            if (spare[pool] <= 0 || failures >= GiveUpAfter || (node.Retiring is null && scarce))
            {
                continue;
            }

            // Finishing jobs free the node by themselves; whatever else holds it must be able to move.
            var emptied = node.Load.Protected == 0;
            if (emptied && !movable.All(node))
            {
                continue;
            }

            if (!elsewhere.Move(node, clearly: node.Retiring is null))
            {
                failures++;
                continue;
            }

            spare[pool]--;
            node.Retires = true;
            draft.InMotion.Add(pool.Name);
            Next(draft, node, emptied, scarce, movable);
        }

        SteerPastIdle(draft, spare, mayBegin: !scarce && elsewhere.HasRoomToSpare());
    }

    /// <summary>The scheduler likes idle nodes best: a trickle of short pods would keep every one of them from ever being idle for long.</summary>
    private static void SteerPastIdle(Draft draft, Dictionary<PoolStanding, int> spare, bool mayBegin)
    {
        foreach (var node in draft.Nodes)
        {
            if (node is not { Pool.Sound: true, Keep: null, Going: false, Idle: true, Wanted: false, Joining: false, Released: false, Retires: false, Node.Ready: true }
                || node.Retiring == TaintEffect.NoSchedule
                || node.Machine!.State != MachineState.Running
                || spare[node.Pool] <= 0)
            {
                continue;
            }

            if (node.Retiring is null)
            {
                if (!mayBegin)
                {
                    continue;
                }

                draft.Decide(new Decision.Steer(node.Node.Name) { Reason = "idle, and other nodes have room" });
            }

            spare[node.Pool]--;
            node.Retires = true;
        }
    }

    private static void Next(Draft draft, Standing node, bool emptied, bool scarce, Movable movable)
    {
        if (node.Retiring is null)
        {
            draft.Decide(new Decision.Steer(node.Node.Name) { Reason = "its work would fit on other nodes" });
            draft.LookAgain(draft.Now + SteerFor(draft, node, emptied));
            node.Why = Steered;
            return;
        }

        if (node.Retiring == TaintEffect.PreferNoSchedule)
        {
            var since = node.RetiringSince ?? draft.Now;
            var wait = SteerFor(draft, node, emptied);
            if (scarce || draft.Now - since < wait)
            {
                draft.LookAgain(since + wait);
                node.Why = Steered;
                return;
            }

            draft.Decide(new Decision.Cordon(node.Node.Name) { Reason = "its work would fit on other nodes" });
            node.Why = static (_, _) => "retiring: cordoned, its work would fit on other nodes";
            return;
        }

        if (!emptied)
        {
            node.Why = static (node, now) => $"retiring: cordoned, its work is finished first; {Busy.Why(node, now)["kept: ".Length..]}";
            return;
        }

        node.Why = static (node, _) => $"retiring: being emptied, {Words.Count(node.Load.Work, "pod")} left";
        if (movable.Next(node) is { } pod)
        {
            draft.Decide(new Decision.Evict(pod.Namespace, pod.Name, pod.Uid, node.Node.Name)
            {
                Reason = $"node {node.Node.Name} is being emptied",
            });
        }
    }

    private static string Steered(Standing node, DateTimeOffset now) => $"{Busy.Why(node, now)}; steered empty, as its work would fit on other nodes";

    /// <summary>Those whose retirement has begun come first, then the emptiest.</summary>
    private static List<Standing> Candidates(Draft draft)
    {
        List<(Standing Node, double Share)> candidates = [];
        foreach (var node in draft.Nodes)
        {
            if (node is { Pool.Sound: true, Keep: null, Going: false, Idle: false, Released: false, Retires: false, Joining: false, Node.Ready: true }
                && node.Machine!.State == MachineState.Running
                && node.Load is { Lasting: 0, LooksAtPods: false }
                && !node.Wanted
                && (node.Retiring is not null || draft.Now - node.Node.CreatedAt >= node.Pool.Pool.IdleAfter))
            {
                candidates.Add((node, Begun(node) + node.UsedShare));
            }
        }

        candidates.Sort(static (a, b) =>
            a.Share != b.Share ? a.Share.CompareTo(b.Share) : string.CompareOrdinal(a.Node.Node.Name, b.Node.Node.Name));
        return candidates.ConvertAll(candidate => candidate.Node);

        static double Begun(Standing node) => node.Retiring switch { TaintEffect.NoSchedule => -1e6, TaintEffect.PreferNoSchedule => -1e3, _ => 0 };
    }

    /// <summary>What pods that can move are moved for must be worth it: they get as much time as an idle node.</summary>
    private static TimeSpan SteerFor(Draft draft, Standing node, bool emptied) =>
        emptied && node.Pool!.Pool.IdleAfter > draft.Policy.SteerFor ? node.Pool.Pool.IdleAfter : draft.Policy.SteerFor;

    private static int Spare(PoolStanding pool) =>
        Math.Min(pool.Live, pool.ReadyNodes) - pool.Least - pool.Nodes.Count(node => node.Retires)
        - pool.Departures.Count(departure => departure.Node is null && departure.Machine.State != MachineState.Deleting);

    /// <summary>What cannot be judged now stays as it is.</summary>
    private static void Freeze(Draft draft)
    {
        foreach (var node in draft.Nodes)
        {
            if (node is { Pool: not null, Retiring: not null, Released: false, Idle: false } && draft.Policy.Steer)
            {
                node.Retires = true;
            }
        }
    }
}
