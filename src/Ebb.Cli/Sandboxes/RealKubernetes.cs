using System.Net;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Backups;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Reports;
using Ebb.Controller.Joining;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>Kubernetes' own programs beside this process; their data outlive it until the sandbox is ended.</summary>
internal sealed class RealKubernetes : ISandboxKubernetes
{
    private readonly SandboxHome _home;
    private readonly ControlPlaneOptions _options;
    private readonly ISandboxMachines _machines;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly Agenda _agenda;
    private readonly Lock _writing = new();
    private HostedControlPlane? _plane;
    private AzureFace? _azure;
    private Term? _term;

    private RealKubernetes(
        SandboxHome home, SandboxSettings settings, ControlPlaneOptions options, ISandboxMachines machines, TimeProvider time, ILoggerFactory loggers)
    {
        (_home, _options, _machines, _time, _loggers) = (home, options, machines, time, loggers);
        _agenda = new Agenda(time);
        Cloud = new CloudWorld(_agenda, SandboxCluster.Options(settings).Cloud);
    }

    public KubernetesKind Kind => KubernetesKind.Real;

    public CloudWorld Cloud { get; }

    public Uri Address => Plane.Address;

    public string Kubeconfig => Plane.AdminKubeconfig;

    public string ControllerKubeconfig => Plane.EbbKubeconfig;

    public MachineKind? Machines => _machines.Kind;

    public Placement? Placement => new(_options.BindAddress, _options.Prefix);

    public int MostMachines => _machines.Most;

    private HostedControlPlane Plane => _plane ?? throw new IOException($"The control plane of sandbox '{_home.Name}' does not run. Its log is {_home.Log}.");

    public string? CustomDataOf(string pool) => _machines.CustomDataOf(pool);

    public JoinServerOptions? Joining => _machines.Joining;

    public Task<IAsyncDisposable> LeadAsync(IPEndPoint joinServer) => _machines.LeadAsync(joinServer);

    public static async Task<RealKubernetes> StartAsync(
        SandboxHome home, SandboxSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        await NspawnSandboxMachines.RemoveLeftoversAsync(home, time, ct);
        await RestorePlaces.RecoverAsync(home.Kubernetes, time);
        ISandboxMachines machines = settings.Machines is MachineKind.Nspawn
            ? new NspawnSandboxMachines(home, time, loggers)
            : new HollowSandboxMachines(time, loggers);
        try
        {
            var options = await machines.PlaceAsync(
                new ControlPlaneOptions
                {
                    Directory = home.Kubernetes,
                    Binaries = Binaries.Locate() ?? throw BinariesBuild.Missing(),
                    EtcdMembers = settings.EtcdMembers,
                    KeyAlgorithm = settings.Keys ?? KeyAlgorithm.Ecdsa,
                    Port = settings.Port,
                    ClusterName = $"ebb-{home.Name}",
                },
                ct);
            var kubernetes = new RealKubernetes(home, settings, options, machines, time, loggers);
            kubernetes.Hold(await kubernetes.StartPlaneAsync(ct));
            return kubernetes;
        }
        catch
        {
            await machines.DisposeAsync();
            throw;
        }
    }

    public Task ServeMachinesAsync(AzureFace azure, CancellationToken ct)
    {
        _azure = azure;
        return _machines.ServeAsync(Plane, Cloud, azure, ct);
    }

    public async Task RunAsync(Func<CancellationToken, Task> controller, CancellationToken ct)
    {
        await using var door = HostDoor.Open(_home.Door, RestoreAsync, _time, _loggers.CreateLogger<HostDoor>());
        while (true)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var term = _term = new Term(stop);
            try
            {
                await controller(stop.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // The cluster is being restored.
            }
            finally
            {
                term.Ended.TrySetResult();
            }

            ct.ThrowIfCancellationRequested();
            await term.Restored.Task.WaitAsync(ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // It may be in the machines' network, which goes with them.
        await DisposePlaneAsync();
        await _machines.DisposeAsync();
        _agenda.Dispose();
    }

    /// <summary>Puts the cluster back to what a backup holds.</summary>
    private async Task<string> RestoreAsync(HostRequest request, Action<string> say, CancellationToken ct)
    {
        var id = Plane.Record.Id;
        var restore = new Restore(_options, _time);
        say($"Checking {request.Restore} ...");
        var manifest = await restore.PrepareAsync(request.Restore, request.Adopt, ct);
        var term = _term ?? throw new IOException("The sandbox is still starting. Try again.");
        try
        {
            say("Stopping the control plane ...");
            await term.Stop.CancelAsync();
            await term.Ended.Task;
            await DisposePlaneAsync();
            say("Starting it with what was restored ...");
            Hold(await restore.SwapAsync(StartPlaneAsync, ct));
            var another = manifest.Cluster != id;
            await _machines.FollowAsync(Plane, Cloud, _azure!, another, ct);
            if (await Strangers.RejoinAsync(Plane.AdminKubeconfig, Cloud, another, _time, _loggers, ct) is > 0 and var count)
            {
                say($"{Words.Count(count, "machine")} that the backup does not know: made anew, to join again ...");
            }
        }
        catch (RestoreFailedException e)
        {
            Hold(e.Before);
            throw;
        }
        finally
        {
            term.Restored.TrySetResult();
        }

        return $"Sandbox '{_home.Name}' is as it was at {manifest.TakenAt:yyyy-MM-dd HH:mm:ss} UTC.";
    }

    private Task<HostedControlPlane> StartPlaneAsync(CancellationToken ct) => HostedControlPlane.StartAsync(_options, _time, _loggers, ct);

    private void Hold(HostedControlPlane plane)
    {
        _plane = plane;
        plane.Changed += Tell;
        Tell();
    }

    private async Task DisposePlaneAsync()
    {
        if (_plane is { } plane)
        {
            await plane.DisposeAsync();
            plane.Changed -= Tell;
            _plane = null;
        }
    }

    private void Tell()
    {
        lock (_writing)
        {
            try
            {
                _home.WriteComponents(Plane.Components);

                // What people use is a copy; it may have been renewed.
                if (SecretFile.Read(Plane.AdminKubeconfig) is { } admin && admin != SecretFile.Read(_home.Kubeconfig))
                {
                    _home.WriteKubeconfig(admin);
                }
            }
            catch (IOException)
            {
                // On a full disk the cluster goes on; what is shown of it is older, and the next change is tried again.
            }
        }
    }

    /// <summary>One run of the controller.</summary>
    private sealed record Term(CancellationTokenSource Stop)
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Restored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
