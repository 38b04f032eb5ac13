using System.Net;
using System.Security.Cryptography;
using System.Threading.Channels;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes.Joining;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;
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
/// Stands in for the control-plane machines that boot in the subscription, with one cluster for all of them: its API answers at their
/// public address as long as one of them runs, and what it holds goes with the last of them.
/// </summary>
internal sealed partial class ControlPlanes : IAsyncDisposable
{
    // The embedded API takes the objects of any release since; who administers it is bound as in these.
    private static readonly Version Speaks = new(1, 31);

    private readonly Channel<InstanceChange> _changes = Channel.CreateUnbounded<InstanceChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<string, (CancellationTokenSource Stop, Task Run)> _running = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _there = new(StringComparer.OrdinalIgnoreCase);
    private readonly SemaphoreSlim _starting = new(1);
    private readonly CloudWorld _cloud;
    private readonly ControlPlaneGround _ground;
    private readonly SandboxSubscription _subscription;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private KubernetesWorld _kubernetes = null!;
    private HollowMachines _machines = null!;
    private JoiningMachines _joining = null!;
    private KubernetesFace? _face;
    private Authority? _server;
    private Authority? _clients;

    public ControlPlanes(SandboxSubscription subscription, TimeProvider time, ILoggerFactory loggers)
    {
        (_subscription, _time, _loggers) = (subscription, time, loggers);
        _logger = loggers.CreateLogger<ControlPlanes>();
        _cloud = subscription.Face.World;
        _ground = new ControlPlaneGround(subscription.Home, subscription.Access, subscription.Face, subscription.Host, Network, KubernetesAsync);
        lock (_cloud.Agenda.Gate)
        {
            Begin();
            _cloud.InstanceChanged += See;
        }
    }

    public SandboxNetwork Network { get; } = new();

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        await foreach (var change in _changes.Reader.ReadAllAsync(ct))
        {
            var id = change.Instance.ResourceId;
            switch (change.Event)
            {
                case InstanceEvent.Booted:
                    await EndAsync(id);
                    _there.Add(id);
                    Begin(change.Instance, ct);
                    break;
                case InstanceEvent.Stopped:
                    await EndAsync(id);
                    await CloseAsync();
                    break;
                case InstanceEvent.Gone:
                    await EndAsync(id);
                    _there.Remove(id);
                    await CloseAsync();
                    break;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _running.Keys.ToList())
        {
            await EndAsync(id);
        }

        _there.Clear();
        await CloseAsync();
        await _joining.DisposeAsync();
        _starting.Dispose();
    }

    /// <summary>An empty cluster. The machines of pools ask to join it; those of the control plane are nodes by running it.</summary>
    private void Begin()
    {
        _kubernetes = new KubernetesWorld(_cloud.Agenda, new KubernetesOptions());
        var machines = _machines = new HollowMachines(_cloud, _kubernetes.Kubelets, new HollowMachineOptions());
        _joining = new JoiningMachines(_cloud, machines, _ground.MetadataOf, Network.DialAsync, null, _loggers.CreateLogger<JoiningMachines>());
        var join = machines.Boot;
        machines.Boot = machine => IsControlPlane(machine.Set)
            ? machines.StartKubelet(machine with
            {
                Node = machine.Node with { Labels = machine.Node.Labels.Add("node-role.kubernetes.io/control-plane", "true") },
            })
            : join(machine);
        _kubernetes.Begin();
    }

    // Called under the gate.
    private void See(InstanceChange change)
    {
        if (change.Instance.Standalone && change.Event is InstanceEvent.Booted or InstanceEvent.Stopped or InstanceEvent.Gone
            && (change.Event is not InstanceEvent.Booted || (_cloud.Find(change.Instance.Group, change.Instance.Set) is { } set && IsControlPlane(set))))
        {
            _changes.Writer.TryWrite(change);
        }
    }

    private static bool IsControlPlane(ScaleSet set) =>
        set.Standalone && set.Tags.GetValueOrDefault(ResourceNames.RoleTag) == ResourceNames.ControlPlaneRole;

    private void Begin(Instance machine, CancellationToken ct)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _running[machine.ResourceId] = (stop, RunAsync(machine, stop.Token));
    }

    private async Task RunAsync(Instance machine, CancellationToken ct)
    {
        try
        {
            if (_cloud.Find(machine.Group, machine.Set) is not { } set || BirthConfig.File(set.CustomData, ControlPlaneBirth.Path) is not { } birth)
            {
                LogNoBirth(machine.Name, ControlPlaneBirth.Path);
                return;
            }

            await using var stand = new ControlPlaneMachine(machine, ControlPlaneBirth.Read(birth), _ground, _time, _loggers);
            await stand.RunAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Its power was cut.
        }
#pragma warning disable CA1031 // One machine that cannot work must not end the cloud that it is in; why is in the log.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogDied(machine.Name, e);
        }
    }

    private async Task EndAsync(string id)
    {
        if (_running.Remove(id, out var running))
        {
            await running.Stop.CancelAsync();
            await running.Run;
            running.Stop.Dispose();
        }
    }

    /// <summary>Ends the API when no machine runs it; and what it held when none is left to come back to it.</summary>
    private async Task CloseAsync()
    {
        if (_running.Count > 0)
        {
            return;
        }

        if (_face is not null)
        {
            await _face.DisposeAsync();
            _face = null;
            _server?.Dispose();
            _clients?.Dispose();
        }

        if (_there.Count == 0)
        {
            await _joining.DisposeAsync();
            lock (_cloud.Agenda.Gate)
            {
                _machines.Detach();
                Begin();
            }
        }
    }

    private async Task<Uri> KubernetesAsync(KubernetesAuthorities authorities, CancellationToken ct)
    {
        await _starting.WaitAsync(ct);
        try
        {
            if (_face is null)
            {
                _server = await LoadAsync(authorities.Server, ct);
                _clients = await LoadAsync(authorities.Clients, ct);
                var address = await PublicAddressAsync(ct);
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

            return _face.Address;
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task<Authority> LoadAsync(string path, CancellationToken ct) =>
        Authority.Load(await File.ReadAllTextAsync(path + ".crt", ct), await File.ReadAllTextAsync(path + ".key", ct), _time);

    /// <summary>As the network knows it: the one address that leads to the control plane.</summary>
    private async Task<PublicAddress> PublicAddressAsync(CancellationToken ct)
    {
        var group = _cloud.Instances.First(i => _there.Contains(i.ResourceId)).Group;
        return (await new PublicAddresses(_subscription.Arm).ListAsync(group, ct)).FirstOrDefault(a => a.Address is not null)
            ?? throw new CloudException($"Resource group '{group}' has no public address for its control plane.");
    }

    /// <summary>What a cluster's server makes at its first start: the roles of those who join, and of Ebb.</summary>
    private async Task FurnishAsync(Uri address, CancellationToken ct)
    {
        using var certificate = _clients!.IssueClient("kubernetes-admin", "system:masters");
        var path = Path.Combine(_ground.Directory, "admin.conf");
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

    [LoggerMessage(LogLevel.Error, "Control-plane machine {Machine} was told nothing at its birth that says what to run: its cloud-config has no {Path}")]
    private partial void LogNoBirth(string machine, string path);

    [LoggerMessage(LogLevel.Error, "Control-plane machine {Machine} died")]
    private partial void LogDied(string machine, Exception e);
}
