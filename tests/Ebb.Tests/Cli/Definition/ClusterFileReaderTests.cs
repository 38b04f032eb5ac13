using System.Text;
using Ebb.Cli.Definition;
using Ebb.Cli.Definition.Source;
using Ebb.Scheduling;

namespace Ebb.Tests.Cli.Definition;

public class ClusterFileReaderTests
{
    [Fact]
    public void The_least_that_must_be_said_is_a_name_a_region_and_a_pool_with_its_size()
    {
        var file = Sample.Read(Sample.Least);

        Assert.Equal("tide", file.Name);
        Assert.Equal("westeurope", file.Cloud.Region);
        Assert.Equal(("tide-compute", "tide-storage"), (file.Cloud.ComputeGroup, file.Cloud.StorageGroup));
        Assert.Null(file.Cloud.Endpoint);
        Assert.False(file.Cloud.IsSandbox);
        Assert.Equal((1, "Standard_B2ms"), (file.ControlPlane.Machines, file.ControlPlane.Size));
        var pool = Assert.Single(file.Pools);
        Assert.Equal(("agents", PoolPriority.Regular, 0, 10), (pool.Name, pool.Priority, pool.Min, pool.Max));
        Assert.Equal("/srv", Assert.Single(file.Storage.Shares).MountAt);
        Assert.True(file.Access.SshFrom.OwnAddress);
    }

