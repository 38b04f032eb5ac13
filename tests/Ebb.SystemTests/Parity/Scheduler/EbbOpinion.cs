using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Growing;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Scheduling;
using Causes = Ebb.Scheduling.Causes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Asks Ebb's own predicates, by the way that the planner takes.</summary>
internal static class EbbOpinion
{
    public static Opinion Of(Moment moment, SchedulerRules rules)
    {
        var state = new ClusterState();
        state.Heed(rules);
        Feed<V1Namespace>(moment.Namespaces);
        Feed<V1StorageClass>(moment.StorageClasses);
        Feed<V1PersistentVolume>(moment.Volumes);
        Feed<V1PersistentVolumeClaim>(moment.Claims);
        Feed<V1Node>(moment.Nodes);
        Feed<V1Pod>(moment.Pods.Add(moment.Pod));
        var cloud = new CloudView { ReadAt = default, Complete = true, Pools = [] };
        var snapshot = state.Take(DateTimeOffset.UnixEpoch, cloud, ImmutableDictionary<string, string>.Empty);
        if (Assert.Single(snapshot.Pending).Class.Blocked is { } blocked)
        {
            return new Opinion { Fits = [], Causes = ImmutableSortedDictionary<string, int>.Empty, Blocked = blocked };
        }

        var draft = new Draft(snapshot, new Policy());
        var demand = new Demand(draft);
        var placement = new Placement(draft, demand);
        var group = Assert.Single(demand.Groups);
        Assert.Equal(moment.Nodes.Length, placement.Ready.Count);
        var fits = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        var causes = new List<string>();
        foreach (var room in placement.Ready)
        {
            List<string> here = [.. FirstCauses(group, room, placement.Dimensions)];
            causes.AddRange(here);
            if (room.Fit(group.Class) == Causes.None && Placement.Fits(group, room))
            {
                fits.Add(room.Name);
            }

            Assert.Equal(fits.Contains(room.Name), here.Count == 0);
        }

        return new Opinion { Fits = fits.ToImmutable(), Causes = Wording.Count(causes) };

        void Feed<T>(IEnumerable<JsonObject> objects)
            where T : V1Object => state.Replace([.. objects.Select(one => KubeJson.Read<T>(Encoding.UTF8.GetBytes(one.ToJsonString())))]);
    }

    /// <summary>Ebb knows all causes of a node; the scheduler tells those of the filter that it came to first.</summary>
    private static List<string> FirstCauses(PodGroup group, Room room, Dimensions dimensions)
    {
        var causes = room.Fit(group.Class);
        if (causes.HasFlag(Causes.Cordoned))
        {
            return [Cause.Unschedulable];
        }

        if (causes.HasFlag(Causes.Taint))
        {
            return [Cause.Taint];
        }

        if (causes.HasFlag(Causes.Selector))
        {
            return [Cause.Selector];
        }

        if (!room.PortsFree(group.Class))
        {
            return [Cause.Ports];
        }

        List<string> lacking = [.. Lacking(group, room, causes, dimensions)];
        if (lacking.Count > 0)
        {
            return lacking;
        }

        if (causes.HasFlag(Causes.Volume))
        {
            return [Cause.Volume];
        }

        var around = group.Topology?.Check(room.Labels) ?? Causes.None;
        return around.HasFlag(Causes.Spread) ? [Cause.Spread]
            : around.HasFlag(Causes.Affinity) ? [Cause.Affinity]
            : around.HasFlag(Causes.AntiAffinity) ? [Cause.AntiAffinity]
            : [];
    }

    private static IEnumerable<string> Lacking(PodGroup group, Room room, Causes causes, Dimensions dimensions)
    {
        string[] names = ["cpu", "memory", "ephemeral-storage", "pods", .. dimensions.Extended];
        Causes[] overcommitted = [Causes.Cpu, Causes.Memory, Causes.EphemeralStorage];
        for (var i = 0; i < names.Length; i++)
        {
            if ((group.Need[i] > 0 && group.Need[i] > room.Free[i]) || (i < 3 && causes.HasFlag(overcommitted[i])))
            {
                yield return names[i] == "pods" ? Cause.TooManyPods : Cause.Insufficient + names[i];
            }
        }
    }
}
