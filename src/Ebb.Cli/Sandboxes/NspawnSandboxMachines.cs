using System.Net;
using System.Security.Cryptography;
using System.Text;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Supervising;
using Ebb.Cli.Sandboxes.Joining;
using Ebb.Controller.Joining;
using Ebb.Joining;
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
    private readonly AgentBirth _birth = new(Path.Combine(home.Path, "join"), new Uri(Net.Https($"{Room.Gateway}", JoinPaths.DefaultPort)));
    private Room? _room;
    private RoomForward? _door;
    private NspawnMachines? _machines;

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
            Dial = async (to, until) => await room.ConnectAsync(to, until),
        };
    }

    public async Task ServeAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, CancellationToken ct)
    {
        var room = _room ?? throw new InvalidOperationException("The control plane was not placed.");
        var shape = plane.Shape;
        _door = RoomForward.Open(room, new IPEndPoint(IPAddress.Loopback, shape.Ports.Api), new IPEndPoint(Room.Gateway, shape.Ports.Api), time);
        var parts = await MachineParts.EnsureAsync(ct);
        var options = await NspawnImage.OptionsAsync(home, parts, ct);
        _machines = await NspawnMachines.StartAsync(options, cloud, azure, room, time, loggers.CreateLogger<NspawnMachines>(), ct);
        await _birth.MakeAsync(parts.Agents, azure.AttestationRootPem + azure.AttestationIntermediatePem, time, ct);
        await AllowAsync(plane, ct);
        var authority = shape.Paths.Pki("ca.crt");
        Joining = new JoinServerOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AuthorityFile = _birth.AuthorityFile,
            CertificateFile = _birth.CertificateFile,
            KeyFile = _birth.KeyFile,
            AgentsDirectory = _birth.AgentsDirectory,
            Distribution = JoinServerOptions.Kubelet,
            Servers = [new Uri(Net.Https(shape.AdvertiseAddress, shape.Ports.Api))],
            KubernetesAuthorityFile = authority,
            NodeAuthorityFile = authority,
            AttestationRootsFile = _birth.RootsFile,
            AuditFile = _birth.AuditFile,

            // By the door out of their network all machines come from one address.
            PerAddress = new(100, 1000),
            MostConnectionsPerAddress = 1000,
            MostDownloadsPerAddress = 64,
            MostNoncesPerAddress = 1000,
        };
    }

    // Keys with which machines join are not the cluster's, and outlive what becomes of it.
    public Task FollowAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, bool another, CancellationToken ct) => AllowAsync(plane, ct);

    public string? CustomDataOf(string pool) => _birth.CustomData;

    public JoinServerOptions? Joining { get; private set; }

    public async Task<IAsyncDisposable> LeadAsync(IPEndPoint joinServer) => await RoomForward.OpenOutwardsAsync(
        _room ?? throw new InvalidOperationException("The control plane was not placed."), new IPEndPoint(Room.Gateway, JoinPaths.DefaultPort), joinServer, time);

    public async ValueTask DisposeAsync()
    {
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

        _birth.Remove();
    }

    /// <summary>Lets Ebb do in the cluster what a join server does.</summary>
    private Task AllowAsync(HostedControlPlane plane, CancellationToken ct) => plane.ApplyAsync(EbbRole.Manifests(joins: true), time, loggers, ct);
}
