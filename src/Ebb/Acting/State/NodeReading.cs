using System.Collections.Immutable;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Acting.State;

/// <summary>Makes of a node as Kubernetes sends it what the planner needs.</summary>
internal static class NodeReading
{
    public static Node Read(V1Node node) => new()
    {
        Name = node.Metadata.Name,
        Uid = node.Metadata.Uid,
        ProviderId = node.Spec.ProviderID ?? "",
        Shape = new NodeShape
        {
            Capacity = Requests.ToResources(node.Status?.Capacity),
            Allocatable = Requests.ToResources(node.Status?.Allocatable),
            Labels = ImmutableSortedDictionary.CreateRange(
                StringComparer.Ordinal, node.Metadata.Labels ?? ImmutableDictionary<string, string>.Empty),
            Taints = [.. Taints(node)],
        },
        Annotations = (node.Metadata.Annotations ?? ImmutableDictionary<string, string>.Empty)
            .Where(annotation => IsRead(annotation.Key))
            .ToImmutableSortedDictionary(StringComparer.Ordinal),
        Ready = node.IsReady(),
        ReadyChangedAt = node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.LastTransitionTime,
        Cordoned = node.Spec.Unschedulable == true,
        CreatedAt = node.Metadata.CreationTimestamp ?? default,
        SystemUuid = node.Status?.NodeInfo?.SystemUUID ?? "",
        KubeletVersion = node.Status?.NodeInfo?.KubeletVersion ?? "",
        Addresses = [.. (node.Status?.Addresses ?? []).Where(address => address.Type is "InternalIP" or "ExternalIP").Select(address => address.Address)],
    };

    /// <summary>Whether the two look the same to the planner: heartbeats come often and change nothing.</summary>
    public static bool Same(Node a, Node b) =>
        a.Uid == b.Uid
        && a.ProviderId == b.ProviderId
        && a.Ready == b.Ready
        && a.ReadyChangedAt == b.ReadyChangedAt
        && a.Cordoned == b.Cordoned
        && a.CreatedAt == b.CreatedAt
        && a.SystemUuid == b.SystemUuid
        && a.KubeletVersion == b.KubeletVersion
        && a.Addresses.SequenceEqual(b.Addresses)
        && a.Shape.Taints.SequenceEqual(b.Shape.Taints)
        && Same(a.Shape.Capacity, b.Shape.Capacity)
        && Same(a.Shape.Allocatable, b.Shape.Allocatable)
        && a.Annotations.SequenceEqual(b.Annotations)
        && a.Shape.Labels.SequenceEqual(b.Shape.Labels);

    private static bool Same(Resources a, Resources b) =>
        a.CpuMilli == b.CpuMilli
        && a.MemoryBytes == b.MemoryBytes
        && a.EphemeralStorageBytes == b.EphemeralStorageBytes
        && a.Pods == b.Pods
        && a.Extended.SequenceEqual(b.Extended);

    private static IEnumerable<Taint> Taints(V1Node node)
    {
        foreach (var taint in node.Spec.Taints ?? [])
        {
            if (Selectors.Effect(taint.Effect) is { } effect)
            {
                yield return new Taint(taint.Key, taint.Value ?? "", effect);
            }
        }
    }

    private static bool IsRead(string annotation) =>
        annotation.StartsWith("ebb.dev/", StringComparison.Ordinal)
        || annotation.Contains("cluster-autoscaler.kubernetes.io/", StringComparison.Ordinal)
        || annotation.StartsWith("karpenter.sh/", StringComparison.Ordinal);
}
