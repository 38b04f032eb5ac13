using Ebb.Growing;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Healing;

/// <summary>
/// Machines that have a node which is not ready. One that never was has not joined; one that was and is not for long is dead, unless
/// something may still run there: it may only be cut off from the API server.
/// </summary>
internal sealed class Unready(Draft draft, PoolStanding pool, Outage outage, FirstSeen unjoined, Troubled troubled)
{
    // The loop looks at least as often, and lists machines anew from then on.
    private static readonly TimeSpan ListedFor = TimeSpan.FromMinutes(1);

    private readonly FirstSeen _unready = FirstSeen.Unready(draft, pool);

    /// <summary>Some are given up for never having joined, and that has not been held against their pool yet.</summary>
    public bool NeverJoined { get; private set; }

    /// <summary>Neither off, nor on its way there, nor held by a command that stops or starts it.</summary>
    public static bool IsToBeReady(Standing node) =>
        node.Machine is { State: MachineState.Creating or MachineState.Running or MachineState.Unknown or MachineState.Failed }
        && !node.Node.Annotations.ContainsKey(Marks.Operating);

    public void Plan(Standing node)
    {
        if (node.Node.Ready)
        {
            ComeBack(node);
        }
        else if (IsToBeReady(node) && (node.Keep is null || !pool.Sound))
        {
            var joins = unjoined.Before(node.Machine!) is not null;
            if (node.Machine is { Changing: true, State: not MachineState.Creating })
            {
                // It may start anew, and has its whole time then. A cordon for having been given up before is taken off.
                node.GivenUp = true;
                node.Why = static (_, _) => "kept: not ready, and the cloud is at work on its machine";
                if (joins)
                {
                    unjoined.Anew(node.Machine);
                }
            }
            else if (joins)
            {
                Join(node);
            }
            else
            {
                Last(node);
            }
        }
    }

    public void Remember() => _unready.Remember();

    private void Join(Standing node)
    {
        var machine = node.Machine!;
        var since = unjoined.Since(machine);
        if (node.Going)
        {
            return;
        }

        var age = draft.Now - since;
        if (machine.State == MachineState.Failed)
        {
            var failed = troubled.Since(machine);
            var why = $"failed in the cloud: {machine.Failure ?? "no reason given"}";
            if (draft.Now - failed >= draft.Policy.FailedFor)
            {
                GiveUp(node, why);
                return;
            }

            draft.LookAgain(failed + draft.Policy.FailedFor);
            node.GivenUp = true;
            node.Why = (_, _) => $"{why}, removed unless it recovers within {Words.Span(draft.Policy.FailedFor)}";
        }
        else if (age < pool.Pool.JoinWithin)
        {
            draft.LookAgain(since + pool.Pool.JoinWithin);
        }
        else if (GiveUp(node, $"did not join within {Words.Span(pool.Pool.JoinWithin)}"))
        {
            NeverJoined |= BackOff.IsNew(pool, since + pool.Pool.JoinWithin);
        }
    }

    private void Last(Standing node)
    {
        var since = _unready.Since(node.Machine!);
        if (node.Going)
        {
            return;
        }

        var age = draft.Now - since;
        if (age < Patience)
        {
            draft.LookAgain(since + Patience);
            node.Patience = (since, Patience);
            node.Why = static (node, now) => node.NotReady(now);
            if (unjoined.IsOver(node.Machine!) || _unready.IsOver(node.Machine!))
            {
                // Nor does it go for having been cordoned for that.
                node.GivenUp = true;
            }

            if (age >= Patience - ListedFor)
            {
                draft.InMotion.Add(pool.Name);
            }

            return;
        }

        var failed = node.Machine is { State: MachineState.Failed } machine ? $", and failed in the cloud: {machine.Failure ?? "no reason given"}" : "";
        GiveUp(node, $"not ready for {Words.Span(age)}{failed}");
    }

    /// <summary>A machine that is made anew under its node has as long as one that joins.</summary>
    private TimeSpan Patience => draft.Policy.UnreadyFor > pool.Pool.JoinWithin ? draft.Policy.UnreadyFor : pool.Pool.JoinWithin;

    /// <returns>Whether it goes, now or once it has been cordoned for a moment.</returns>
    private bool GiveUp(Standing node, string reason)
    {
        draft.InMotion.Add(pool.Name);
        (node.GivenUp, node.Joining) = (true, false);
        node.Retires = node.Retiring is not null;
        if (Against(node) is { } against)
        {
            node.Why = (_, _) => $"kept: {reason}, but {against}";
            return false;
        }

        node.Retires = true;
        if (node.Retiring != TaintEffect.NoSchedule)
        {
            draft.Decide(new Decision.Cordon(node.Node.Name) { Reason = reason });
            draft.LookAgain(draft.Now + draft.Policy.CordonFor);
        }
        else if (node.RetiringSince + draft.Policy.CordonFor is { } until && draft.Now < until)
        {
            draft.LookAgain(until);
        }
        else if (!(pool.View.MachinesReadAt <= node.RetiringSince))
        {
            pool.Departures.Add(new Departure(node.Machine!, node.Node.Name, reason) { Unready = true });
            node.Why = (_, _) => $"removed: {reason}";
            return true;
        }

        node.Why = (_, _) => $"retiring: {reason}, cordoned to be removed";
        return true;
    }

    /// <summary>What speaks against removing it now; null for nothing.</summary>
    private string? Against(Standing node)
    {
        if (node.Machine!.Changing)
        {
            return "the cloud is at work on its machine";
        }

        if (pool.Pool.Problem is { } problem)
        {
            return $"its pool is left alone: {problem}";
        }

        if (!draft.Snapshot.Cloud.Complete)
        {
            return "not removed while the cloud cannot be read in full";
        }

        if (outage.Of(pool) is { } many)
        {
            return $"{many} are not ready, more likely for an outage than for so many dead machines: none of them is removed";
        }

        if (Remains.Of(node.Node, draft.Now) is not { } pod)
        {
            return null;
        }

        if (pod.LeavesBy is not { } by)
        {
            return $"pod {pod.Name} is not marked for deletion and may still run there";
        }

        draft.LookAgain(by + Remains.DeadAfter);
        return $"pod {pod.Name} was told to leave and may still be at it";
    }

    /// <summary>Our cordon was put on it for being given up, and that is over.</summary>
    private void ComeBack(Standing node)
    {
        if (node.Retiring != TaintEffect.NoSchedule
            || !(draft.Now - unjoined.Before(node.Machine!) >= pool.Pool.JoinWithin || draft.Now - _unready.Before(node.Machine!) >= Patience))
        {
            return;
        }

        if (node.Going)
        {
            // Not as long as its removal may be under way.
            (unjoined.Before(node.Machine!) is null ? _unready : unjoined).Since(node.Machine!);
        }
        else
        {
            draft.Release(node, "it is ready again");
            node.Why = static (_, _) => "released: it is ready again";
        }
    }
}
