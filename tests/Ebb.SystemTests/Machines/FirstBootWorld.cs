using System.Net;
using System.Security.Cryptography;
using Ebb.Cli.Clusters;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines.Nspawn;
using Ebb.SystemTests.Provisioning;
using Ebb.SystemTests.Secrets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.Machines;

/// <summary>
/// A subscription in this process where a cluster of k3s is deployed as 'ebb up' does it, and whose machines really boot from what they are
/// told. k3s' installer and k3s itself, which nobody has here, are stand-ins that write down how they are called.
/// </summary>
internal sealed class FirstBootWorld : IAsyncDisposable
{
    /// <summary>Where the stand-ins write, on a machine.</summary>
    public const string Ran = "/var/log/ran";

    private const string Name = "atoll";

    private static readonly TimeProvider Time = TimeProvider.System;

    private readonly string _state = Directory.CreateTempSubdirectory("ebb-boot-").FullName;
    private readonly List<Func<ValueTask>> _ends = [];
    private LocalSubscription? _local;
    private ClusterFile? _file;

    public CloudWorld Cloud => Local.Cloud;

    /// <summary>What was deployed.</summary>
    public Rendering Rendering { get; private set; } = null!;

    public SandboxSubscription Subscription => Local.Owned;

    /// <summary>Of the cluster: all of its private keys, and those of its storage.</summary>
    public IReadOnlyList<Needle> Secrets { get; private set; } = [];

    public Room Room { get; private set; } = null!;

    private LocalSubscription Local => _local ?? throw new InvalidOperationException("The world was not begun.");

    private string Host => $"boot-{Path.GetFileName(_state)[^6..].ToLowerInvariant()}";

