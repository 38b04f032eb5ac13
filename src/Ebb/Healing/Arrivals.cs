using Ebb.Growing;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Healing;

/// <summary>Follows machines from the promise to the node, and gives up those that never get there.</summary>
internal static class Arrivals
{
    public static void Plan(Draft draft, PoolStanding pool, Outage outage)
    {
        var growthFailed = BackOff.Apply(draft, pool);
        var troubled = new Troubled(draft, pool);
        var unjoined = FirstSeen.Unjoined(draft, pool);
        var unready = new Unready(draft, pool, outage, unjoined, troubled);
        var neverJoined = false;
        foreach (var machine in pool.Unmatched)
        {
            neverJoined |= Plan(draft, pool, machine, troubled, unjoined);
        }

        foreach (var node in pool.Nodes)
        {
            if (node.Machine is { State: MachineState.Deleting } machine)
            {
                draft.InMotion.Add(pool.Name);
                DeletionStuck(draft, pool, machine, node.Node.Name, troubled);
            }
            else if (IsEvicted(pool, node.Machine!))
            {
                Evicted(draft, pool, node, troubled);
            }
            else
            {
                Follow(draft, pool, node);
                unready.Plan(node);
            }
        }

        if (neverJoined || unready.NeverJoined)
        {
            BackOff.Failed(draft, pool, BackOff.NeverJoined, draft.Now);
        }

        unready.Remember();
        troubled.Remember();
        unjoined.Remember();
        CountPromised(draft, pool, growthFailed);
    }

    private static void Follow(Draft draft, PoolStanding pool, Standing node)
    {
        if (node.Going || node.Joining)
        {
            draft.InMotion.Add(pool.Name);
            if (node.Announced is not null)
            {
                node.Why = static (node, _) => $"leaving: {node.Announced} of its machine is announced";
            }
        }
    }

    /// <returns>Whether it is given up for never having joined, and that has not been held against its pool yet.</returns>
    private static bool Plan(Draft draft, PoolStanding pool, Machine machine, Troubled troubled, FirstSeen unjoined)
    {
        draft.InMotion.Add(pool.Name);
        if (machine.State == MachineState.Deleting || draft.IsDeparting(machine))
        {
            Say(draft, machine, "leaving: being deleted");
            DeletionStuck(draft, pool, machine, null, troubled);
            return false;
        }

        if (IsEvicted(pool, machine))
        {
            if (IsDue(draft, pool, machine, troubled))
            {
                GiveUp(draft, pool, machine, "evicted by the cloud");
            }
            else
            {
                Say(draft, machine, "evicted by the cloud: removed soon");
            }

            return false;
        }

        if (machine.State is MachineState.Stopping or MachineState.Stopped or MachineState.Deallocated)
        {
            Say(draft, machine, $"{Word(machine.State)}: not counted on; it still counts in the pool's size");
            return false;
        }

        if (machine is { Changing: true, State: MachineState.Running or MachineState.Unknown })
        {
            // Reimaged, say: it starts anew yet. (One that is made is shown as that.)
            pool.Coming.Add(new Coming(pool, machine, unjoined.Anew(machine)));
            Say(draft, machine, "joining: the cloud is at work on it");
            return false;
        }

        // Also while it has failed: it may have a node yet, which is not ready then.
        var started = unjoined.Since(machine);
        if (machine.State == MachineState.Failed)
        {
            var since = troubled.Since(machine);
            if (draft.Now - since < draft.Policy.FailedFor || !MayRemove(draft, pool))
            {
                draft.LookAgain(since + draft.Policy.FailedFor);
                Say(draft, machine, $"failed: {machine.Failure ?? "the cloud does not say why"}, removed unless it recovers within {Words.Span(draft.Policy.FailedFor)}");
                return false;
            }

            GiveUp(draft, pool, machine, $"failed in the cloud: {machine.Failure ?? "no reason given"}");
            return false;
        }

        var age = draft.Now - started;
        if (age < pool.Pool.JoinWithin)
        {
            pool.Coming.Add(new Coming(pool, machine, started));
            draft.LookAgain(started + pool.Pool.JoinWithin);
            Say(draft, machine, $"joining: {Words.Progress(age, pool.Pool.JoinWithin)}");
            return false;
        }

        if (Namesake(draft, machine) is { } node)
        {
            Say(draft, machine, $"kept: has not joined under its own name, but could be node {node}");
        }
        else if (!MayRemove(draft, pool))
        {
            Say(draft, machine, "kept: never joined; not removed while the cloud cannot be read in full");
        }
        else
        {
            GiveUp(draft, pool, machine, $"did not join within {Words.Span(pool.Pool.JoinWithin)}");
            return BackOff.IsNew(pool, started + pool.Pool.JoinWithin);
        }

        return false;
    }

    /// <summary>The cloud took a spot machine and left its shell. (A regular one without power was stopped by a person.)</summary>
    private static bool IsEvicted(PoolStanding pool, Machine machine) =>
        pool.Pool.Priority is Priority.Spot && machine.State is MachineState.Deallocated;

