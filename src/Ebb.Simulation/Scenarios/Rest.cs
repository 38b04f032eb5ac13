using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Worlds;

namespace Ebb.Simulation.Scenarios;

/// <summary>Whether a world has come to rest: all work done that can be done, and no machine kept for nothing.</summary>
internal static class Rest
{
    /// <summary>What is still to be done; empty once all is at rest.</summary>
    public static IReadOnlyList<string> Missing(World world, IReadOnlySet<string> impossible) =>
        [.. Work(world, impossible).Concat(Machines(world)).Take(12)];

    private static IEnumerable<string> Work(World world, IReadOnlySet<string> impossible)
    {
        var store = world.Kubernetes.Store;
        foreach (var pod in store.List(Kinds.Pod).Select(found => KubeJson.Read<V1Pod>(found.Utf8.Span)))
        {
            var owner = pod.Metadata.OwnerReferences is [var first, ..] ? first : null;
            if (owner?.Kind != "DaemonSet"
                && pod.Status?.Phase is not ("Succeeded" or "Failed")
                && !impossible.Contains(owner?.Name ?? pod.Metadata.Name))
            {
                yield return $"pod {pod.Metadata.Name} is {pod.Status?.Phase} on '{pod.Spec.NodeName}'";
            }
        }

        foreach (var job in store.List(Kinds.Job).Where(job => !impossible.Contains(job.Name)))
        {
            if (((int?)job.Json["status"]?["succeeded"] ?? 0) < (int)job.Json["spec"]!["completions"]!)
            {
                yield return $"job {job.Name} is not done";
            }
        }
    }

    private static IEnumerable<string> Machines(World world)
    {
        var nodes = world.Kubernetes.Store.List(Kinds.Node).Select(node => node.Name).ToHashSet();
        foreach (var set in world.Cloud.ScaleSets)
        {
            var least = PoolPromise.AtRest(set.Tags);
            Instance[] kept = [.. set.Instances.Values.Where(instance => instance.Provisioning != ProvisioningState.Deleting)];
            if (kept.Length != least)
            {
                yield return $"pool {set.Name} has {kept.Length} machines and keeps {least}";
            }

            foreach (var machine in kept)
            {
                if (!nodes.Remove(World.NodeName(machine)))
                {
                    yield return $"machine {machine.Name} ({machine.Provisioning}, {machine.Power}) has no node";
                }
                else if (world.Kubernetes.Kubelets.Find(World.NodeName(machine)) is not { Alive: true })
                {
                    yield return $"machine {machine.Name} ({machine.Provisioning}, {machine.Power}) is dead";
                }
            }
        }

        foreach (var node in nodes)
        {
            yield return $"node {node} has no machine";
        }
    }
}
