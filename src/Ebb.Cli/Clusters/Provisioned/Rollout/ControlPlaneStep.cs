using System.Collections.Immutable;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>The step of 'ebb up' and 'ebb upgrade' in which the control plane's machines become what lies on the share.</summary>
internal static class ControlPlaneStep
{
    private const string Step = "control-plane";

    private const string What = "Control plane, machine by machine";

    /// <param name="plan">Carried out as far as the share goes.</param>
    /// <returns>Whether there was anything to do.</returns>
    public static async Task<bool> RunAsync(ClusterSession session, ClusterPlan plan, bool force, ILoggerFactory loggers, Action<ProvisionEvent> tell, CancellationToken ct)
    {
        tell(new ProvisionEvent.Began(Step, What));
        var started = ClusterSession.Time.GetTimestamp();
        var share = await OrdersShare.RequireAsync(session.Cloud, plan.Names, ClusterSession.Time, ClusterSession.NewRandom(), ct);
        using var client = KubeconfigReading.Open(session.Home.Kubeconfig, ClusterSession.Time, loggers);
        var changed = await new RollingOut(share, cancel => ReadyNodesAsync(client, cancel), ClusterSession.Time, tell)
            .RunAsync(plan.ControlPlane!.Orders.Generation, plan.ControlPlane.Names, force, ct);
        tell(new ProvisionEvent.Ended(Step, What, changed, ClusterSession.Time.GetElapsedTime(started)));
        return changed;
    }

    private static async Task<IReadOnlySet<string>> ReadyNodesAsync(KubeClient client, CancellationToken ct) =>
        (await client.ListAsync(Resources.Nodes, new Selection(), fromCache: false, ct)).Items
            .Where(node => node.IsReady())
            .Select(node => node.Metadata.Name)
            .ToImmutableHashSet(StringComparer.OrdinalIgnoreCase);
}
