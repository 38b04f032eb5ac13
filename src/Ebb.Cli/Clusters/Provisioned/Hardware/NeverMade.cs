using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>
/// Control-plane machines that Azure could not make, for want of room say. It keeps them as they were asked for, and asks for just that
/// again: they are deleted instead, and made as the file says by then. That one holds nothing is beyond doubt, or it is left alone: one
/// that ran and found no room when it was started again looks the same by itself.
/// </summary>
internal sealed class NeverMade(ResourceNames names, CloudAccess cloud)
{
    /// <returns>Those of the machines of which all of this is so: Azure could not place it; the last deployment made it, and failed at it; it has never reported.</returns>
    public async Task<ImmutableArray<string>> OfAsync(ClusterPlace place, IReadOnlyList<VirtualMachine> machines, CancellationToken ct)
    {
        var group = names.Cluster.Cloud.ComputeGroup;
        if (place.Compute.Last is not { Ended: true, Succeeded: false, At: { } ended, Took: { } took }
            || machines.Where(machine => machine.Unplaced && machine.MadeAt >= ended - took).Select(machine => machine.Name).ToList() is not { Count: > 0 } unplaced)
        {
            return [];
        }

        var failed = (await cloud.Deployments.StepsAsync(group, place.Compute.Last.Name, ct))
            .Where(step => step.Fault is not null && ControlPlaneParts.MachineType.Equals(step.Type, StringComparison.OrdinalIgnoreCase))
            .Select(step => step.Name ?? "")
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

        // A machine reports before it begins to hold anything. A share that is not as 'ebb up' leaves it tells nothing.
        if (await OrdersShare.OpenAsync(cloud, names, cloud.Arm.Time, ClusterSession.NewRandom(), ct) is not { } share || !await share.IsFilledAsync(ct))
        {
            return [];
        }

        var never = ImmutableArray.CreateBuilder<string>();
        foreach (var name in unplaced.Where(failed.Contains))
        {
            if (!await share.HasReportAsync(name, ct))
            {
                never.Add(name);
            }
        }

        return never.ToImmutable();
    }
}
