using Ebb.Cli.Clusters;
using Ebb.Kubernetes;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>
/// Machines that joined after a backup was taken: the cluster that is restored from it does not know them, and a kubelet that has
/// joined once does not do so again.
/// </summary>
internal static class Strangers
{
    /// <summary>Makes them anew, so that they join.</summary>
    /// <param name="all">Whether the cluster has become another, which knows none of them.</param>
    /// <returns>How many there were.</returns>
    public static async Task<int> RejoinAsync(string kubeconfig, CloudWorld cloud, bool all, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        using var client = KubeconfigReading.Open(kubeconfig, time, loggers);
        var nodes = await client.ListAsync(Resources.Nodes, new Selection(), fromCache: false, ct);
        var known = nodes.Items.Select(node => node.Spec?.ProviderID ?? "").ToHashSet(StringComparer.OrdinalIgnoreCase);
        var count = 0;
        foreach (var pool in cloud.ScaleSets)
        {
            var strangers = pool.Instances.Values.Where(machine => all || (machine.GuestUp && !known.Contains(machine.ProviderId))).Select(machine => machine.Id).ToList();
            if (strangers.Count > 0)
            {
                count += strangers.Count;
                cloud.Upgrade(pool.Group, pool.Name, strangers);
                cloud.Reimage(pool.Group, pool.Name, strangers);
            }
        }

        return count;
    }
}