    [Fact]
    public void Every_key_reaches_its_place()
    {
        var file = Sample.Read(
            """
            name: tide-2
            cloud:
              provider: azure
              region: northeurope
              endpoint: https://management.example.org:8443/
              subscription: 1B4E28BA-2fa1-11d2-883f-0016d3cca427
              tenant: 72f988bf-86f1-41af-91ab-2d7cd011db47
              computeGroup: Machines
              storageGroup: Data.1
            kubernetes: {distribution: k3s, version: v1.35.4+k3s1}
            controlPlane: {machines: 3, size: Standard_D2s_v5, diskGiB: 64, zones: [3, 1, 2]}
            pools:
              - name: gpu
                size: Standard_NC4as_T4_v3
                priority: spot-then-regular
                maxPrice: 0.25
                min: 1
                max: 40
                keepWarm: 2
                idleAfter: 1h30m
                zones: [2]
                diskGiB: 128
                labels: {disk: fast, example.com/Tier: "1"}
                taints: [gpu=yes:NoSchedule, slow:PreferNoSchedule]
            storage:
              account: tide2store
              shares:
                - {name: srv, quotaGiB: 500}
                - {name: scratch-pad, mountAt: /data/pad}
            network:
              range: 10.20.0.0/16
              controlPlaneSubnet: 10.20.9.0/24
              poolSubnet: 10.20.64.0/18
              podRange: 10.64.0.0/14
              serviceRange: 172.20.0.0/16
              dnsLabel: tide-api
            access:
              sshFrom: [own-address, 203.0.113.7, "2001:db8::/32"]
              apiFrom: anyone
              ingressFrom: cloudflare
              sshPort: 2222
              sshUser: keeper
            addOns: {registry: true, metricsServer: false, dashboard: true, ingress: false}
            options:
              image: debian-12
              timeZone: Europe/Lisbon
              swapGiB: 4
              scratch: false
              nvidia: true
              containerRuntime: cri-o
              tailscale: {authKey: "${TS_KEY}"}
              packages: [htop]
              commands:
                - echo "${HOME}" > /root/home
                - |
                  sysctl -w vm.max_map_count=262144
                  true
            """,
            ("TS_KEY", "tskey-0123"));

        Assert.Equal(("https://management.example.org:8443", "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "72f988bf-86f1-41af-91ab-2d7cd011db47"), (file.Cloud.Endpoint, file.Cloud.Subscription, file.Cloud.Tenant));
        Assert.Equal(("Machines", "Data.1"), (file.Cloud.ComputeGroup, file.Cloud.StorageGroup));
        Assert.Equal((Distribution.K3s, "v1.35.4+k3s1"), (file.Kubernetes.Distribution, file.Kubernetes.Version));
        Assert.Equal((3, "Standard_D2s_v5", 64), (file.ControlPlane.Machines, file.ControlPlane.Size, file.ControlPlane.DiskGiB));
        Assert.Equal(["1", "2", "3"], file.ControlPlane.Zones);
        var pool = file.Pools.Single();
        Assert.Equal((PoolPriority.SpotThenRegular, 0.25m, 1, 40, 2, 128), (pool.Priority, pool.MaxPrice!.Value, pool.Min, pool.Max, pool.KeepWarm, pool.DiskGiB));
        Assert.Equal(TimeSpan.FromMinutes(90), pool.IdleAfter);
        Assert.Equal(["disk=fast", "example.com/Tier=1"], pool.Labels.Select(l => $"{l.Key}={l.Value}"));
        Assert.Equal([new Taint("gpu", "yes", TaintEffect.NoSchedule), new Taint("slow", "", TaintEffect.PreferNoSchedule)], pool.Taints.AsEnumerable());
        Assert.Equal(["srv 500 /srv", "scratch-pad 100 /data/pad"], file.Storage.Shares.Select(s => $"{s.Name} {s.QuotaGiB} {s.MountAt}"));
        Assert.Equal("tide2store", file.Storage.Account);
        Assert.Equal(
            "10.20.0.0/16 10.20.9.0/24 10.20.64.0/18 10.64.0.0/14 172.20.0.0/16 tide-api",
            $"{file.Network.Range} {file.Network.ControlPlaneSubnet} {file.Network.PoolSubnet} {file.Network.PodRange} {file.Network.ServiceRange} {file.Network.DnsLabel}");
        Assert.Equal(["own-address", "203.0.113.7/32", "2001:db8::/32"], file.Access.SshFrom.Words.AsEnumerable());
        Assert.True(file.Access.ApiFrom.Anyone);
        Assert.True(file.Access.IngressFrom.Cloudflare);
        Assert.Equal((2222, "keeper"), (file.Access.SshPort, file.Access.SshUser));
        Assert.Equal(new AddOnsDefinition { Registry = true, MetricsServer = false, Dashboard = true, Ingress = false }, file.AddOns);
        var options = file.Options;
        Assert.Equal(("debian-12", "Europe/Lisbon", 4, false, true, ContainerRuntime.CriO), (options.Image, options.TimeZone, options.SwapGiB, options.Scratch, options.Nvidia, options.ContainerRuntime));
        Assert.Equal("tskey-0123", options.Tailscale!.AuthKey.Reveal());
        Assert.Equal(["htop"], options.Packages.AsEnumerable());
        Assert.Equal(["echo \"${HOME}\" > /root/home", "sysctl -w vm.max_map_count=262144\ntrue"], options.Commands.AsEnumerable());
    }

    [Fact]
    public void All_problems_are_told_at_once_in_the_order_of_the_file()
    {
        var problems = Sample.Problems(
            """
            name: Tide
            cloud:
              regoin: westeurope
            pools:
              - name: agents
                size: Standard_B2s
                priority: spot
                min: "3"
                max: 2000
            colour: blue
            """);

        Assert.Equal(
            [
                "ebb.yaml:1:7: name: 'Tide' cannot be; write 2 to 30 lower-case letters, digits and single dashes, a letter first, no dash last.",
                "ebb.yaml:3:3: cloud: there is no key 'regoin' here. Did you mean 'region'?",
                "ebb.yaml:3:3: cloud: 'region' is missing: Where the machines stand, as the cloud spells it. For example region: westeurope",
                "ebb.yaml:6:11: pools[0].size: Azure sells no Standard_B2s as spot: the B series is burstable. Write a size such as Standard_D4s_v5, or 'priority: regular'.",
                "ebb.yaml:8:10: pools[0].min: '3' in quotes is text; write a whole number from 0 to 1000, without quotes.",
                "ebb.yaml:9:10: pools[0].max: 2000 is out of bounds; write a whole number from 1 to 1000.",
                "ebb.yaml:10:1: there is no key 'colour' here. There is name, cloud, kubernetes, controlPlane, pools, storage, network, access, addOns, options.",
            ],
            problems);
    }

    [Fact]
    public void A_mark_at_the_start_and_the_line_ends_of_Windows_change_nothing()
    {
        var bytes = Encoding.UTF8.GetPreamble().Concat(Encoding.UTF8.GetBytes(Sample.Least.ReplaceLineEndings("\r\n"))).ToArray();

        Assert.Equal("tide", Sample.Read(SourceText.Decode(bytes, "ebb.yaml")).Name);
    }

    [Fact]
    public void A_file_without_a_name_is_told()
    {
        var problem = Assert.Throws<EbbException>(() => ClusterFileReader.Read("", _ => null));

        Assert.Equal("'' is no file's name. Name the file, for example ebb.yaml.", problem.Message);
    }

    [Fact]
    public void A_file_that_is_not_there_names_the_command_that_writes_one()
    {
        var problem = Assert.Throws<EbbException>(() => ClusterFileReader.Read("/nowhere/ebb.yaml", _ => null));

        Assert.Equal("There is no file /nowhere/ebb.yaml. 'ebb init' writes one.", problem.Message);
    }

    [Fact]
    public void A_file_too_large_to_be_one_is_refused_unread()
    {
        using var directory = new TemporaryDirectory();
        var path = Path.Combine(directory.Path, "ebb.yaml");
        File.WriteAllText(path, new string('#', SourceText.MostBytes + 1));

        Assert.Contains("larger than 256 KiB", Assert.Throws<EbbException>(() => ClusterFileReader.Read(path, _ => null)).Message, StringComparison.Ordinal);
    }
}
