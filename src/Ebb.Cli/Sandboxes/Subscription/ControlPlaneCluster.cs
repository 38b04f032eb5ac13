using System.Net;
using System.Security.Cryptography;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes.Joining;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Machines;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// A cluster acted out in this process, with hollow machines: its API answers at the control plane's public address, and it says that it
/// is the newest release that one of its machines runs.
/// </summary>
internal sealed class ControlPlaneCluster : IControlPlaneCluster
{
    // The embedded API takes the objects of any release since; who administers it is bound as in these.
    private static readonly Version Speaks = new(1, 31);

    private readonly SandboxSubscription _subscription;
    private readonly CloudWorld _cloud;
    private readonly SandboxNetwork _network = new();
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly SemaphoreSlim _starting = new(1);

    // Under the cloud's gate, as the worlds.
    private readonly Dictionary<string, BootedMachine> _booted = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Action> _kubelets = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _releases = new(StringComparer.OrdinalIgnoreCase);
    private KubernetesWorld _kubernetes = null!;
    private HollowMachines _machines = null!;
    private JoiningMachines _joining = null!;
    private KubernetesFace? _face;
    private Authority? _server;
    private Authority? _clients;

    /// <summary>It hears of machines from now on.</summary>
    public ControlPlaneCluster(SandboxSubscription subscription, ControlPlaneGround ground, TimeProvider time, ILoggerFactory loggers)
    {
        (_subscription, _time, _loggers) = (subscription, time, loggers);
        _cloud = subscription.Face.World;
        Ground = ground;
        lock (_cloud.Agenda.Gate)
        {
            Begin();
        }
    }

    private ControlPlaneGround Ground { get; }

    public KubernetesKind Kind => KubernetesKind.Embedded;

    public MachineKind? Machines => null;

    /// <summary>The machine runs this release from now on: its node says so, and the API, which the first machine starts.</summary>
    public async Task<KubernetesPlace> RunAsync(Instance machine, string? release, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct)
    {
        await _starting.WaitAsync(ct);
        try
        {
            Run(machine.ResourceId, release);
            return await ServeAsync(machine.Group, authorities, ct);
        }
        finally
        {
            _starting.Release();
        }
    }

    public async Task<KubernetesPlace> RunAnewAsync(Instance machine, string? release, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct)
    {
        await _starting.WaitAsync(ct);
        try
        {
            Run(machine.ResourceId, release);
            await StopAsync();
            return await ServeAsync(machine.Group, authorities, ct);
        }
        finally
        {
            _starting.Release();
        }
    }

    public Task CloseAsync() => StopAsync();

    public async Task ForgetAsync()
    {
        await _joining.DisposeAsync();
        lock (_cloud.Agenda.Gate)
        {
            _machines.Detach();
            _booted.Clear();
            _kubelets.Clear();
            _releases.Clear();
            Begin();
        }
    }

    public Task<IAsyncDisposable> LeadAsync(Instance machine, IPEndPoint joinServer) =>
        Task.FromResult<IAsyncDisposable>(_network.Open(machine.Address, JoinPaths.DefaultPort, joinServer));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _joining.DisposeAsync();
        _starting.Dispose();
    }

    /// <summary>An empty cluster. The machines of pools ask to join it; those of the control plane are nodes by running it.</summary>
    private void Begin()
    {
        _kubernetes = new KubernetesWorld(_cloud.Agenda, new KubernetesOptions());
        _machines = new HollowMachines(_cloud, _kubernetes.Kubelets, new HollowMachineOptions());
        _joining = new JoiningMachines(_cloud, _machines, Ground.MetadataOf, _network.DialAsync, null, _loggers.CreateLogger<JoiningMachines>());
        var join = _machines.Boot;
        _machines.Boot = machine => ControlPlanes.IsControlPlane(machine.Set) ? Boot(machine) : join(machine);
        _kubernetes.Begin();
    }

    /// <summary>Which release its kubelet is of is known when the machine has found out what to be.</summary>
    private Action Boot(BootedMachine machine)
    {
        var id = machine.Instance.ResourceId;
        _booted[id] = machine;
        return () =>
        {
            _booted.Remove(id);
            _releases.Remove(id);
            if (_kubelets.Remove(id, out var cut))
            {
                cut();
            }
        };
    }

    private void Run(string id, string? release)
    {
        lock (_cloud.Agenda.Gate)
        {
            if (release is null || !_booted.TryGetValue(id, out var machine))
            {
                return;
            }

            _releases[id] = release;
            _kubernetes.Api.Release = _releases.Values.MaxBy(ReleaseVersion.Find)!;
            if (_kubelets.ContainsKey(id))
            {
                _kubernetes.RunRelease(machine.Node.Name, release);
                return;
            }

            _kubelets[id] = _machines.StartKubelet(machine with
            {
                Node = machine.Node with
                {
                    Labels = machine.Node.Labels.Add("node-role.kubernetes.io/control-plane", "true"),
                    KubeletVersion = release,
                },
            });
        }
    }

    private async Task<KubernetesPlace> ServeAsync(string group, KubernetesAuthorities authorities, CancellationToken ct)
    {
        if (_face is null)
        {
            _server = await LoadAsync(authorities.Of("server-ca"), ct);
            _clients = await LoadAsync(authorities.Of("client-ca"), ct);
            var address = await Ground.PublicAddressAsync(group, ct);
            _face = await KubernetesFace.StartAsync(
                _kubernetes.Api,
                _server,
                new KubernetesFaceOptions
                {
                    Address = IPAddress.Parse(address.Address!),
                    Port = ResourceNames.ApiPort,
                    Names = address.Name is { } name ? [name] : [],
                    ClientAuthority = _clients,
                },
                ct);
            await FurnishAsync(_face.Address, ct);
        }

        return new KubernetesPlace(_face.Address, _face.Address);
    }

    private async Task StopAsync()
    {
        if (_face is not null)
        {
            await _face.DisposeAsync();
            _face = null;
            _server?.Dispose();
            _clients?.Dispose();
        }
    }

    private async Task<Authority> LoadAsync(string path, CancellationToken ct) =>
        Authority.Load(await File.ReadAllTextAsync(path + ".crt", ct), await File.ReadAllTextAsync(path + ".key", ct), _time);

    /// <summary>What a cluster's server makes at its first start: the roles of those who join, and of Ebb.</summary>
    private async Task FurnishAsync(Uri address, CancellationToken ct)
    {
        using var certificate = _clients!.IssueClient("kubernetes-admin", "system:masters");
        var path = Path.Combine(Ground.Directory, "admin.conf");
        SecretFile.Write(path, new KubeconfigFile(
            "sandbox", "admin", address, _server!.CertificatePem, new IssuedCertificate(certificate.ExportCertificatePem() + "\n", Authority.KeyPem(certificate))).Write());
        try
        {
            var connection = new Kubeconfig(Yaml.ToJson, static _ => null, _time).Load(path, null);
            using var admin = new KubeClient(connection, _time, _loggers.CreateLogger<KubeClient>());
            await BootstrapObjects.ApplyAsync(
                admin, address, _server.CertificatePem, Speaks, _time, new Random(RandomNumberGenerator.GetInt32(int.MaxValue)), ct);
            foreach (var manifest in EbbRole.Manifests(joins: true))
            {
                await manifest.ApplyAsync(admin, ct);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }
}
