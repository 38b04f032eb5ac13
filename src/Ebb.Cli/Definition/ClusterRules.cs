using System.Collections.Immutable;
using Ebb.Cli.Definition.Shapes;

namespace Ebb.Cli.Definition;

/// <summary>What must hold between keys. A rule is silent where one of its values was found wrong before.</summary>
internal static class ClusterRules
{
    // Where pools' machines are told apart by more than their labels and taints, these tags are Ebb's own.
    private const int MostLabelsAndTaints = 35;

    // With everything else in a machine's first configuration this stays below what Azure takes, 64 KiB.
    private const int MostCommandCharacters = 16 * 1024;

    // The Kubernetes API, etcd, the join server, kubelet and its neighbours, the registry, HTTP and HTTPS.
    private static readonly ImmutableArray<(int First, int Last, string Whose)> Taken =
    [
        (80, 80, "HTTP"), (443, 443, "HTTPS"), (1337, 1337, "the join server"), (2379, 2381, "etcd"), (5000, 5001, "the registry"),
        (6443, 6444, "the Kubernetes API"), (10_248, 10_259, "Kubernetes' own parts"), (30_000, 32_767, "Services of type NodePort"),
    ];

    public static void Check(ClusterFile file, Reading reading)
    {
        Cloud(file.Cloud, reading);
        Kubernetes(file, reading);
        for (var i = 0; i < file.Pools.Length; i++)
        {
            Pool(file.Pools[i], $"pools[{i}]", file, reading);
        }

        PoolNames(file.Pools, reading);
        Shares(file, reading);
        Access(file.Access, reading);
        Options(file, reading);
        RuntimeRules.Check(file, reading);
        NetworkRules.Check(file, reading);
    }

    private static void Cloud(CloudDefinition cloud, Reading reading)
    {
        if (reading.IsSound("cloud.computeGroup") && reading.IsSound("cloud.storageGroup")
            && cloud.ComputeGroup.Equals(cloud.StorageGroup, StringComparison.OrdinalIgnoreCase))
        {
            var later = reading.IsGiven("cloud.storageGroup") ? "cloud.storageGroup" : "cloud.computeGroup";
            reading.Problem(later, $"both resource groups are '{cloud.StorageGroup}'. Give them two names, so that machines can be destroyed without their storage.");
        }
    }

    private static void Kubernetes(ClusterFile file, Reading reading)
    {
        var kubernetes = file.Kubernetes;
        if (kubernetes.Version is { } version && reading.IsSound("kubernetes.version") && reading.IsSound("kubernetes.distribution"))
        {
            var k3s = version.Contains("+k3s", StringComparison.Ordinal);
            if (k3s != kubernetes.Distribution is Distribution.K3s)
            {
                reading.Problem("kubernetes.version", k3s
                    ? $"'{version}' is a release of k3s; write {version[..version.IndexOf('+', StringComparison.Ordinal)]}, or 'distribution: k3s'."
                    : $"'{version}' is no release of k3s; write for example {version}+k3s1, or 'distribution: kubelet'.");
            }
        }

        if (kubernetes.Distribution is Distribution.Kubelet && !file.Cloud.IsSandbox && reading.IsSound("cloud.endpoint"))
        {
            reading.Problem("kubernetes.distribution", "the plain kubelet has a control plane that Ebb hosts on this machine, for 'cloud.endpoint: sandbox' alone. Write 'distribution: k3s', or that endpoint.");
        }

        if (kubernetes.Version is not null && reading.IsGiven("kubernetes.channel"))
        {
            reading.Problem("kubernetes.channel", "a version and a channel are given. Remove one: the version pins a release, the channel takes its newest.");
        }
    }

