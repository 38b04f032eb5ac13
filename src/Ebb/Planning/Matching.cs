using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Planning;

/// <summary>Finds the node of each machine: by provider id, else by host name, firmware id or address.</summary>
internal static class Matching
{
    /// <returns>For each machine of each pool its node, null for none.</returns>
    public static void Match(IReadOnlyList<Standing> nodes, IReadOnlyList<PoolStanding> pools)
    {
        var byProvider = new Dictionary<string, Standing>(nodes.Count, StringComparer.OrdinalIgnoreCase);
        foreach (var node in nodes)
        {
            if (node.Node.ProviderId.Length > 0)
            {
                byProvider.TryAdd(node.Node.ProviderId, node);
            }
        }

        foreach (var pool in pools)
        {
            foreach (var machine in pool.View.Machines)
            {
                if (machine.ProviderId.Length > 0 && byProvider.TryGetValue(machine.ProviderId, out var node) && node.Machine is null)
                {
                    Join(pool, machine, node);
                }
                else
                {
                    pool.Unmatched.Add(machine);
                }
            }
        }

        MatchOtherwise(nodes, pools);

        // In the snapshot's order, whatever way they were found.
        foreach (var node in nodes)
        {
            node.Pool?.Nodes.Add(node);
        }
    }

    private static void MatchOtherwise(IReadOnlyList<Standing> nodes, IReadOnlyList<PoolStanding> pools)
    {
        var strangers = nodes.Where(node => node.Machine is null).ToList();
        if (strangers.Count == 0 || pools.All(pool => pool.Unmatched.Count == 0))
        {
            return;
        }

        foreach (var pool in pools)
        {
            for (var i = 0; i < pool.Unmatched.Count; i++)
            {
                var machine = pool.Unmatched[i];
                var node = strangers.Find(node => node.Machine is null && CouldBe(node.Node, machine) && IsAlike(node.Node, machine));
                if (node is not null)
                {
                    Join(pool, machine, node);
                    pool.Unmatched.RemoveAt(i--);
                }
            }
        }
    }

    /// <summary>A node that names a machine of the same cloud is that machine and no other, even when called like ours.</summary>
    public static bool CouldBe(Node node, Machine machine)
    {
        var scheme = machine.ProviderId.IndexOf("://", StringComparison.Ordinal);
        return node.ProviderId.Length == 0
            || scheme < 0
            || !node.ProviderId.StartsWith(machine.ProviderId[..(scheme + 3)], StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsAlike(Node node, Machine machine) =>
        (machine.HostName.Length > 0 && string.Equals(node.Name, machine.HostName, StringComparison.OrdinalIgnoreCase))
        || (machine.VmId.Length > 0 && node.SystemUuid.Length > 0
            && (string.Equals(node.SystemUuid, machine.VmId, StringComparison.OrdinalIgnoreCase) || IsByteSwapped(node.SystemUuid, machine.VmId)))
        || node.Addresses.Any(address => machine.Addresses.Contains(address));

    /// <summary>Older firmware shows the first three fields of the id in the other byte order.</summary>
    private static bool IsByteSwapped(string uuid, string vmId) =>
        Guid.TryParse(uuid, out var one) && Guid.TryParse(vmId, out var other) && new Guid(one.ToByteArray(), bigEndian: true) == other;

    private static void Join(PoolStanding pool, Machine machine, Standing node)
    {
        node.Pool = pool;
        node.Machine = machine;
    }
}
