using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.Templates;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>How many nodes are to be ready for a cluster to be what its file asks for.</summary>
internal static class AwaitedNodes
{
    /// <param name="flag">How commands about this cluster go on.</param>
    /// <param name="tell">Is told of machines that are off, and stay so until somebody starts them.</param>
    public static async Task<int> CountAsync(ClusterFile file, CloudAccess cloud, string flag, Action<ProvisionEvent> tell, CancellationToken ct)
    {
        // A control plane of plain Kubernetes has no kubelet.
        var count = file.Kubernetes.Distribution is Distribution.K3s ? file.ControlPlane.Machines : 0;
        foreach (var pool in PoolScaleSet.Of(file).GroupBy(set => set.Pool.Name).Where(pool => pool.Sum(set => set.Min) > 0))
        {
            var off = 0;
            foreach (var set in pool)
            {
                off += (await cloud.ScaleSets.MachinesAsync(file.Cloud.ComputeGroup, set.Name, ct)).Count(machine => machine.IsOff);
            }

            if (off > 0)
            {
                tell(new ProvisionEvent.Note($"{Words.Count(off, "machine")} of pool {pool.Key} {(off == 1 ? "is" : "are")} stopped and not waited for; 'ebb start{flag} {pool.Key}' starts {(off == 1 ? "it" : "them")}."));
            }

            // The controller counts what is stopped, too.
            count += Math.Max(0, pool.Sum(set => set.Min) - off);
        }

        return count;
    }
}
