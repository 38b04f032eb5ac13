using Ebb.Healing;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Shrinking;

/// <summary>
/// Removes machines that nothing uses. Idle for long enough, a node is cordoned; found idle still behind the cordon by a
/// later look, its machine goes; a pod that slipped in between wins.
/// </summary>
internal static class Idle
{
    public static void Plan(Draft draft, Outage outage)
    {
        foreach (var pool in draft.Pools)
        {
            List<Standing> due = [];
            foreach (var node in pool.Nodes)
            {
                if (Look(draft, pool, node, outage))
                {
                    due.Add(node);
                }
            }

            Retire(draft, pool, due);
        }
    }

    private static bool JustCordoned(Draft draft, Standing node) =>
        node.Retiring == TaintEffect.NoSchedule && draft.Now - node.RetiringSince < draft.Policy.CordonFor;

    /// <returns>Whether the node has been idle for its time.</returns>
    private static bool Look(Draft draft, PoolStanding pool, Standing node, Outage outage)
    {
        if (node.Going)
        {
            node.Why ??= static (_, _) => "leaving: its machine is being removed";
            return false;
        }

        if (node.Machine is { State: MachineState.Stopping or MachineState.Stopped or MachineState.Deallocated })
        {
            node.Why = static (node, _) => $"left alone: its machine is {Lower(node.Machine!.State)}";
            if (node.Node.Ready)
            {
                // Somebody has started it, and the list is older than that.
                draft.InMotion.Add(pool.Name);
            }

            if (node.IdleSince is not null)
            {
                // Whoever starts it means to use it, and not to have it go for all the time that it was off.
                draft.Decide(new Decision.NoteIdle(node.Node.Name, null) { Reason = "its machine is off: what is idle is counted anew once it runs" });
            }

            return false;
        }

        if (node.GivenUp)
        {
            return false;
        }

        NoteIdle(draft, node);
        if (node.Keep is { } keep)
        {
            node.Why = (_, _) => keep;
            return false;
        }

        if (!node.Idle)
        {
            SlippedIn(draft, node);
            return false;
        }

        if (node.Joining)
        {
            node.Why = node.Patience is null
                ? static (node, now) => $"kept: joining, {Words.Span(now - node.Node.CreatedAt)} so far"
                : static (node, now) => node.NotReady(now);
            return false;
        }

        if (node.Wanted || node.Released)
        {
            node.Why ??= static (node, _) => $"kept: {Words.Count(node.Room!.Placed, "waiting pod")} will fit here";
            return false;
        }

        if (!node.Node.Ready && outage.Of(pool) is { } many)
        {
            // What the API server knows of it is old. Its marks stay as they are.
            node.Retires = node.Retiring is not null;
            node.Why = (node, now) =>
                $"kept: idle {Words.Span(now - (node.IdleSince ?? now))}, but {many} are not ready, more likely for an outage than for so many dead machines";
            return false;
        }

        var since = node.IdleSince ?? draft.Now;
        if (draft.Now - since >= pool.Pool.IdleAfter || node.Retiring == TaintEffect.NoSchedule)
        {
            return true;
        }

        draft.LookAgain(since + pool.Pool.IdleAfter);
        node.Why = node.Patience is null || node.IdleSince is not null
            ? static (node, now) => $"kept: idle {Words.Progress(now - (node.IdleSince ?? now), node.Pool!.Pool.IdleAfter)}"
            : static (node, now) => node.NotReady(now);
        return false;
    }

    private static void NoteIdle(Draft draft, Standing node)
    {
        if (!node.Idle && node.IdleSince is not null)
        {
            draft.Decide(new Decision.NoteIdle(node.Node.Name, null) { Reason = "has work again" });
        }
        else if (node is { Idle: true, IdleSince: null, Node.Ready: true, Pool.Sound: true })
        {
            node.IdleSince = draft.Now;
            draft.Decide(new Decision.NoteIdle(node.Node.Name, draft.Now) { Reason = "nothing runs here any more" });
        }
    }

    /// <summary>Only a node that was idle when it was cordoned bears both marks; one that is left to finish its work bears no idle mark.</summary>
    private static void SlippedIn(Draft draft, Standing node)
    {
        if (node is { Retiring: TaintEffect.NoSchedule, IdleSince: not null, Released: false })
        {
            draft.Release(node, "work came before the cordon did");
        }
    }

