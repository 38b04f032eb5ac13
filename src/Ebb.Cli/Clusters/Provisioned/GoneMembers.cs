using System.Net;
using Ebb.Cli.Clusters.Provisioned.Hardware;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// Control-plane machines that are gone while others run. The store of k3s takes no member whose name it has already, and forgets
/// one when its node is deleted: that is to be done before a machine of the same name is made.
/// </summary>
internal sealed class GoneMembers(UpReach reach, Action<ProvisionEvent> tell)
{
    // What cannot be reached now is not waited for: the deployment that follows may be what mends it.
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    private string? _trouble;

    public async Task ForgetAsync(ClusterPlan plan, CancellationToken ct)
    {
        var gone = ControlPlaneParts.Missing(plan.Names, plan.Hardware.Machines);
        if (plan.Hardware.Machines.IsEmpty || gone.IsEmpty || !reach.Known())
        {
            return;
        }

        using var limit = new CancellationTokenSource(Within, reach.Time);
        using var within = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var client = reach.Open();
            foreach (var name in gone)
            {
                await ForgetAsync(client, name, within.Token);
            }
        }
        catch (Exception e) when (e is KubeException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            tell(new ProvisionEvent.Note(
                $"Kubernetes does not answer ({(_trouble ?? e.Message).TrimEnd('.')}): where a new machine cannot join because of a node that has its name ({string.Join(", ", gone)}), delete that with 'kubectl delete node'."));
        }
    }

    private async Task ForgetAsync(KubeClient client, string node, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                if (await client.DeleteAsync(Resources.Nodes, null, node, new V1DeleteOptions(), ct))
                {
                    tell(new ProvisionEvent.Note($"Node '{node}', whose machine is gone, is deleted: another of its name can take its place."));
                }

                return;
            }
            catch (KubeException e) when (e.Code is null or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError && !ct.IsCancellationRequested)
            {
                _trouble = e.Message;

                // The store may just be choosing another leader: one of its members is gone.
                await Task.Delay(AgainAfter, reach.Time, ct);
            }
        }
    }
}
