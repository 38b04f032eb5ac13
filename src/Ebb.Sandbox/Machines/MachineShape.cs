using System.Collections.Immutable;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Machines;

/// <summary>What node a machine becomes: its size, and what its scale set's tags, or its own, say of its nodes.</summary>
internal static class MachineShape
{
    private const string PoolTag = "ebb-pool";
    private const string LabelTag = "ebb-label_";
    private const string TaintTag = "ebb-taint_";
    private const string ResourceTag = "ebb-resource_";
    private const double BytesPerGiB = 1L << 30;

    // Firmware and kernel keep a little of the advertised memory to themselves.
    private const double GuestMemoryShare = 0.978;

    public static HollowNode Of(Instance instance, ScaleSet set, CloudOptions cloud, HollowOptions hollow)
    {
        var size = cloud.Sizes.FirstOrDefault(s => s.Name.Equals(instance.Size, StringComparison.OrdinalIgnoreCase));
        var extended = ImmutableSortedDictionary<string, long>.Empty;
        if (size is { Gpus: > 0 })
        {
            extended = extended.Add("nvidia.com/gpu", size.Gpus);
        }

        var node = new HollowNode
        {
            // A kubelet takes its host name in lower case.
            Name = instance.ComputerName.ToLowerInvariant(),
            ProviderId = instance.ProviderId,
            CpuMilli = (size?.VCpus ?? 2) * 1000L,
            MemoryBytes = (long)((size?.MemoryGiB ?? 8) * BytesPerGiB * GuestMemoryShare),
            Extended = extended,
            Address = instance.Address,
            Region = set.Location,
            Zone = instance.Zone.Length == 0 ? "" : $"{set.Location}-{instance.Zone}",
            InstanceType = instance.Size,
            Architecture = size?.Architecture == "Arm64" ? "arm64" : "amd64",
            SystemUuid = instance.VmId,
            Labels = set.Standalone ? ImmutableSortedDictionary<string, string>.Empty : ImmutableSortedDictionary<string, string>.Empty.Add("ebb.dev/pool", set.Tags.GetValueOrDefault(PoolTag, set.Name)),
        };
        foreach (var (tag, value) in set.Tags)
        {
            node = Apply(node, tag, value, hollow);
        }

        return node;
    }

    private static HollowNode Apply(HollowNode node, string tag, string value, HollowOptions hollow)
    {
        if (KeyAfter(LabelTag, tag) is { } label)
        {
            return node with { Labels = node.Labels.SetItem(label, value) };
        }

        if (KeyAfter(TaintTag, tag) is { } taint)
        {
            var colon = value.LastIndexOf(':');
            var text = colon > 0 ? $"{taint}={value}" : $"{taint}:{value[(colon + 1)..]}";
            return node with { Taints = node.Taints.Add(text) };
        }

        return KeyAfter(ResourceTag, tag) is { } resource ? Grant(node, resource, value, hollow) : node;
    }

    /// <summary>The tag says what pods may use: capacity is that and what the kubelet keeps.</summary>
    private static HollowNode Grant(HollowNode node, string resource, string value, HollowOptions hollow)
    {
        if ((resource == "cpu" ? Quantity.Milli(value) : Quantity.Units(value)) is not { } amount)
        {
            return node;
        }

        return resource switch
        {
            "cpu" => node with { CpuMilli = amount + hollow.ReservedCpuMilli },
            "memory" => node with { MemoryBytes = amount + hollow.ReservedMemoryBytes },
            "ephemeral-storage" => node with { DiskBytes = (amount / 9 * 10) + 10 },
            "pods" => node with { MaxPods = (int)Math.Min(amount, int.MaxValue) },
            _ when amount == 0 => node with { Extended = node.Extended.Remove(resource) },
            _ => node with { Extended = node.Extended.SetItem(resource, amount) },
        };
    }

    /// <summary>Names of tags hold no slash: <c>_</c> stands for it, and <c>~2</c> for <c>_</c>.</summary>
    private static string? KeyAfter(string prefix, string tag) =>
        tag.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            ? tag[prefix.Length..].Replace('_', '/').Replace("~2", "_", StringComparison.Ordinal)
            : null;
}
