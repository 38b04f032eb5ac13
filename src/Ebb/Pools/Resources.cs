using System.Collections.Immutable;

namespace Ebb.Pools;

/// <summary>An amount of what the scheduler counts. Exact: memory and storage in bytes, CPU in thousandths of a core.</summary>
public sealed record Resources
{
    public static Resources None { get; } = new();

    public long CpuMilli { get; init; }

    public long MemoryBytes { get; init; }

    public long EphemeralStorageBytes { get; init; }

    /// <summary>How many pods: 1 for a pod, the kubelet's limit for a node.</summary>
    public int Pods { get; init; }

    /// <summary>Extended resources by name, for example <c>nvidia.com/gpu</c>. Zero amounts are left out.</summary>
    public ImmutableSortedDictionary<string, long> Extended { get; init; } = ImmutableSortedDictionary<string, long>.Empty;
}