    /// <param name="runs">Which machines really boot.</param>
    public static async Task<FirstBootWorld> BeginAsync(Func<Instance, bool> runs)
    {
        var world = new FirstBootWorld();
        try
        {
            await world.BeginSubscriptionAsync();
            await world.BeginMachinesAsync(runs);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Deploys the cluster, as 'ebb up' does.</summary>
    public async Task DeployAsync(string agent, CancellationToken ct)
    {
        _file = ClusterFileReader.Parse(
            $$"""
            name: {{Name}}
            cloud: {provider: azure, region: eastus, endpoint: sandbox}
            kubernetes: {distribution: k3s, version: v1.31.5+k3s1}
            pools:
              - {name: {{Name}}, size: Standard_D4s_v5, priority: spot, min: 1, max: 2}
            storage: {shares: [{name: srv, quotaGiB: 10, mountAt: /srv}]}
            access: {sshFrom: anyone, apiFrom: anyone, ingressFrom: anyone}
            options: {airGapped: true, scratch: false}
            """,
            "ebb.yaml",
            _ => null);
        var stands = WriteStandIns();
        var home = ClusterHome.At(Name, Path.Combine(_state, "cluster"));
        using var held = home.Lock();
        var found = ClusterInputs.Gather(_file, Path.Combine(_state, "ebb.yaml"), home, Cloud.Options.SubscriptionId, [], make: true, Time);
        var ebb = Path.Combine(stands, "ebb");
        var rendering = found.Rendering with { EbbHash = Hash(ebb), AgentHashes = found.Rendering.AgentHashes.SetItem("amd64", Hash(agent)) };
        ShareFile[] files =
        [
            .. found.Files.Where(file => file.Path != SystemShare.Ebb && file.Path != SystemShare.Agent("amd64")),
            ShareFile.OfFile(SystemShare.Ebb, ebb),
            ShareFile.OfFile(SystemShare.Agent("amd64"), agent),
        ];
        using var http = new HttpMessageInvoker(AzureHttp.Handler(Subscription.Home.Authority));
        using var cloud = CloudAccess.Over(Subscription.Arm, http);
        var planner = new ClusterPlanner(_file, cloud);
        Rendering = await planner.RenderAsync(rendering, ct);
        var plan = await planner.PlanAsync(rendering, ct);
        await new ClusterUp(cloud, Time, new Random(1), static _ => { }).ApplyAsync(plan, files, ct);
        List<Needle> secrets = [.. MachineSecrets.OfKeys(home.Path)];
        foreach (var account in new[] { plan.Names.StorageAccount, plan.Names.SystemAccount })
        {
            var access = await cloud.Accounts.AccessAsync(plan.Storage.Group, account, ct) ?? throw new InvalidOperationException($"There is no account {account}.");
            secrets.Add(Needle.OfText($"a key of {account}", access.Key));
        }

        Secrets = secrets;
    }

    /// <summary>Files of this host with what was said of a machine.</summary>
    public IEnumerable<string> Told(Instance machine) =>
    [
        Path.Combine(_state, "machines", machine.ComputerName.ToLowerInvariant(), "console.log"),
        .. MachineSecrets.Files(_state, "*.log"),
        .. MachineSecrets.Files(_state, "*.jsonl"),
    ];

    /// <summary>A file on the disk of a machine; null while there is none.</summary>
    public string? Read(Instance machine, string file)
    {
        var path = Path.Combine(_state, "machines", machine.ComputerName.ToLowerInvariant(), "disk", "upper", file.TrimStart('/'));
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    public string ModeOf(Instance machine, string file) => Convert.ToString(
        (int)File.GetUnixFileMode(Path.Combine(_state, "machines", machine.ComputerName.ToLowerInvariant(), "disk", "upper", file.TrimStart('/'))), 8);

    public async ValueTask DisposeAsync()
    {
        for (var i = _ends.Count - 1; i >= 0; i--)
        {
            await _ends[i]();
        }

        Directory.Delete(_state, recursive: true);
    }

    private async Task BeginSubscriptionAsync()
    {
        _local = await LocalSubscription.BeginAsync(Name, _state, speed: 10);
        _ends.Add(_local.DisposeAsync);
        Room = await Room.CreateAsync(Host, Time, CancellationToken.None);
        _ends.Add(Room.DisposeAsync);

        // Azure's own names lead to the subscription, over a certificate that machines trust.
        var port = await _local.ServeNamesAsync(["management.azure.com", "*.file.core.windows.net"], Subscription.Face.HandleAsync);
        var door = await RoomForward.OpenOutwardsAsync(Room, new IPEndPoint(Room.Gateway, 443), new IPEndPoint(IPAddress.Loopback, port), Time);
        _ends.Add(door.DisposeAsync);
    }

    private async Task BeginMachinesAsync(Func<Instance, bool> runs)
    {
        var account = new ResourceNames(new ClusterFile { Name = Name, Cloud = new CloudDefinition { Region = "eastus", ComputeGroup = $"{Name}-compute", StorageGroup = $"{Name}-storage" }, Pools = [] }, Cloud.Options.SubscriptionId).SystemAccount;
        var hosts = Path.Combine(_state, "hosts");
        await File.WriteAllTextAsync(hosts, $"127.0.0.1 localhost\n{Room.Gateway} management.azure.com {account}.file.core.windows.net\n");
        var options = new NspawnOptions
        {
            Name = Host,
            Directory = Path.Combine(_state, "machines"),
            BaseRoot = await MachineRoot.RequireAsync(),
            Runs = runs,
            Shared = [new SharedPath(hosts, "/etc/hosts"), new SharedPath(Subscription.Home.Authority, "/usr/lib/ssl/cert.pem")],
        };
        var machines = await NspawnMachines.StartAsync(options, Cloud, Subscription.Face, Room, Time, NullLogger.Instance, CancellationToken.None);
        _ends.Add(machines.DisposeAsync);
    }

    /// <summary>In place of k3s' release, and of Ebb's own program on the control plane: what they would be asked to do is written down.</summary>
    private string WriteStandIns()
    {
        var airGap = Directory.CreateDirectory(Path.Combine(_state, "airgap")).FullName;

        // The unit as the installer makes it.
        File.WriteAllText(Path.Combine(airGap, "k3s-install.sh"), $$"""
            #!/bin/sh
            { echo "k3s-install.sh $*"; env | grep '^INSTALL_K3S_\|^K3S_' | sort; } >> {{Ran}}
            name=k3s; [ "$1" = server ] || name=k3s-$1
            cat > /etc/systemd/system/$name.service <<UNIT
            [Unit]
            Wants=network-online.target
            After=network-online.target
            [Service]
            Type=notify
            NotifyAccess=all
            KillMode=process
            Delegate=yes
            TimeoutStartSec=0
            Restart=always
            RestartSec=5s
            ExecStart=/usr/local/bin/k3s $1
            [Install]
            WantedBy=multi-user.target
            UNIT
            systemctl daemon-reload
            printf '#!/bin/sh\necho k3s-killall.sh >> {{Ran}}\n' > /usr/local/bin/k3s-killall.sh
            chmod 755 /usr/local/bin/k3s-killall.sh

            """);
        File.WriteAllText(Path.Combine(airGap, "k3s"), $"""
            #!/bin/sh
            [ "$1" != --version ] || {"{"} echo 'k3s version v1.31.5+k3s1 (00000000)'; exit 0; {"}"}
            case "$1" in server | agent) ;; *) exit 1 ;; esac
            echo "k3s $*" >> {Ran}
            sleep 1
            echo 'k3s is ready' >> {Ran}
            systemd-notify --ready
            exec sleep infinity

            """);
        File.WriteAllText(Path.Combine(airGap, "k3s-airgap-images-amd64.tar.zst"), "images\n");
        var ebb = Path.Combine(_state, "ebb");
        File.WriteAllText(ebb, $"#!/bin/sh\necho \"ebb $*\" >> {Ran}\nexec sleep infinity\n");
        return _state;
    }

    private static string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
}
