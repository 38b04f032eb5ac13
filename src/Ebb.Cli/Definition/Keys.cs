using System.Collections.Immutable;
using System.Globalization;
using Ebb.Cli.Definition.Shapes;

namespace Ebb.Cli.Definition;

/// <summary>
/// Every key of an ebb.yaml: the one table that reading, the JSON Schema and docs/ebb-yaml.md are made from.
/// </summary>
internal static class Keys
{
    private static readonly WholeShape Count = new(0, 1000);

    private static readonly WholeShape Disk = new(30, 4095);

    private static readonly FlagShape Flag = new();

    private static readonly ListShape<int> Zones = new("a list of zones such as [1, 2, 3]", new WholeShape(1, 3), most: 3);

    private static readonly ListShape<string> Sources = new(
        $"{Values.Source.Expected}, or a list of such", Values.Source, most: 100, aloneToo: true);

    private static readonly Section<CloudDefinition> Cloud = new(
        new CloudDefinition { Region = "", ComputeGroup = "", StorageGroup = "" },
        new Key<CloudDefinition, CloudProvider>(
            "provider", "Whose machines.", new ChoiceShape<CloudProvider>(("azure", CloudProvider.Azure)), (c, v) => c with { Provider = v }, c => c.Provider)
        { Example = "azure" },
        new Key<CloudDefinition, string>("region", "Where the machines stand, as the cloud spells it.", Values.Region, (c, v) => c with { Region = v })
        { Required = true, Example = "westeurope" },
        new Key<CloudDefinition, string>(
            "endpoint",
            "'sandbox' is a cloud that runs on this machine and costs nothing. Without this key it is public Azure.",
            Values.Endpoint,
            (c, v) => c with { Endpoint = v.TrimEnd('/') })
        { Example = "sandbox", DefaultWords = "public Azure" },
        new Key<CloudDefinition, string>("subscription", "The Azure subscription that pays.", Values.Identifier, (c, v) => c with { Subscription = v.ToLowerInvariant() })
        { Example = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", DefaultWords = "AZURE_SUBSCRIPTION_ID, or the only one that your login sees" },
        new Key<CloudDefinition, string>("tenant", "The directory to log in to.", Values.Identifier, (c, v) => c with { Tenant = v.ToLowerInvariant() })
        { Example = "72f988bf-86f1-41af-91ab-2d7cd011db47", DefaultWords = "your login's own" },
        new Key<CloudDefinition, string>(
            "computeGroup", "Resource group of machines and network; it may be destroyed and built again.", Values.Group, (c, v) => c with { ComputeGroup = v })
        { Example = "tide-compute", DefaultWords = "NAME-compute" },
        new Key<CloudDefinition, string>(
            "storageGroup", "Resource group of what stays: the storage account with its shares.", Values.Group, (c, v) => c with { StorageGroup = v })
        { Example = "tide-storage", DefaultWords = "NAME-storage" });

    private static readonly Section<KubernetesDefinition> Kubernetes = new(
        new KubernetesDefinition(),
        new Key<KubernetesDefinition, Distribution>(
            "distribution",
            "'k3s', or 'kubelet' for the plain kubelet with a control plane that Ebb hosts.",
            new ChoiceShape<Distribution>(("k3s", Distribution.K3s), ("kubelet", Distribution.Kubelet)),
            (k, v) => k with { Distribution = v },
            k => k.Distribution)
        { Example = "k3s" },
        new Key<KubernetesDefinition, string>("version", "The release to install; of k3s v1.21 or newer.", Values.Version, (k, v) => k with { Version = v })
        { Example = "v1.31.5+k3s1", DefaultWords = "the newest of the channel" },
        new Key<KubernetesDefinition, string>(
            "channel", "Takes the newest release of this channel; instead of 'version'.", Values.Channel, (k, v) => k with { Channel = v }, k => k.Channel)
        { Example = "v1.31" });

    private static readonly Section<ControlPlaneDefinition> ControlPlane = new(
        new ControlPlaneDefinition(),
        new Key<ControlPlaneDefinition, int>(
            "machines", "How many machines carry the Kubernetes API; 3 survive the loss of one, 5 of two.", new OneOfShape(1, 3, 5), (c, v) => c with { Machines = v }, c => c.Machines)
        { Example = "3" },
        new Key<ControlPlaneDefinition, string>("size", "Their size.", Values.Size, (c, v) => c with { Size = v }, c => c.Size) { Example = "Standard_D2s_v5" },
        new Key<ControlPlaneDefinition, int>("diskGiB", "Their system disk, in GiB.", Disk, (c, v) => c with { DiskGiB = v }, c => c.DiskGiB) { Example = "64" },
        new Key<ControlPlaneDefinition, ImmutableArray<int>>(
            "zones", "Availability zones, taken in turn.", Zones, (c, v) => c with { Zones = Words(v) }, c => Numbers(c.Zones))
        { Example = "[1, 2, 3]", DefaultWords = "none: the machines stand in an availability set" });

    private static readonly Section<PoolDefinition> Pool = new(
        new PoolDefinition { Name = "", Size = "" },
        new Key<PoolDefinition, string>("name", "The pool's name; its machines' names begin with it.", Values.Name(1, 30), (p, v) => p with { Name = v })
        { Required = true, Example = "agents" },
        new Key<PoolDefinition, string>("size", "The size of its machines.", Values.Size, (p, v) => p with { Size = v }) { Required = true, Example = "Standard_D4s_v5" },
        new Key<PoolDefinition, PoolPriority>(
            "priority",
            "'spot' machines are cheap and may be taken back at half a minute's notice; 'spot-then-regular' buys regular ones while there are none.",
            new ChoiceShape<PoolPriority>(("regular", PoolPriority.Regular), ("spot", PoolPriority.Spot), ("spot-then-regular", PoolPriority.SpotThenRegular)),
            (p, v) => p with { Priority = v },
            p => p.Priority)
        { Example = "spot" },
        new Key<PoolDefinition, decimal>("maxPrice", "The most that a spot machine may cost, in USD for an hour.", new PriceShape(10_000), (p, v) => p with { MaxPrice = v })
        { Example = "0.05", DefaultWords = "the regular price" },
        new Key<PoolDefinition, int>("min", "Least machines, also when there is no work.", Count, (p, v) => p with { Min = v }, p => p.Min) { Example = "1" },
        new Key<PoolDefinition, int>("max", "Most machines, however much work waits.", new WholeShape(1, 1000), (p, v) => p with { Max = v }, p => p.Max) { Example = "20" },
        new Key<PoolDefinition, int>("keepWarm", "Idle machines that are kept ready for the next work.", Count, (p, v) => p with { KeepWarm = v }, p => p.KeepWarm) { Example = "1" },
        new Key<PoolDefinition, TimeSpan>(
            "idleAfter", "How long a node stays idle before its machine goes.", Values.Span, (p, v) => p with { IdleAfter = v }, p => p.IdleAfter)
        { Example = "10m" },
        new Key<PoolDefinition, TimeSpan>(
            "joinWithin",
            "How long a machine may take to become a node, all that it installs before included, until it is given up and another is bought. 1m at least.",
            Values.Span,
            (p, v) => p with { JoinWithin = v },
            p => p.JoinWithin)
        { Example = "40m" },
        new Key<PoolDefinition, ImmutableArray<int>>("zones", "Availability zones.", Zones, (p, v) => p with { Zones = Words(v) }, p => Numbers(p.Zones))
        { Example = "[1, 2]", DefaultWords = "wherever the cloud has room" },
        new Key<PoolDefinition, int>("diskGiB", "The system disk, in GiB.", Disk, (p, v) => p with { DiskGiB = v }, p => p.DiskGiB) { Example = "64" },
        new Key<PoolDefinition, bool>(
            "localDisk",
            "Spot machines have their system disk on their host where it has room: quick, free, and gone with the machine. 'ebb stop' cannot stop such a pool.",
            Flag,
            (p, v) => p with { LocalDisk = v },
            p => p.LocalDisk)
        { Example = "false" },
        new Key<PoolDefinition, ImmutableSortedDictionary<string, string>>(
            "labels",
            "Labels of its nodes.",
            new MapShape("labels such as {disk: fast}", Values.LabelKey, Values.LabelValue, most: 30),
            (p, v) => p with { Labels = v },
            p => p.Labels)
        { Example = "{disk: fast}" },
        new Key<PoolDefinition, ImmutableArray<Scheduling.Taint>>(
            "taints",
            "Taints of its nodes, which keep pods away that do not tolerate them.",
            new ListShape<Scheduling.Taint>("a list of taints such as [gpu=yes:NoSchedule]", Values.Taint, most: 10),
            (p, v) => p with { Taints = v },
            p => p.Taints)
        { Example = "[gpu=yes:NoSchedule]" });

    private static readonly Section<ShareDefinition> Share = new(
        new ShareDefinition { Name = "" },
        new Key<ShareDefinition, string>("name", "The share's name.", Values.ShareName, (s, v) => s with { Name = v }) { Required = true, Example = "srv" },
        new Key<ShareDefinition, int>("quotaGiB", "The most that it may hold, in GiB.", new WholeShape(1, 102_400), (s, v) => s with { QuotaGiB = v }, s => s.QuotaGiB) { Example = "500" },
        new Key<ShareDefinition, string>("mountAt", "Where every machine mounts it.", Values.Directory, (s, v) => s with { MountAt = v }, s => s.MountAt) { Example = "/srv" });

    private static readonly Section<StorageDefinition> Storage = new(
        new StorageDefinition(),
        new Key<StorageDefinition, string>("account", "The storage account's name, unique in all of Azure.", Values.Account, (s, v) => s with { Account = v })
        { Example = "tidestorage7", DefaultWords = "derived from the cluster's name and the subscription" },
        new Key<StorageDefinition, ImmutableArray<ShareDefinition>>(
            "shares", "File shares that every machine mounts; they outlive the machines.", new ListShape<ShareDefinition>("a list of shares, each with a name", Share, most: 16), (s, v) => s with { Shares = v })
        { Example = "[{name: srv}]", DefaultWords = "one, 'srv', mounted at /srv" });

    private static readonly Section<NetworkDefinition> Network = new(
        new NetworkDefinition(),
        new Key<NetworkDefinition, System.Net.IPNetwork>("range", "Addresses of the virtual network.", Values.Range, (n, v) => n with { Range = v }, n => n.Range) { Example = "10.20.0.0/16" },
        new Key<NetworkDefinition, System.Net.IPNetwork>(
            "controlPlaneSubnet", "Addresses of the control plane's machines, within 'range'.", Values.Range, (n, v) => n with { ControlPlaneSubnet = v })
        { Example = "10.20.0.0/24", DefaultWords = "the first /24 of 'range', or its first quarter when that is smaller" },
        new Key<NetworkDefinition, System.Net.IPNetwork>("poolSubnet", "Addresses of the pools' machines, within 'range'.", Values.Range, (n, v) => n with { PoolSubnet = v })
        { Example = "10.20.128.0/17", DefaultWords = "the upper half of 'range'" },
        new Key<NetworkDefinition, System.Net.IPNetwork>(
            "podRange", "Addresses of pods; each node takes a /24 of them.", Values.Range, (n, v) => n with { PodRange = v }, n => n.PodRange)
        { Example = "10.64.0.0/14" },
        new Key<NetworkDefinition, System.Net.IPNetwork>("serviceRange", "Addresses of Services.", Values.Range, (n, v) => n with { ServiceRange = v }, n => n.ServiceRange)
        { Example = "10.43.0.0/16" },
        new Key<NetworkDefinition, string>(
            "dnsLabel", "The control plane's name before .REGION.cloudapp.azure.com.", Values.DnsLabel, (n, v) => n with { DnsLabel = v })
        { Example = "tide-prod", DefaultWords = "derived from the cluster's name and the subscription" });

    private static readonly Section<AccessDefinition> Access = new(
        new AccessDefinition(),
        new Key<AccessDefinition, ImmutableArray<string>>("sshFrom", "Who reaches SSH.", Sources, (a, v) => a with { SshFrom = Definition.Sources.Of(v) }, a => a.SshFrom.Words)
        { Example = "[own-address, 203.0.113.0/24]" },
        new Key<AccessDefinition, ImmutableArray<string>>("apiFrom", "Who reaches the Kubernetes API.", Sources, (a, v) => a with { ApiFrom = Definition.Sources.Of(v) }, a => a.ApiFrom.Words)
        { Example = "own-address" },
        new Key<AccessDefinition, ImmutableArray<string>>(
            "ingressFrom", "Who reaches HTTP and HTTPS on the control plane.", Sources, (a, v) => a with { IngressFrom = Definition.Sources.Of(v) }, a => a.IngressFrom.Words)
        { Example = "cloudflare" },
        new Key<AccessDefinition, int>("sshPort", "Where SSH listens.", new WholeShape(1, 65_535), (a, v) => a with { SshPort = v }, a => a.SshPort) { Example = "2222" },
        new Key<AccessDefinition, string>("sshUser", "The user on every machine, who may become root.", Values.User, (a, v) => a with { SshUser = v }, a => a.SshUser) { Example = "ebb" },
        new Key<AccessDefinition, string>("sshKeyFile", "The file with your public SSH key.", Values.Path, (a, v) => a with { SshKeyFile = v })
        { Example = "~/.ssh/id_ed25519.pub", DefaultWords = "a pair that Ebb makes ('ebb keys')" });

    private static readonly Section<AddOnsDefinition> AddOns = new(
        new AddOnsDefinition(),
        new Key<AddOnsDefinition, bool>("registry", "A private image registry on the control plane.", Flag, (a, v) => a with { Registry = v }, a => a.Registry) { Example = "true" },
        new Key<AddOnsDefinition, bool>("metricsServer", "For 'kubectl top' and horizontal autoscaling.", Flag, (a, v) => a with { MetricsServer = v }, a => a.MetricsServer) { Example = "false" },
        new Key<AddOnsDefinition, bool>("dashboard", "Kubernetes' dashboard, reached through 'ebb proxy'.", Flag, (a, v) => a with { Dashboard = v }, a => a.Dashboard) { Example = "true" },
        new Key<AddOnsDefinition, bool>("ingress", "HTTP and HTTPS into the cluster through the control plane.", Flag, (a, v) => a with { Ingress = v }, a => a.Ingress) { Example = "false" });

    private static readonly Section<TailscaleDefinition> Tailscale = new(
        new TailscaleDefinition { AuthKey = new Secret("", "") },
        new Key<TailscaleDefinition, Secret>("authKey", "The key that lets machines into the network, from the environment.", new SecretShape(), (t, v) => t with { AuthKey = v })
        { Required = true, Example = "${TAILSCALE_AUTH_KEY}" });

    private static readonly Section<OptionsDefinition> Options = new(
        new OptionsDefinition(),
        new Key<OptionsDefinition, string>("image", "What machines boot.", Values.Image, (o, v) => o with { Image = v }, o => o.Image) { Example = "debian-12" },
        new Key<OptionsDefinition, string>("timeZone", "The machines' time zone.", Values.TimeZone, (o, v) => o with { TimeZone = v }, o => o.TimeZone) { Example = "Europe/Lisbon" },
        new Key<OptionsDefinition, int>("swapGiB", "The size of a swap file, in GiB; 0 for none.", new WholeShape(0, 64), (o, v) => o with { SwapGiB = v }, o => o.SwapGiB) { Example = "4" },
        new Key<OptionsDefinition, bool>("scratch", "Mounts the machine's own fast disk at /mnt/scratch, where its size has one.", Flag, (o, v) => o with { Scratch = v }, o => o.Scratch) { Example = "false" },
        new Key<OptionsDefinition, bool>("nvidia", "Installs NVIDIA's driver and container runtime on sizes with such GPUs.", Flag, (o, v) => o with { Nvidia = v }, o => o.Nvidia) { Example = "true" },
        new Key<OptionsDefinition, ContainerRuntime>(
            "containerRuntime",
            "What runs containers. With k3s, 'cri-o' takes v1.33.10, v1.34.6, v1.35.3 or newer releases.",
            new ChoiceShape<ContainerRuntime>(("containerd", ContainerRuntime.Containerd), ("cri-o", ContainerRuntime.CriO), ("docker", ContainerRuntime.Docker)),
            (o, v) => o with { ContainerRuntime = v },
            o => o.ContainerRuntime)
        { Example = "docker" },
        new Key<OptionsDefinition, bool>("airGapped", "Machines install everything from the cluster's own share, nothing from outside.", Flag, (o, v) => o with { AirGapped = v }, o => o.AirGapped) { Example = "true" },
        new Key<OptionsDefinition, TailscaleDefinition>("tailscale", "Joins the control plane to a Tailscale network.", Tailscale, (o, v) => o with { Tailscale = v })
        { Example = "{authKey: \"${TAILSCALE_AUTH_KEY}\"}" },
        new Key<OptionsDefinition, ImmutableArray<string>>(
            "packages", "More packages to install.", new ListShape<string>("a list of packages such as [htop, nfs-common]", Values.Package, most: 100), (o, v) => o with { Packages = v }, o => o.Packages)
        { Example = "[htop, nfs-common]" },
        new Key<OptionsDefinition, ImmutableArray<string>>(
            "commands",
            "Shell commands run as root at a machine's first boot, before it joins; '${VAR}' in them is the machine's.",
            new ListShape<string>("a list of shell commands", Values.Command, most: 50),
            (o, v) => o with { Commands = v },
            o => o.Commands)
        { Example = "[\"sysctl -w vm.max_map_count=262144\"]" });

    public static Section<ClusterFile> Cluster { get; } = new(
        new ClusterFile { Name = "", Cloud = new CloudDefinition { Region = "", ComputeGroup = "", StorageGroup = "" }, Pools = [] },
        new Key<ClusterFile, string>("name", "The cluster's name; what Ebb makes in the cloud is named after it.", Values.Name(2, 30), (f, v) => f with { Name = v })
        { Required = true, Example = "tide" },
        new Key<ClusterFile, CloudDefinition>("cloud", "Whose machines, and where.", Cloud, (f, v) => f with { Cloud = v }) { Required = true, Example = "{region: westeurope}" },
        new Key<ClusterFile, KubernetesDefinition>("kubernetes", "Which Kubernetes.", Kubernetes, (f, v) => f with { Kubernetes = v }) { Example = "{channel: v1.31}" },
        new Key<ClusterFile, ControlPlaneDefinition>("controlPlane", "The machines of the Kubernetes API; never spot. What changes here changes one machine after the other (clusters.md).", ControlPlane, (f, v) => f with { ControlPlane = v })
        { Example = "{machines: 3}" },
        new Key<ClusterFile, ImmutableArray<PoolDefinition>>(
            "pools", "What grows when work waits and shrinks when machines are idle.", new ListShape<PoolDefinition>("a list of pools, each with a name and a size", Pool, most: 20, least: 1), (f, v) => f with { Pools = v })
        { Required = true, Example = "[{name: agents, size: Standard_D4s_v5}]" },
        new Key<ClusterFile, StorageDefinition>("storage", "What outlives the machines.", Storage, (f, v) => f with { Storage = v }) { Example = "{shares: [{name: srv}]}" },
        new Key<ClusterFile, NetworkDefinition>("network", "Address ranges.", Network, (f, v) => f with { Network = v }) { Example = "{range: 10.20.0.0/16}" },
        new Key<ClusterFile, AccessDefinition>("access", "Who reaches the cluster from outside.", Access, (f, v) => f with { Access = v }) { Example = "{sshFrom: own-address}" },
        new Key<ClusterFile, AddOnsDefinition>("addOns", "What runs on the cluster from the start.", AddOns, (f, v) => f with { AddOns = v }) { Example = "{registry: true}" },
        new Key<ClusterFile, OptionsDefinition>("options", "How every machine is set up.", Options, (f, v) => f with { Options = v }) { Example = "{timeZone: Europe/Lisbon}" });

    private static ImmutableArray<string> Words(ImmutableArray<int> zones) => [.. zones.Distinct().Order().Select(z => z.ToString(CultureInfo.InvariantCulture))];

    private static ImmutableArray<int> Numbers(ImmutableArray<string> zones) => [.. zones.Select(z => int.Parse(z, CultureInfo.InvariantCulture))];
}
