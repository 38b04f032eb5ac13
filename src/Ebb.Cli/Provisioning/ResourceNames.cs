using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning;

/// <summary>What everything that Ebb makes in the cloud is called, by its cluster.</summary>
internal sealed class ResourceNames(ClusterFile cluster, string subscriptionId)
{
    /// <summary>The port of the join server.</summary>
    public const int JoinPort = 1337;

    public const int ApiPort = 6443;

    /// <summary>The private registry on the first control-plane machine.</summary>
    public const int RegistryPort = 5000;

    public const string ControlPlaneSubnet = "control-plane";

    public const string PoolSubnet = "pools";

    // Behind a load balancer each machine has a port of its own.
    private const int FirstSshPort = 50_000;

    // Tags. Those of pools' policy are in Ebb.Pools.PoolTags.
    public const string ClusterTag = "ebb-cluster";
    public const string RoleTag = "ebb-role";
    public const string PoolTag = "ebb-pool";
    public const string ControlPlaneRole = "control-plane";
    public const string PoolRole = "pool";

    /// <summary>One deployment for each group, always of the same name: running again replaces it.</summary>
    public const string StorageDeployment = "ebb-storage";

    public const string ComputeDeployment = "ebb-compute";

    public ClusterFile Cluster => cluster;

    public string Subscription => subscriptionId;

    /// <summary>As of control-plane machines: who they are towards the cloud. Lies in the storage group, so that it outlives them.</summary>
    public string Identity => $"{cluster.Name}-control-plane";

    /// <summary>The account of the shares that machines mount.</summary>
    public string StorageAccount => cluster.Storage.Account ?? $"ebb{Unique("shares", 16)}";

    /// <summary>The account of <see cref="SystemShare"/>, whose key only the control plane may have.</summary>
    public string SystemAccount => $"ebbsys{Unique("system", 16)}";

    public string Network => $"{cluster.Name}-network";

    public string ControlPlaneSecurity => $"{cluster.Name}-control-plane";

    public string PoolSecurity => $"{cluster.Name}-pools";

    public string AvailabilitySet => $"{cluster.Name}-control-plane";

    /// <summary>In front of a control plane of several machines.</summary>
    public string LoadBalancer => $"{cluster.Name}-control-plane";

    /// <summary>What the control plane is reached by from outside.</summary>
    public string PublicAddress => $"{cluster.Name}-control-plane";

    public string DnsLabel => cluster.Network.DnsLabel ?? $"{cluster.Name}-{Unique("dns", 8)}";

    /// <summary>The control plane's public name.</summary>
    public string PublicName => $"{DnsLabel}.{cluster.Cloud.Region}.{PublicDomain}";

    /// <summary>Machine, host and node alike; its network interface too.</summary>
    public string ControlPlaneMachine(int index) => $"{cluster.Name}-control-plane-{index}";

    public IEnumerable<int> ControlPlane => Enumerable.Range(0, cluster.ControlPlane.Machines);

    /// <summary>The fixed private address of a control-plane machine.</summary>
    public IPAddress ControlPlaneAddress(int index)
    {
        var bytes = cluster.Network.ControlPlaneSubnet.BaseAddress.GetAddressBytes();

        // The cloud keeps the first four of every subnet for itself.
        bytes[^1] += (byte)(10 + index);
        return new IPAddress(bytes);
    }

    /// <summary>Where machines ask to join: every control-plane machine.</summary>
    public ImmutableArray<string> JoinServers =>
        [.. ControlPlane.Select(index => $"https://{ControlPlaneAddress(index)}:{JoinPort}")];

    /// <summary>A pool's own scale set.</summary>
    public static string ScaleSet(PoolDefinition pool) => pool.Name;

    /// <summary>The scale set of regular machines behind one of spot machines, for when there are none of those.</summary>
    public static string FallbackScaleSet(PoolDefinition pool) => $"{pool.Name}-regular";

    /// <summary>The public port that leads to SSH on a control-plane machine.</summary>
    public static int SshPort(ClusterFile cluster, int index) =>
        cluster.ControlPlane.Machines == 1 ? cluster.Access.SshPort : FirstSshPort + index;

    /// <summary>Where machines reach the resource manager, without a slash at its end.</summary>
    public string ResourceManager =>
        cluster.Cloud.Endpoint is { } endpoint && !cluster.Cloud.IsSandbox ? endpoint.TrimEnd('/') : "https://management.azure.com";

    /// <summary>What the names of accounts' file services end with.</summary>
    public string StorageDomain => PublicDomain switch
    {
        "cloudapp.usgovcloudapi.net" => "core.usgovcloudapi.net",
        "cloudapp.chinacloudapi.cn" => "core.chinacloudapi.cn",
        _ => "core.windows.net",
    };

    // Clouds of their own have domains of their own.
    private string PublicDomain => cluster.Cloud.Endpoint switch
    {
        { } endpoint when endpoint.Contains(".usgovcloudapi.net", StringComparison.OrdinalIgnoreCase) => "cloudapp.usgovcloudapi.net",
        { } endpoint when endpoint.Contains(".chinacloudapi.cn", StringComparison.OrdinalIgnoreCase) => "cloudapp.chinacloudapi.cn",
        _ => "cloudapp.azure.com",
    };

    /// <summary>Small letters and digits that nobody else's cluster has, and this one always has.</summary>
    private string Unique(string purpose, int length)
    {
        var of = $"{purpose}/{cluster.Name}/{cluster.Cloud.StorageGroup}/{subscriptionId}".ToLowerInvariant();
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(of)))[..length];
    }
}
