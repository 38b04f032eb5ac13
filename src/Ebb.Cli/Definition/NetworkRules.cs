using System.Net;
using Ebb.Cli.Definition.Shapes;

namespace Ebb.Cli.Definition;

/// <summary>Ranges lie where they may, apart from each other, and have room for the machines that are wanted.</summary>
internal static class NetworkRules
{
    // Azure keeps the first four addresses of a subnet and its last.
    private const int KeptByAzure = 5;

    // Control-plane machines count up from this one of their subnet.
    private const int FirstAddress = 10;

    // k3s and Kubernetes' controllers give each node a range of this size.
    private const int NodePrefix = 24;

    private static readonly (IPNetwork Range, string Whose)[] Unusable =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "this host"),
        (IPNetwork.Parse("127.0.0.0/8"), "loopback"),
        (IPNetwork.Parse("169.254.0.0/16"), "link-local addresses and the metadata service"),
        (IPNetwork.Parse("168.63.129.16/32"), "Azure's own DNS"),
        (IPNetwork.Parse("224.0.0.0/3"), "multicast"),
    ];

    public static void Check(ClusterFile file, Reading reading)
    {
        var network = file.Network;
        (string Path, IPNetwork Range, int Least, int Most)[] ranges =
        [
            ("network.range", network.Range, 8, 26),
            ("network.controlPlaneSubnet", network.ControlPlaneSubnet, 8, 28),
            ("network.poolSubnet", network.PoolSubnet, 8, 29),
            ("network.podRange", network.PodRange, 8, NodePrefix),
            ("network.serviceRange", network.ServiceRange, 12, 27),
        ];
        var sound = new HashSet<string>();
        foreach (var (path, range, least, most) in ranges)
        {
            // Subnets that were not written follow from the range; what is wrong with that has been told.
            var follows = path is "network.controlPlaneSubnet" or "network.poolSubnet" && !reading.IsGiven(path) && !sound.Contains("network.range");
            if (!follows && reading.IsSound(path) && IsUsable(path, range, least, most, reading))
            {
                sound.Add(path);
            }
        }

        foreach (var (path, range, _, _) in ranges[1..3].Where(r => sound.Contains(r.Path) && sound.Contains("network.range")))
        {
            if (!Addresses.Within(range, network.Range))
            {
                reading.Problem(path, $"{range} is not within the network's range, {network.Range}. Write a part of that, or widen 'range'.");
                sound.Remove(path);
            }
        }

        Apart(ranges[1], ranges[2]);
        Apart(ranges[0], ranges[3]);
        Apart(ranges[0], ranges[4]);
        Apart(ranges[3], ranges[4]);
        Room(file, sound, reading);

        void Apart((string Path, IPNetwork Range, int, int) a, (string Path, IPNetwork Range, int, int) b)
        {
            if (sound.Contains(a.Path) && sound.Contains(b.Path) && Addresses.Overlap(a.Range, b.Range))
            {
                // Told of where the user wrote, when only one of both was written.
                var (at, other) = reading.IsGiven(b.Path) || !reading.IsGiven(a.Path) ? (b, a) : (a, b);
                reading.Problem(at.Path, $"{at.Range} overlaps {other.Path[8..]}, which is {other.Range}. Write ranges that lie apart.");
            }
        }
    }

    private static bool IsUsable(string path, IPNetwork range, int least, int most, Reading reading)
    {
        if (range.PrefixLength < least || range.PrefixLength > most)
        {
            reading.Problem(path, $"{range} is too {(range.PrefixLength < least ? "large" : "small")}; its prefix may be /{least} to /{most}.");
            return false;
        }

        if (Unusable.Where(u => Addresses.Overlap(u.Range, range)).Select(u => u.Whose).FirstOrDefault() is { } whose)
        {
            reading.Problem(path, $"{range} holds addresses of {whose}. Write a private range, for example 10.20.0.0/16.");
            return false;
        }

        return true;
    }

    private static void Room(ClusterFile file, HashSet<string> sound, Reading reading)
    {
        if (!reading.IsSound("pools") || file.Pools.IsEmpty)
        {
            return;
        }

        var (network, wanted) = (file.Network, file.Pools.Sum(p => (long)p.Max));
        if (sound.Contains("network.poolSubnet") && Addresses.Count(network.PoolSubnet) - KeptByAzure is var room && room < wanted)
        {
            reading.Problem("network.poolSubnet", $"{network.PoolSubnet} has room for {room} machines, but the pools may grow to {wanted}. Widen it, or lower the pools' max.");
        }

        var nodes = wanted + file.ControlPlane.Machines;
        if (sound.Contains("network.podRange") && 1L << (NodePrefix - network.PodRange.PrefixLength) is var most && most < nodes)
        {
            reading.Problem("network.podRange", $"{network.PodRange} has room for {most} nodes with a /{NodePrefix} each, but the cluster may have {nodes}. Widen it, or lower the pools' max.");
        }

        if (sound.Contains("network.controlPlaneSubnet") && reading.IsSound("controlPlane.machines")
            && FirstAddress + file.ControlPlane.Machines > Addresses.Count(network.ControlPlaneSubnet) - 1)
        {
            reading.Problem("network.controlPlaneSubnet", $"{network.ControlPlaneSubnet} has no room for the control plane's addresses .{FirstAddress} and on. Widen it.");
        }
    }
}
