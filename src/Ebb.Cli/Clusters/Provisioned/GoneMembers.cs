using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// Control-plane machines that are gone while others run. The store of k3s takes no member whose name it has already, and forgets
/// one when its node is deleted: that is to be done before a machine of the same name is made.
/// </summary>
internal sealed class GoneMembers(ClusterHome home, ILoggerFactory loggers, TimeProvider time, Action<ProvisionEvent> tell)
{
    // What cannot be reached now is not waited for: the deployment that follows may be what mends it.
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(20);

    public async Task ForgetAsync(ClusterPlan plan, CancellationToken ct)
    {
        var machines = plan.Names.ControlPlane.Select(plan.Names.ControlPlaneMachine).ToLookup(name => plan.Place.Compute.Has("Microsoft.Compute/virtualMachines", name));
        var (there, gone) = (machines[true], machines[false].ToList());
        if (!there.Any() || gone.Count == 0 || home.ReadKubeconfig() is null)
        {
            return;
        }

        using var limit = new CancellationTokenSource(Within, time);
        using var within = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var client = KubeconfigReading.Open(home.Kubeconfig, time, loggers);
            foreach (var name in gone)
            {
                if (await client.DeleteAsync(Resources.Nodes, null, name, new V1DeleteOptions(), within.Token))
                {
                    tell(new ProvisionEvent.Note($"Node '{name}', whose machine is gone, is deleted: another of its name can take its place."));
                }
            }
        }
        catch (Exception e) when (e is KubeException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            tell(new ProvisionEvent.Note(
                $"Kubernetes does not answer ({e.Message.TrimEnd('.')}): where a new machine cannot join because of a node that has its name ({string.Join(", ", gone)}), delete that with 'kubectl delete node'."));
        }
    }
}
