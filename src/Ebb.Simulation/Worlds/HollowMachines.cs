using System.Collections.Immutable;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Clouds;

namespace Ebb.Simulation.Worlds;

/// <summary>Lets every machine of the cloud that has booted run a hollow kubelet, which dies with it.</summary>
internal sealed class HollowMachines(CloudWorld cloud, KubernetesWorld kubernetes)
{
    /// <summary>Node objects of machines that are gone are deleted, as a cloud's own node controller does. Default no.</summary>
    public bool DeleteNodes { get; init; }

    public static string NodeName(Instance instance) => instance.ComputerName.ToLowerInvariant();

    /// <summary>Begins to follow the machines.</summary>
    public void Attach() => cloud.InstanceChanged += See;

    private void See(InstanceChange change)
    {
        var name = NodeName(change.Instance);
        switch (change.Event)
        {
            case InstanceEvent.Booted:
                kubernetes.Kubelets.Start(Describe(change.Instance));
                break;
            case InstanceEvent.Stopped or InstanceEvent.Reimaged:
                kubernetes.Kubelets.Kill(name);
                break;
            case InstanceEvent.Gone:
                kubernetes.Kubelets.Kill(name);
                if (DeleteNodes && kubernetes.Store.Get(Kinds.Node, "", name) is not null)
                {
                    kubernetes.Store.Delete(Kinds.Node, "", name, DeleteOptions.Default);
                }

                break;
        }
    }

    private HollowNode Describe(Instance instance)
    {
        var size = cloud.Options.Sizes.First(size => size.Name.Equals(instance.Size, StringComparison.OrdinalIgnoreCase));
        var set = cloud.Find(instance.Group, instance.Set)!;

        // Labels and taints are what the pool's tags say: whoever sets machines up hands them to the kubelet.
        var shape = CloudFacts.PoolOf(set, cloud.Options)!.Shape;
        return new HollowNode
        {
            Name = NodeName(instance),
            ProviderId = instance.ProviderId,
            CpuMilli = size.VCpus * 1000L,
            MemoryBytes = (long)(size.MemoryGiB * (1L << 30)),
            Extended = size.Gpus > 0
                ? ImmutableSortedDictionary<string, long>.Empty.Add("nvidia.com/gpu", size.Gpus)
                : ImmutableSortedDictionary<string, long>.Empty,
            Address = instance.Address,
            Region = set.Location,
            Zone = instance.Zone.Length == 0 ? "" : $"{set.Location}-{instance.Zone}",
            InstanceType = instance.Size,
            Architecture = shape.Labels.GetValueOrDefault("kubernetes.io/arch", "amd64"),
            SystemUuid = instance.VmId,
            Labels = shape.Labels,
            Taints = [.. shape.Taints.Select(taint => $"{taint.Key}={taint.Value}:{taint.Effect}")],
        };
    }
}