    private static void Evicted(Draft draft, PoolStanding pool, Standing node, Troubled troubled)
    {
        draft.InMotion.Add(pool.Name);
        if (node.Keep is not null)
        {
            // A person stopped it, or has a use for what is left of it.
            return;
        }

        if (IsDue(draft, pool, node.Machine!, troubled) && !node.Node.Ready)
        {
            pool.Departures.Add(new Departure(node.Machine!, node.Node.Name, "evicted by the cloud"));
        }

        node.Going = true;
        node.Why = static (_, _) => "leaving: its machine was evicted by the cloud";
    }

    /// <summary>The cloud has shown it this way for long enough to be believed.</summary>
    private static bool IsDue(Draft draft, PoolStanding pool, Machine machine, Troubled troubled)
    {
        var due = troubled.Since(machine) + draft.Policy.FailedFor;
        draft.LookAgain(due);
        return draft.Now >= due && MayRemove(draft, pool);
    }

    /// <summary>
    /// Machines that the cloud has promised but does not list yet. Those that were asked to go since it was read are counted in the capacity
    /// that was read; those that it shows being deleted are not any more.
    /// </summary>
    private static void CountPromised(Draft draft, PoolStanding pool, bool growthFailed)
    {
        var listed = Undelivered.Counted(pool.View);
        var promised = Undelivered.Promised(pool.View);
        var leaving = pool.View.Machines.Count(machine => machine.State != MachineState.Deleting && draft.IsDeparting(machine));

        // The cloud still counts a machine whose end it has announced; whoever needs it needs another, and now.
        leaving += pool.Nodes.Count(node =>
            node.Announced is not null && node.Machine!.State != MachineState.Deleting && !draft.IsDeparting(node.Machine));
        pool.Live = pool.View.Capacity >= listed ? pool.View.Capacity - leaving : Math.Min(pool.View.Capacity, listed - leaving);
        CountBeyond(pool);

        var missing = growthFailed ? promised : Undelivered.Of(draft.Snapshot, pool.View);
        var since = Notes.ReadTime(draft.Snapshot.Notes.GetValueOrDefault(Notes.GrowingSince(pool.Name)));
        if (promised > missing)
        {
            draft.InMotion.Add(pool.Name);
            since ??= draft.Now;
            if (draft.Now - since >= pool.Pool.JoinWithin)
            {
                missing = promised;
                since = null;
                BackOff.Failed(draft, pool, BackOff.NeverCame, draft.Now);
            }
            else
            {
                draft.LookAgain(since.Value + pool.Pool.JoinWithin);
                for (var i = missing; i < promised; i++)
                {
                    pool.Coming.Add(new Coming(pool, null, since));
                }
            }
        }
        else
        {
            since = null;
        }

        pool.Missing = missing;
        draft.Remember(Notes.Missing(pool.Name), missing == 0 ? null : $"{missing}", $"machines of pool {pool.Name} that will not come");
        draft.Remember(Notes.GrowingSince(pool.Name), since is { } at ? Notes.Write(at) : null, $"growth of pool {pool.Name}");
    }

    /// <summary>Shielded machines stay when somebody lowers the capacity below them. Of a list that may be old those are believed whose nodes are ready.</summary>
    private static void CountBeyond(PoolStanding pool)
    {
        if (pool.View.Capacity < pool.View.Machines.Length)
        {
            var shielded = pool.Nodes.Count(node => node is { Going: false, Node.Ready: true, Machine: { State: MachineState.Running, Protected: true } });
            pool.Beyond = Math.Max(0, shielded - pool.View.Capacity);
            pool.Live = Math.Max(pool.Live, shielded);
        }
    }

    private static void DeletionStuck(Draft draft, PoolStanding pool, Machine machine, string? node, Troubled troubled)
    {
        if (machine.State != MachineState.Deleting)
        {
            return;
        }

        var since = troubled.Since(machine);
        if (draft.Now - since >= draft.Policy.DeletingFor && MayRemove(draft, pool))
        {
            pool.Departures.Add(new Departure(machine, node, $"its deletion has taken {Words.Span(draft.Now - since)}, asked for again"));
            troubled.StartOver(machine);
            since = draft.Now;
        }

        draft.LookAgain(since + draft.Policy.DeletingFor);
    }

    /// <summary>A node without a machine that came up after this machine and says nothing against being it.</summary>
    private static string? Namesake(Draft draft, Machine machine)
    {
        foreach (var node in draft.Nodes)
        {
            if (node.Machine is null && Matching.CouldBe(node.Node, machine)
                && (machine.CreatedAt is not { } made || node.Node.CreatedAt >= made))
            {
                return node.Node.Name;
            }
        }

        return null;
    }

    private static bool MayRemove(Draft draft, PoolStanding pool) => draft.Snapshot.Cloud.Complete && pool.Sound;

    private static void GiveUp(Draft draft, PoolStanding pool, Machine machine, string reason)
    {
        pool.Departures.Add(new Departure(machine, null, reason));
        Say(draft, machine, $"removed: {reason}");
    }

    private static void Say(Draft draft, Machine machine, string reason) => draft.MachineReasons[machine.Name] = reason;

    private static string Word(MachineState state) => state switch
    {
        MachineState.Stopping => "stopping",
        MachineState.Deallocated => "deallocated",
        _ => "stopped",
    };
}