    private static void Pool(PoolDefinition pool, string path, ClusterFile file, Reading reading)
    {
        if (reading.IsSound($"{path}.min") && reading.IsSound($"{path}.max") && pool.Min > pool.Max)
        {
            reading.Problem($"{path}.min", $"{pool.Min} is above the most machines, {pool.Max}. Lower it, or raise 'max'.");
        }

        if (reading.IsSound($"{path}.keepWarm") && reading.IsSound($"{path}.max") && pool.KeepWarm > pool.Max)
        {
            reading.Problem($"{path}.keepWarm", $"{pool.KeepWarm} is above the most machines, {pool.Max}. Lower it, or raise 'max'.");
        }

        if (reading.IsSound($"{path}.joinWithin") && pool.JoinWithin < TimeSpan.FromMinutes(1))
        {
            reading.Problem($"{path}.joinWithin", "no machine becomes a node in less than a minute: each would be given up, and another bought. Write 1m or more.");
        }

        if (pool.MaxPrice is not null && pool.Priority is PoolPriority.Regular && reading.IsSound($"{path}.priority"))
        {
            reading.Problem($"{path}.maxPrice", "only spot machines have a limit of price. Remove it, or write 'priority: spot'.");
        }

        if (pool.Priority is not PoolPriority.Regular && NeverSpot(pool.Size) is { } why && reading.IsSound($"{path}.size"))
        {
            reading.Problem($"{path}.size", $"Azure sells no {pool.Size} as spot: {why}. Write a size such as Standard_D4s_v5, or 'priority: regular'.");
        }

        if (pool.Labels.Count + pool.Taints.Length > MostLabelsAndTaints)
        {
            reading.Problem($"{path}.labels", $"labels and taints are {pool.Labels.Count + pool.Taints.Length} together; Azure keeps {MostLabelsAndTaints} for a pool. Remove some.");
        }

        // Each is a tag of the scale set, and Azure takes tags whose names differ only in case for one.
        foreach (var twice in Twice(pool.Taints.Select(taint => taint.Key)))
        {
            reading.Problem($"{path}.taints", $"'{twice}' has several taints; Azure keeps one for a key, whether its letters are large or small. Leave one, or write another key.");
        }

        foreach (var twice in Twice(pool.Labels.Keys))
        {
            reading.Problem($"{path}.labels", $"'{twice}' is there in large and in small letters, which Azure takes for one. Leave one, or write another key.");
        }

        if (pool.Name == file.Name + "-control-plane" || pool.Name == "control-plane")
        {
            reading.Problem($"{path}.name", $"'{pool.Name}' is the control plane's own name. Choose another.");
        }
    }

    private static IEnumerable<string> Twice(IEnumerable<string> keys) =>
        keys.GroupBy(key => key, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1).Select(same => same.Last());

    /// <summary>Names that Ebb makes of a pool's name must not meet another's either.</summary>
    private static void PoolNames(ImmutableArray<PoolDefinition> pools, Reading reading)
    {
        var taken = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < pools.Length; i++)
        {
            var pool = pools[i];
            if (pool.Name.Length == 0)
            {
                continue;
            }

            foreach (var name in pool.Priority is PoolPriority.SpotThenRegular ? [pool.Name, $"{pool.Name}-regular"] : ImmutableArray.Create(pool.Name))
            {
                if (!taken.TryAdd(name, pool.Name))
                {
                    reading.Problem($"pools[{i}].name", $"'{name}' is taken by pool '{taken[name]}' above. Choose another name.");
                }
            }
        }
    }

    private static void Shares(ClusterFile file, Reading reading)
    {
        var shares = file.Storage.Shares;
        for (var i = 0; i < shares.Length; i++)
        {
            var (share, path) = (shares[i], $"storage.shares[{i}]");
            if (share.Name == "ebb-system")
            {
                reading.Problem($"{path}.name", "'ebb-system' is the share that Ebb keeps keys and programs on. Choose another name.");
            }

            if (shares.Take(i).Any(s => s.Name == share.Name && s.Name.Length > 0))
            {
                reading.Problem($"{path}.name", $"there is a share '{share.Name}' already. Choose another name.");
            }

            if (reading.IsSound($"{path}.mountAt") && shares.Take(i).FirstOrDefault(s => s.MountAt == share.MountAt) is { } other)
            {
                reading.Problem($"{path}.mountAt", $"{share.MountAt} is where share '{other.Name}' is mounted already. Write another place, for example /srv/{share.Name}.");
            }
        }
    }

    private static void Access(AccessDefinition access, Reading reading)
    {
        foreach (var (first, last, whose) in Taken.Where(t => access.SshPort >= t.First && access.SshPort <= t.Last))
        {
            reading.Problem("access.sshPort", $"{access.SshPort} belongs to {whose}{(first == last ? "" : $" ({first} to {last})")}. Write another, for example 22 or 2222.");
        }
    }

    private static void Options(ClusterFile file, Reading reading)
    {
        var options = file.Options;
        if (options.AirGapped && options.Packages.Length > 0)
        {
            reading.Problem("options.packages", "machines without a way out cannot fetch packages. Remove them, or write 'airGapped: false'.");
        }

        if (options.AirGapped && file.Kubernetes.Version is null && reading.IsSound("kubernetes.version"))
        {
            reading.Problem("options.airGapped", "an air-gapped install needs to know its release. Add 'version' under 'kubernetes', for example v1.31.5+k3s1.");
        }

        if (options.AirGapped && options.Tailscale is not null)
        {
            reading.Problem("options.tailscale", "machines without a way out neither fetch Tailscale nor reach it. Remove it, or write 'airGapped: false'.");
        }

        if (options.Commands.Sum(c => c.Length) is > MostCommandCharacters and var all)
        {
            reading.Problem("options.commands", $"the commands have {all} characters; at most {MostCommandCharacters} fit. Put them in a script on a share and call that.");
        }
    }

    public static string? NeverSpot(string size) =>
        size.StartsWith("Standard_B", StringComparison.OrdinalIgnoreCase) ? "the B series is burstable"
        : size.EndsWith("_Promo", StringComparison.OrdinalIgnoreCase) ? "it is a promotional size"
        : null;
}
