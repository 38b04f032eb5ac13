using System.Collections.Immutable;
using System.Net;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;
using Ebb.Joining;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines.Nspawn;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// Kubernetes' own programs with the cluster's own authorities, and systemd-nspawn machines that boot from what the deployment put into
/// their scale sets. All of them are in a network namespace, where the control plane has its machines' addresses.
/// </summary>
internal sealed class RealControlPlaneCluster : IControlPlaneCluster
{
    private readonly SandboxSubscription _subscription;
    private readonly ControlPlaneGround _ground;
    private readonly Room _room;
    private readonly NspawnMachines _machines;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly SemaphoreSlim _starting = new(1);
    private readonly Lock _telling = new();
    private HostedControlPlane? _plane;
    private RoomForward? _door;

    private RealControlPlaneCluster(
        SandboxSubscription subscription, ControlPlaneGround ground, Room room, NspawnMachines machines, TimeProvider time, ILoggerFactory loggers) =>
        (_subscription, _ground, _room, _machines, _time, _loggers) = (subscription, ground, room, machines, time, loggers);

    public KubernetesKind Kind => KubernetesKind.Real;

    public MachineKind? Machines => MachineKind.Nspawn;

    /// <summary>Makes the machines' network; what the cloud boots from now on boots there.</summary>
    public static async Task<RealControlPlaneCluster> CreateAsync(
        SandboxSubscription subscription, ControlPlaneGround ground, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var home = subscription.Home;
        var options = await NspawnImage.OptionsAsync(home, await MachineParts.EnsureAsync(ct), ct) with
        {
            // This process stands in for those of the control plane.
            Runs = static instance => !instance.Standalone,
        };

        // From here on there is something to remove: see NspawnSandboxMachines.RemoveLeftoversAsync.
        Directory.CreateDirectory(home.Machines, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var room = await Room.CreateAsync(options.Name, time, ct);
        try
        {
            var machines = await NspawnMachines.StartAsync(options, subscription.Face.World, subscription.Face, room, time, loggers.CreateLogger<NspawnMachines>(), ct);
            return new RealControlPlaneCluster(subscription, ground, room, machines, time, loggers);
        }
        catch
        {
            await room.DisposeAsync();
            throw;
        }
    }

    public async Task<KubernetesPlace> RunAsync(Instance machine, string? release, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct)
    {
        await _starting.WaitAsync(ct);
        try
        {
            return await ServeAsync(machine, ranges, authorities, ct);
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
            await CloseAsync();
            return await ServeAsync(machine, ranges, authorities, ct);
        }
        finally
        {
            _starting.Release();
        }
    }

    public async Task CloseAsync()
    {
        if (_door is not null)
        {
            await _door.DisposeAsync();
            _door = null;
        }

        if (_plane is { } plane)
        {
            await plane.DisposeAsync();
            plane.Changed -= Tell;
            _plane = null;
            Tell();
        }
    }

    public Task ForgetAsync()
    {
        if (Directory.Exists(_subscription.Home.Kubernetes))
        {
            Directory.Delete(_subscription.Home.Kubernetes, recursive: true);
        }

        return Task.CompletedTask;
    }

    public async Task<IAsyncDisposable> LeadAsync(Instance machine, IPEndPoint joinServer) =>
        await RoomForward.OpenOutwardsAsync(_room, new IPEndPoint(IPAddress.Parse(machine.Address), JoinPaths.DefaultPort), joinServer, _time);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await _machines.DisposeAsync();
        await _room.DisposeAsync();
        _starting.Dispose();
    }

    private async Task<KubernetesPlace> ServeAsync(Instance machine, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct)
    {
        await _room.AddAddressAsync(IPAddress.Parse(machine.Address), ct);
        if (_plane is null)
        {
            var files = new PkiFiles(_subscription.Home.Kubernetes);
            Seed(files, authorities);
            var address = await _ground.PublicAddressAsync(machine.Group, ct);
            _plane = await HostedControlPlane.StartAsync(
                new ControlPlaneOptions
                {
                    Directory = files.Directory,
                    Binaries = Binaries.Locate() ?? throw BinariesBuild.Missing(),
                    Port = ResourceNames.ApiPort,
                    BindAddress = machine.Address,
                    PublicAddress = address.Address,
                    Names = address.Name is { } name ? [name] : [],
                    Prefix = _room.LaunchPrefix,
                    Dial = async (to, until) => await _room.ConnectAsync(to, until),
                    ClusterName = _subscription.Home.Name,
                    PodRange = ranges?.Pods,
                    ServiceRange = ranges?.Services,
                    ExtraFlags = ImmutableDictionary<string, ImmutableArray<string>>.Empty.Add(
                        KubeControllers.Name,
                        [$"--cluster-signing-cert-file={authorities.ClientCertificate}", $"--cluster-signing-key-file={authorities.Of("client-ca.key")}"]),
                },
                _time,
                _loggers,
                ct);
            _plane.Changed += Tell;
            Tell();
            _door = RoomForward.Open(
                _room, new IPEndPoint(IPAddress.Parse(address.Address!), ResourceNames.ApiPort), new IPEndPoint(IPAddress.Parse(machine.Address), ResourceNames.ApiPort), _time);
            await _plane.ApplyAsync(EbbRole.Manifests(joins: true), _time, _loggers, ct);
        }

        return new KubernetesPlace(_plane.Address, new Uri(Net.Https(_plane.Shape.AdvertiseAddress, _plane.Shape.Ports.Api)));
    }

    /// <summary>For 'ebb status', which is another process.</summary>
    private void Tell()
    {
        lock (_telling)
        {
            try
            {
                _subscription.Home.WriteComponents(_plane?.Components ?? []);
            }
            catch (IOException)
            {
                // On a full disk the cluster goes on; what is shown of it is older, and the next change is tried again.
            }
        }
    }

    /// <summary>
    /// The cluster's authorities under kubeadm's names. Where kubeadm has one authority k3s has two, for servers and for clients: the first
    /// is the one that signs here, and clients of both are known.
    /// </summary>
    private static void Seed(PkiFiles files, KubernetesAuthorities authorities)
    {
        files.CreateDirectories();
        Write(files.Key(PkiFiles.ClusterAuthority), "server-ca.key");
        Write(files.Certificate(PkiFiles.ClusterAuthority), "server-ca.crt", "client-ca.crt");
        foreach (var (to, from) in new[] { (PkiFiles.FrontProxyAuthority, "request-header-ca"), (PkiFiles.EtcdAuthority, "etcd/server-ca") })
        {
            Write(files.Key(to), from + ".key");
            Write(files.Certificate(to), from + ".crt");
        }

        Write(files.ServiceAccountKey, "service.key");

        void Write(string path, params string[] names)
        {
            var content = string.Concat(names.Select(name => File.ReadAllText(authorities.Of(name))));
            if (SecretFile.Read(path) != content)
            {
                SecretFile.Write(path, content);
            }
        }
    }
}
