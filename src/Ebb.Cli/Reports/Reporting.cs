using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Cli.Reports;

/// <summary>Puts a snapshot and its plan into the words of a report.</summary>
internal static class Reporting
{
    /// <param name="server">The release that the API server says it is; null when it was not asked.</param>
    public static StatusReport Report(Snapshot snapshot, Plan plan, string kubernetes, string cloud, string? controller, string? server = null)
    {
        var machines = Machines(snapshot, plan);
        return new StatusReport
        {
            At = snapshot.Now,
            Cluster = new ClusterReport
            {
                Kubernetes = kubernetes,
                Releases = Releases(snapshot, server),
                Cloud = cloud,
                Nodes = snapshot.Nodes.Length,
                NodesReady = snapshot.Nodes.Count(n => n.Ready),
                Unready = Unready(snapshot),
                PodsRunning = snapshot.Nodes.Sum(n => n.Pods.Count(p => p.Phase is PodPhase.Running)),
                PodsPending = snapshot.Pending.Length,
                Controller = controller,
                Trouble = snapshot.Cloud.Trouble,
            },
            Pools = [.. snapshot.Cloud.Pools.Select(view => Of(view, plan, machines))],
            Machines = machines,
            Pending =
            [
                .. plan.Reasons.Pods.Where(group => !group.Pods.IsEmpty).Select(group => new PendingReport
                {
                    Count = group.Pods.Length,
                    First = group.Pods[0].ToString(),
                    Reason = group.Reason,
                }),
            ],
        };
    }

    /// <summary>Work on a node: what neither a DaemonSet nor the kubelet itself put there, and has not finished.</summary>
    public static IEnumerable<Pod> Work(Node node) =>
        node.Pods.Where(pod => !pod.Finished && !pod.Mirror && pod.Owner is not { Kind: "DaemonSet" });

    private static ImmutableArray<string> Releases(Snapshot snapshot, string? server)
    {
        var found = snapshot.Nodes
            .Where(node => node.Shape.Labels.ContainsKey("node-role.kubernetes.io/control-plane") && node.KubeletVersion.Length > 0)
            .Select(node => node.KubeletVersion)
            .Distinct()
            .OrderBy(release => K3sRelease.Parse(release) ?? default)
            .ThenBy(release => release, StringComparer.Ordinal)
            .ToImmutableArray();
        return !found.IsEmpty ? found : server is null ? [] : [server];
    }

    private static ImmutableArray<UnreadyReport> Unready(Snapshot snapshot)
    {
        // As somebody wanted it.
        var off = snapshot.Cloud.Pools.SelectMany(view => view.Machines)
            .Where(machine => machine.State is MachineState.Stopped or MachineState.Deallocated or MachineState.Stopping or MachineState.Deleting)
            .Select(machine => machine.ProviderId)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. from node in snapshot.Nodes
               where !node.Ready && !off.Contains(node.ProviderId)
               orderby node.ReadyChangedAt ?? DateTimeOffset.MaxValue, node.Name
               select new UnreadyReport(node.Name, node.ReadyChangedAt),
        ];
    }

    private static PoolReport Of(PoolView view, Plan plan, ImmutableArray<MachineReport> machines)
    {
        var pool = view.Pool;
        return new PoolReport
        {
            Name = pool.Name,
            PartOf = pool.PartOf,
            Size = pool.Size,
            Priority = pool.Priority is Priority.Spot ? "spot" : "regular",
            Min = pool.Min,
            Max = pool.Max,
            IdleAfterSeconds = pool.IdleAfter.TotalSeconds,
            PricePerHour = pool.PricePerHour,
            Zones = pool.Zones,
            Capacity = view.Capacity,
            Machines = machines.Where(m => m.Pool == pool.Name).GroupBy(m => m.State)
                .ToImmutableSortedDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal),
            Reason = plan.Reasons.Pools.GetValueOrDefault(pool.Name, ""),
            Problem = pool.Problem,
        };
    }

    private static ImmutableArray<MachineReport> Machines(Snapshot snapshot, Plan plan)
    {
        var nodes = snapshot.Nodes.Where(n => n.ProviderId.Length > 0)
            .GroupBy(n => n.ProviderId, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => g.First(), StringComparer.OrdinalIgnoreCase);
        return
        [
            .. from view in snapshot.Cloud.Pools
               from machine in view.Machines
               let node = nodes.GetValueOrDefault(machine.ProviderId)
               select new MachineReport
               {
                   Pool = machine.Pool,
                   Name = machine.Name,
                   Id = machine.Id,
                   State = State(machine, node),
                   PoweredOff = machine.State is MachineState.Stopped,
                   Node = node?.Name,
                   Release = node is { KubeletVersion: { Length: > 0 } release } ? release : null,
                   Zone = machine.Zone,
                   CreatedAt = machine.CreatedAt,
                   Pods = node is null ? 0 : Work(node).Count(),
                   Reason = (node is null
                       ? plan.Reasons.Machines.GetValueOrDefault(machine.Name)
                       : plan.Reasons.Nodes.GetValueOrDefault(node.Name)) ?? "",
               },
        ];
    }

    private static string State(Machine machine, Node? node) => machine.State switch
    {
        MachineState.Failed => "failed",
        MachineState.Deleting or MachineState.Stopping => "leaving",
        MachineState.Stopped or MachineState.Deallocated => "stopped",
        _ when node is null => machine.State is MachineState.Unknown ? "unknown" : "booting",
        _ when node.Shape.Taints.Any(t => t is { Key: Marks.Retiring, Effect: TaintEffect.NoSchedule }) => "retiring",
        _ when !node.Ready => "unready",
        _ => Work(node).Any() ? "busy" : "idle",
    };
}
