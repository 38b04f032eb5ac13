using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>Kubernetes' own programs beside this process; their data outlive it until the sandbox is ended.</summary>
internal sealed class RealKubernetes : ISandboxKubernetes
{
    private readonly Agenda _agenda;
    private readonly HostedControlPlane _plane;
    private readonly ISandboxMachines _machines;
    private readonly Lock _writing = new();
    private readonly SandboxHome _home;

    private RealKubernetes(SandboxHome home, Agenda agenda, CloudWorld cloud, HostedControlPlane plane, ISandboxMachines machines)
    {
        (_home, _agenda, _plane, _machines, Cloud) = (home, agenda, plane, machines, cloud);
        plane.Changed += Tell;
    }

    public KubernetesKind Kind => KubernetesKind.Real;

    public CloudWorld Cloud { get; }

    public Uri Address => _plane.Address;

    public string Kubeconfig => _plane.AdminKubeconfig;

    public string ControllerKubeconfig => _plane.EbbKubeconfig;

    public MachineKind? Machines => _machines.Kind;

    public int MostMachines => _machines.Most;

    public string? CustomDataOf(string pool) => _machines.CustomDataOf(pool);

    public static async Task<RealKubernetes> StartAsync(
        SandboxHome home, SandboxSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var options = new ControlPlaneOptions
        {
            Directory = home.Kubernetes,
            Binaries = Binaries.Locate() ?? throw BinariesBuild.Missing(),
            EtcdMembers = settings.EtcdMembers,
            Port = settings.Port,
            ClusterName = $"ebb-{home.Name}",
        };
        await NspawnSandboxMachines.RemoveLeftoversAsync(home, time, ct);
        ISandboxMachines machines = settings.Machines is MachineKind.Nspawn
            ? new NspawnSandboxMachines(home, time, loggers)
            : new HollowSandboxMachines(time, loggers);
        try
        {
            var plane = await HostedControlPlane.StartAsync(await machines.PlaceAsync(options, ct), time, loggers, ct);
            var agenda = new Agenda(time);
            var kubernetes = new RealKubernetes(home, agenda, new CloudWorld(agenda, SandboxCluster.Options(settings).Cloud), plane, machines);
            kubernetes.Tell();
            home.WriteKubeconfig(await File.ReadAllTextAsync(plane.AdminKubeconfig, ct));
            return kubernetes;
        }
        catch
        {
            await machines.DisposeAsync();
            throw;
        }
    }

    public Task ServeMachinesAsync(AzureFace azure, CancellationToken ct) => _machines.ServeAsync(_plane, Cloud, azure, ct);

    public async ValueTask DisposeAsync()
    {
        _plane.Changed -= Tell;

        // It may be in the machines' network, which goes with them.
        await _plane.DisposeAsync();
        await _machines.DisposeAsync();
        _agenda.Dispose();
    }

    private void Tell()
    {
        lock (_writing)
        {
            try
            {
                _home.WriteComponents(_plane.Components);

                // What people use is a copy; it may have been renewed.
                if (SecretFile.Read(_plane.AdminKubeconfig) is { } admin && admin != SecretFile.Read(_home.Kubeconfig))
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
}
