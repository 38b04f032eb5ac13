using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.ControlPlane.Supervising;
using Ebb.Cli.Provisioning;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines.Nspawn;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>
/// Machines with a Linux of their own, each with a real kubelet. They and the control plane are in a network namespace of the
/// sandbox's own; its API is reached from outside by a door on the loopback interface.
/// </summary>
internal sealed class NspawnSandboxMachines(SandboxHome home, TimeProvider time, ILoggerFactory loggers) : ISandboxMachines
{
    private const string Images = "/usr/lib/ebb/images";
    private const string Kubelet = "kubelet";

    private CancellationTokenSource _end = new();
    private Room? _room;
    private RoomForward? _door;
    private NspawnMachines? _machines;
    private KubeClient? _admin;
    private Task _renewing = Task.CompletedTask;
    private Func<string, string>? _compose;

    public MachineKind Kind => MachineKind.Nspawn;

    public int Most => NspawnSupport.MostMachines();

    /// <summary>What the host knows the sandbox by: two users, or two state directories, may each have one of the same name.</summary>
    public static string HostName(string name, string home) =>
        $"{name}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(home)))[..6]}";

    /// <summary>Removes what a sandbox that was killed left running. Nothing happens where there is nothing.</summary>
    public static async Task RemoveLeftoversAsync(SandboxHome home, TimeProvider time, CancellationToken ct)
    {
        if (Directory.Exists(home.Machines))
        {
            // Those can still end in order; what else is in the machines' network cannot.
            await Leftovers.EndAsync(new ControlPlaneDirectory(home.Kubernetes).Marks, time);
            await NspawnMachines.RemoveLeftoversAsync(HostName(home.Name, home.Path), home.Machines, time, ct);
        }
    }

    public async Task<ControlPlaneOptions> PlaceAsync(ControlPlaneOptions options, CancellationToken ct)
    {
        // From here on there is something to remove: see RemoveLeftoversAsync.
        Directory.CreateDirectory(home.Machines, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var room = await Room.CreateAsync(HostName(home.Name, home.Path), time, ct);
        _room = room;
        return options with
        {
            BindAddress = $"{Room.Gateway}",
            PublicAddress = $"{IPAddress.Loopback}",
            Prefix = room.LaunchPrefix,
            Dial = async (to, until) =>
            {
                var socket = await room.SocketAsync();
                try
                {
                    await socket.ConnectAsync(to, until);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
    }

    public async Task ServeAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, CancellationToken ct)
    {
        var room = _room ?? throw new InvalidOperationException("The control plane was not placed.");
        var shape = plane.Shape;
        _door = RoomForward.Open(room, shape.Ports.Api, new IPEndPoint(Room.Gateway, shape.Ports.Api), time);
        var parts = await MachineParts.EnsureAsync(ct);
        var binaries = Binaries.Locate() ?? throw BinariesBuild.Missing();
        var kubelet = await binaries.VersionAsync(Kubelet, time, ct);
        var options = new NspawnOptions
        {
            Name = HostName(home.Name, home.Path),
            Directory = home.Machines,
            BaseRoot = parts.Root,
            Shared = [new SharedPath(binaries.Of(Kubelet), "/usr/local/bin/kubelet"), new SharedPath(parts.Images, Images)],
        };
        _machines = await NspawnMachines.StartAsync(options, cloud, azure, room, time, loggers.CreateLogger<NspawnMachines>(), ct);
        await ProvisionAsync(plane, cloud, kubelet, ct);
    }

    public async Task FollowAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, bool another, CancellationToken ct)
    {
        await EndRenewingAsync();
        _admin?.Dispose();
        await ProvisionAsync(plane, cloud, await (Binaries.Locate() ?? throw BinariesBuild.Missing()).VersionAsync(Kubelet, time, ct), ct);
        Publish(cloud);
    }

    public string? CustomDataOf(string pool) => Convert.ToBase64String(Encoding.UTF8.GetBytes(
        (_compose ?? throw new InvalidOperationException("Machines are not served yet."))(pool)));

    public async ValueTask DisposeAsync()
    {
        await EndRenewingAsync();
        if (_machines is not null)
        {
            await _machines.DisposeAsync();
        }

        if (_door is not null)
        {
            await _door.DisposeAsync();
        }

        if (_room is not null)
        {
            await _room.DisposeAsync();
        }

        _admin?.Dispose();
    }

    /// <summary>From now on machines are made with what lets them join this control plane.</summary>
    private async Task ProvisionAsync(HostedControlPlane plane, CloudWorld cloud, ReleaseVersion kubelet, CancellationToken ct)
    {
        var shape = plane.Shape;
        var kubeconfig = new PkiFiles(shape.Paths.Root).FirstKubeconfig(new Version(shape.Kubernetes.Major, shape.Kubernetes.Minor));
        var connection = new Kubeconfig(Yaml.ToJson, Environment.GetEnvironmentVariable, time).Load(kubeconfig, null);
        _admin = new KubeClient(connection, time, loggers.CreateLogger<KubeClient>());
        var authority = await File.ReadAllTextAsync(shape.Paths.Pki("ca.crt"), ct);
        var server = new Uri(Net.Https(shape.AdvertiseAddress, shape.Ports.Api));
        var userData = new PoolUserData(
            new BootstrapTokens(_admin, time),
            (token, _) =>
            {
                Hold(token);
                Publish(cloud);
                return Task.CompletedTask;
            },
            time,
            new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
            loggers.CreateLogger<PoolUserData>());
        Hold(await userData.FirstAsync(ct));
        _renewing = userData.RunAsync(_end.Token);

        void Hold(BootstrapToken token) => _compose = pool => UserData.Compose(new NodeSetup
        {
            Server = server,
            AuthorityPem = authority,
            Token = token,
            Kubernetes = kubelet,
            Pool = pool,
            Runtime = new NodeRuntime
            {
                // systemd on such a machine does not own the control groups that it sees.
                CgroupDriver = "cgroupfs",
                PauseImage = "ebb.local/pause:1",
                ImageArchives = Images,
                RestrictOomScore = !NspawnSupport.MayRaisePriority(),
            },
        });
    }

    private async Task EndRenewingAsync()
    {
        await _end.CancelAsync();
        try
        {
            await _renewing;
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }

        _end.Dispose();
        _end = new CancellationTokenSource();
    }

    /// <summary>Machines that are made from now on join with the token that is held now.</summary>
    private void Publish(CloudWorld cloud)
    {
        foreach (var set in cloud.ScaleSets)
        {
            var body = new JsonObject
            {
                ["location"] = set.Location,
                ["properties"] = new JsonObject
                {
                    ["virtualMachineProfile"] = new JsonObject { ["osProfile"] = new JsonObject { ["customData"] = CustomDataOf(set.Name) } },
                },
            };
            if (cloud.CreateOrUpdateScaleSet(set.Group, set.Name, body, patch: true).Error is { } error)
            {
                throw new IOException($"The cloud did not take the user data of pool '{set.Name}': {error.Message}");
            }
        }
    }
}
