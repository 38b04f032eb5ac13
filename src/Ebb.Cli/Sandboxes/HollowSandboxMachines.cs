using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Controller.Joining;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>Machines whose kubelets are in this process and act pods out.</summary>
internal sealed class HollowSandboxMachines(TimeProvider time, ILoggerFactory loggers) : ISandboxMachines
{
    private readonly List<IDisposable> _held = [];
    private RemoteHollowMachines? _machines;

    public MachineKind Kind => MachineKind.Hollow;

    public int Most => int.MaxValue;

    public string? CustomDataOf(string pool) => null;

    public JoinServerOptions? Joining => null;

    public Task<IAsyncDisposable> LeadAsync(IPEndPoint joinServer) => throw new InvalidOperationException("These machines ask nobody.");

    public Task<ControlPlaneOptions> PlaceAsync(ControlPlaneOptions options, CancellationToken ct) => Task.FromResult(options);

    public async Task ServeAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, CancellationToken ct)
    {
        // Kubelets of all nodes in one: that takes more rights than any one of them has.
        var files = new PkiFiles(plane.Shape.Paths.Root);
        var kubeconfig = files.FirstKubeconfig(new Version(plane.Shape.Kubernetes.Major, plane.Shape.Kubernetes.Minor));
        var connection = KubeconfigReading.Load(kubeconfig, time);
        var http = Hold(new HttpClient(connection.Transport(null)) { BaseAddress = connection.Server, Timeout = Timeout.InfiniteTimeSpan });
        var authority = Hold(X509CertificateLoader.LoadCertificateFromFile(plane.Shape.Paths.Pki("ca.crt")));
        _machines = await RemoteHollowMachines.StartAsync(
            cloud, http, authority, new RemoteHollowOptions(), loggers.CreateLogger<RemoteHollowMachines>(), ct);
    }

    public async Task FollowAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, bool another, CancellationToken ct)
    {
        if (another)
        {
            await DisposeAsync();
            await ServeAsync(plane, cloud, azure, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_machines is not null)
        {
            await _machines.DisposeAsync();
            _machines = null;
        }

        _held.ForEach(held => held.Dispose());
        _held.Clear();
    }

    private T Hold<T>(T held)
        where T : IDisposable
    {
        _held.Add(held);
        return held;
    }
}
