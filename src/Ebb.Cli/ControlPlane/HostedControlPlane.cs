using System.Collections.Immutable;
using System.Security.Cryptography;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Backups;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.ControlPlane.Supervising;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.ControlPlane;

/// <summary>
/// A real Kubernetes control plane as processes of this machine: etcd, API server, controller manager, scheduler. Its data stay
/// in its directory, whatever ends it; starting it again takes them up.
/// </summary>
internal sealed class HostedControlPlane : IAsyncDisposable
{
    // Seconds on a quiet machine; a laden one with cold disks takes several times that.
    private static readonly TimeSpan StageWithin = TimeSpan.FromMinutes(2);

    private readonly FileStream _lock;
    private readonly Supervisor _supervisor;
    private readonly CancellationTokenSource _stop = new();
    private Task _renewing = Task.CompletedTask;

    private HostedControlPlane(FileStream held, Supervisor supervisor, ControlPlaneShape shape, ClusterRecord record, Uri address)
    {
        _lock = held;
        _supervisor = supervisor;
        Shape = shape;
        Record = record;
        Address = address;
        supervisor.Changed += () => Changed?.Invoke();
    }

    /// <summary>A component came into another condition. Raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>Where people and Ebb reach the API.</summary>
    public Uri Address { get; }

    public string AdminKubeconfig => Shape.Paths.Admin;

    /// <summary>Ebb's own, with the rights that it needs and no others.</summary>
    public string EbbKubeconfig => Shape.Paths.Kubeconfig("ebb");

    public ControlPlaneShape Shape { get; }

    public ClusterRecord Record { get; }

    public ImmutableArray<ComponentState> Components => _supervisor.States;

    /// <summary>Starts it, and answers once every component works.</summary>
    /// <exception cref="EbbException">A program, a port or the directory does not do; says what would.</exception>
    /// <exception cref="IOException">A component cannot start; says why.</exception>
    public static async Task<HostedControlPlane> StartAsync(
        ControlPlaneOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var directory = new ControlPlaneDirectory(options.Directory);
        directory.Create();
        var held = directory.Lock();
        Supervisor? supervisor = null;
        try
        {
            await Leftovers.EndAsync(directory.Marks, time);
            var versions = await Versions.ReadAsync(options.Binaries, time, ct);
            var record = directory.Settle(options, versions, time);
            var shape = Shaping.Shape(options, directory.Paths, record, versions);
            var address = Shaping.Address(options, record);
            var pki = Shaping.Pki(options, shape, address);
            ClusterPki.Ensure(directory.Path, pki, time);
            var launching = new Launching(options.Binaries, options.Prefix, options.Dial, directory.Marks, shape.Paths.Logs);
            var specs = ComponentSpecs.Of(shape);
            supervisor = new Supervisor(
                specs, launching, time, new Random(RandomNumberGenerator.GetInt32(int.MaxValue)), loggers);
            var plane = new HostedControlPlane(held, supervisor, shape, record, address);
            var renewals = plane.TakingUpOf(specs, () => ClusterPki.Ensure(directory.Path, pki, time), time, loggers);
            await plane.StartAsync(options.Dial, time, loggers, ct);
            plane._renewing = renewals.RunAsync(plane._stop.Token);
            return plane;
        }
        catch
        {
            if (supervisor is not null)
            {
                await supervisor.DisposeAsync();
            }

            await held.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes more objects in the cluster, or brings them to this.</summary>
    public async Task ApplyAsync(IEnumerable<Manifest> manifests, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var kubeconfig = new PkiFiles(Shape.Paths.Root).FirstKubeconfig(new Version(Shape.Kubernetes.Major, Shape.Kubernetes.Minor));
        using var admin = KubeconfigReading.Open(kubeconfig, time, loggers);
        foreach (var manifest in manifests)
        {
            await manifest.ApplyAsync(admin, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewing;
        _stop.Dispose();
        await _supervisor.DisposeAsync();
        await _lock.DisposeAsync();
    }

    private TakingUp TakingUpOf(ImmutableArray<ComponentSpec> specs, Action ensure, TimeProvider time, ILoggerFactory loggers) => new(
        [.. specs.Select(spec => (spec.Name, spec.Files))],
        new PkiFiles(Shape.Paths.Root),
        new TakingUpActions(
            ensure,
            (name, ct) => _supervisor.RestartAsync(name, "its keys or settings changed", StageWithin, ct),
            name => Components.Single(component => component.Name == name).Condition is Condition.Healthy),
        time,
        loggers.CreateLogger<TakingUp>());

    private async Task StartAsync(Dial? dial, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        await _supervisor.StartAsync(StartStage.Store, StageWithin, ct);
        if (Record.RevisionFloor > 0)
        {
            using var revisions = new EtcdRevisions(Shape, 0, dial);
            await revisions.RaiseAsync(Record.RevisionFloor, ct);
        }

        await _supervisor.StartAsync(StartStage.Api, StageWithin, ct);
        await Task.WhenAll(
            _supervisor.StartAsync(StartStage.Control, StageWithin, ct),
            ApplyObjectsAsync(dial, time, loggers, ct));
    }

    private async Task ApplyObjectsAsync(Dial? dial, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var kubernetes = new Version(Shape.Kubernetes.Major, Shape.Kubernetes.Minor);
        var authority = Shape.Paths.Pki("ca.crt");
        var kubeconfig = new PkiFiles(Shape.Paths.Root).FirstKubeconfig(kubernetes);
        var machinesReach = new Uri(Net.Https(Shape.AdvertiseAddress, Shape.Ports.Api));

        // Where components are, rather than where people reach them: that way may not be open yet.
        var connection = KubeconfigReading.Load(kubeconfig, time);
        var near = connection with
        {
            Server = new Uri(Net.Https(Shape.BindAddress, Shape.Ports.Api)),
            Transport = certificate => PinnedHttp.Through(dial, connection.Transport(certificate)),
        };
        using var admin = new KubeClient(near, time, loggers.CreateLogger<KubeClient>());
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        await BootstrapObjects.ApplyAsync(admin, machinesReach, await File.ReadAllTextAsync(authority, ct), kubernetes, time, random, ct);
        await AccountAsync(admin, time, random, ct);
    }

    /// <summary>Until the controller manager has made the account that pods run as, a pod that a person creates is refused.</summary>
    private static async Task AccountAsync(KubeClient admin, TimeProvider time, Random random, CancellationToken ct)
    {
        var accounts = new Resource<V1Any>("v1", "serviceaccounts");
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), time, random);
        var started = time.GetTimestamp();
        while (await admin.FindAsync(accounts, "default", "default", ct) is null && time.GetElapsedTime(started) < StageWithin)
        {
            await backoff.FailedAsync(ct);
        }
    }
}
