using System.Collections.Immutable;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Shrinking;

/// <summary>
/// Others lower a pool's capacity, too: a person, the cloud's own autoscale, a deployment. Then the cloud chooses what goes, and knows
/// nothing of work. So machines that have some, or that a person wants kept, are shielded from it.
/// </summary>
/// <remarks>
/// A shield is a request for each machine, and clouds take few of them. So it is put on with the first work and stays: over short
/// pauses, and when Ebb removes the machine, which by name works in spite of it. It is lifted only from a machine that is idle for so
/// long that it would go, did its pool not stand at its least: whoever lowers the capacity then is to find those.
/// </remarks>
internal static class Shields
{
    public static void Plan(Draft draft)
    {
        // Whoever cannot read everything is likely asked for fewer requests, or sees what was.
        if (!draft.Snapshot.Cloud.Complete)
        {
            return;
        }

        foreach (var pool in draft.Pools)
        {
            if (pool.Sound)
            {
                if (pool.Nodes.Exists(node => IsBare(node) && !IsAtRest(node)))
                {
                    // An old list shows machines as they booted, long after they have work.
                    draft.InMotion.Add(pool.Name);
                }

                Decide(
                    draft, pool, true, "what runs there is not to be lost when others lower the capacity", pool.Nodes.Where(node => IsBare(node) && IsAtRest(node)));
                Decide(draft, pool, false, "idle for long: others may let them go", pool.Nodes.Where(node => IsSpare(draft, node)));
            }
        }
    }

    private static void Decide(Draft draft, PoolStanding pool, bool shielded, string reason, IEnumerable<Standing> nodes)
    {
        ImmutableArray<Sheltered> machines =
        [
            .. from node in nodes
               orderby node.Load.Longest?.StartedAt ?? DateTimeOffset.MaxValue, node.Load.Work descending
               select new Sheltered(node.Machine!, node.Node.Name),
        ];
        if (!machines.IsEmpty)
        {
            draft.Decide(new Decision.Protect(pool.View, machines, shielded) { Reason = reason });
        }
    }

    /// <summary>Has something to lose, and no shield.</summary>
    private static bool IsBare(Standing node) =>
        node is { Going: false, Machine: { State: MachineState.Running or MachineState.Creating or MachineState.Unknown, Protected: false } }
        && (!node.Idle || (node.Keep is not null && !IsHeld(node)));

    /// <summary>Kept by a command for the time of its work alone: the request would cost more than it saves, and come in that work's way.</summary>
    private static bool IsHeld(Standing node) =>
        node.Node.Annotations.GetValueOrDefault(Marks.Operating)?.Split(',').Contains("keep", StringComparer.Ordinal) is true;

    /// <summary>What the cloud is at work on is left until that is over.</summary>
    private static bool IsAtRest(Standing node) => node.Machine is { State: MachineState.Running, Changing: false };

    private static bool IsSpare(Draft draft, Standing node) =>
        node is { Going: false, Idle: true, Keep: null, Retires: false, Wanted: false, Joining: false, IdleSince: { } since }
        && IsAtRest(node)
        && node.Machine!.Protected is true
        && draft.Now - since >= node.Pool!.Pool.IdleAfter
        && node.Node.Annotations.ContainsKey(Marks.Protected)

        // As long as the capacity is below the machines there are, the next change to it takes whatever has no shield.
        && node.Pool.View.Capacity >= node.Pool.View.Machines.Length;
}
