using System.Collections.Immutable;
using Ebb.Kubernetes;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>The step of 'ebb up' and 'ebb upgrade' in which the control plane's machines become what lies on the share.</summary>
internal static class ControlPlaneStep
{
    private const string Step = "control-plane";

    private const string What = "Control plane, machine by machine";

    /// <param name="plan">Carried out as far as the share goes.</param>
    public static async Task RunAsync(
        CloudAccess cloud, KubeClient client, ClusterPlan plan, bool force, TimeProvider time, Random random, Action<ProvisionEvent> tell, CancellationToken ct)
    {
        tell(new ProvisionEvent.Began(Step, What));
        var started = time.GetTimestamp();
        var share = await OrdersShare.RequireAsync(cloud, plan.Names, time, random, ct);
        var changed = await new RollingOut(share, cancel => ReadyNodesAsync(client, cancel), time, tell) { First = plan.ControlPlane!.First }
            .RunAsync(plan.ControlPlane.Orders.Generation, plan.ControlPlane.Names, force, ct);
        tell(new ProvisionEvent.Ended(Step, What, changed, time.GetElapsedTime(started)));
    }

    private static async Task<IReadOnlySet<string>> ReadyNodesAsync(KubeClient client, CancellationToken ct) =>
        (await client.ListAsync(Resources.Nodes, new Selection(), fromCache: false, ct)).Items
            .Where(node => node.IsReady())
            .Select(node => node.Metadata.Name)
            .ToImmutableHashSet(StringComparer.OrdinalIgnoreCase);
}