    private static void Retire(Draft draft, PoolStanding pool, List<Standing> due)
    {
        if (due.Count == 0)
        {
            return;
        }

        var failed = pool.Departures.Count(departure => departure.Machine.State != MachineState.Deleting);

        // The cloud's list may be old and show machines long gone. Nodes that are ready are there: both must leave the minimum.
        var spare = Math.Max(0, pool.Live - failed - pool.Least);
        var spareReady = Math.Max(0, pool.ReadyNodes - pool.Least);
        if (!draft.Snapshot.Cloud.Complete)
        {
            // Marks stay as they are: what is cordoned goes on once the cloud can be read.
            foreach (var node in due)
            {
                node.Retires = true;
                node.Why = static (node, now) => $"kept: idle {Words.Span(now - (node.IdleSince ?? now))}, but the cloud cannot be read in full";
            }

            return;
        }

        // Those already cordoned first, then whoever is idle longest: which machine is newest or oldest means nothing.
        due.Sort(static (a, b) =>
            (a.Retiring == TaintEffect.NoSchedule) != (b.Retiring == TaintEffect.NoSchedule) ? (a.Retiring == TaintEffect.NoSchedule ? -1 : 1)
            : a.IdleSince != b.IdleSince ? Nullable.Compare(a.IdleSince, b.IdleSince)
            : string.CompareOrdinal(a.Node.Name, b.Node.Name));
        var wait = WaitForOthers(draft, pool, due);
        foreach (var node in due)
        {
            if (spare == 0 || (node.CountsAsReady && spareReady == 0))
            {
                node.Why = static (node, now) =>
                    $"kept: idle {Words.Span(now - (node.IdleSince ?? now))}, but pool {node.Pool!.Name} is at {node.Pool.LeastInWords}";
                continue;
            }

            spare--;
            spareReady -= node.CountsAsReady ? 1 : 0;
            var idle = draft.Now - (node.IdleSince ?? draft.Now);
            var reason = idle < pool.Pool.IdleAfter ? "its work is done" : $"idle {Words.Span(idle)}";
            node.Retires = true;
            draft.InMotion.Add(pool.Name);
            if (JustCordoned(draft, node))
            {
                draft.LookAgain(node.RetiringSince!.Value + draft.Policy.CordonFor);
                node.Why = (_, _) => $"retiring: {reason}, cordoned to be removed";
            }
            else if (node.Retiring == TaintEffect.NoSchedule && wait)
            {
                node.Why = (_, _) => $"retiring: {reason}, goes together with others that are idle for nearly as long";
            }
            else if (node.Retiring == TaintEffect.NoSchedule)
            {
                pool.Departures.Add(new Departure(node.Machine!, node.Node.Name, reason));
                node.Why = (_, _) => $"removed: {reason}";
            }
            else
            {
                draft.Decide(new Decision.Cordon(node.Node.Name) { Reason = reason });
                node.Why = (_, _) => $"retiring: {reason}, cordoned to be removed";
            }
        }
    }

    /// <summary>Whether more of the pool will be due within the time that those already cordoned may still wait.</summary>
    private static bool WaitForOthers(Draft draft, PoolStanding pool, List<Standing> due)
    {
        var together = draft.Policy.RemoveTogether < pool.Pool.IdleAfter / 4 ? draft.Policy.RemoveTogether : pool.Pool.IdleAfter / 4;
        DateTimeOffset? first = null;
        foreach (var node in due)
        {
            // Without a note of when it was cordoned it has waited long enough.
            if (node.Retiring == TaintEffect.NoSchedule && (first is null || !(first <= node.RetiringSince)))
            {
                first = node.RetiringSince ?? DateTimeOffset.MinValue;
            }
        }

        var until = first > DateTimeOffset.MinValue ? first + together : null;
        if (until is null || draft.Now >= until)
        {
            return false;
        }

        var dueSoon = pool.Nodes.Exists(node =>
            node is { Idle: true, Keep: null, Going: false, Wanted: false, Joining: false, IdleSince: { } since, Retiring: not TaintEffect.NoSchedule }
            && since + pool.Pool.IdleAfter > draft.Now && since + pool.Pool.IdleAfter <= until);
        if (dueSoon)
        {
            draft.LookAgain(until.Value);
        }

        return dueSoon || due.Exists(node => JustCordoned(draft, node));
    }

    private static string Lower(MachineState state) => state switch
    {
        MachineState.Stopping => "stopping",
        MachineState.Deallocated => "deallocated",
        _ => "stopped",
    };
}
