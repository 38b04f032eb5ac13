using System.Collections.Immutable;

namespace Ebb.Pools;

/// <summary>What of an advertised machine never reaches pods, as a kubelet without settings of its own keeps it.</summary>
/// <remarks>
/// The rule errs on the small side: a pod that is said to fit and then does not would make Ebb buy machine after machine.
/// A cluster whose kubelets reserve more says so with tags, see <see cref="PoolTags"/>.
/// </remarks>
public static class Reserve
{
    private const long Mebibyte = 1 << 20;

    // Firmware and kernel keep 2.1 % to 3.5 % of small and large Azure machines; this line lies just above all that we compared.
    private const long KernelBytes = 64 * Mebibyte;
    private const double KernelShare = 0.025;

    // The kubelet's default hard eviction threshold, memory.available<100Mi, is taken off allocatable.
    private const long EvictionBytes = 100 * Mebibyte;

    // Its other default threshold: nodefs.available<10%.
    private const double EvictionDiskShare = 0.1;

    // The kubelet's default of --max-pods.
    private const int MaxPods = 110;

    /// <summary>What a node of this size reports as capacity.</summary>
    /// <param name="diskBytes">Size of its root disk.</param>
    public static Resources Capacity(MachineSize size, long diskBytes) => new()
    {
        CpuMilli = size.Cpus * 1000L,
        MemoryBytes = Math.Max(0, (long)(size.MemoryBytes * (1 - KernelShare)) - KernelBytes),
        EphemeralStorageBytes = diskBytes,
        Pods = MaxPods,
        Extended = size.Gpus > 0
            ? ImmutableSortedDictionary<string, long>.Empty.Add(size.GpuResource, size.Gpus)
            : ImmutableSortedDictionary<string, long>.Empty,
    };

    /// <summary>What pods may use of that capacity.</summary>
    public static Resources Allocatable(Resources capacity) => capacity with
    {
        MemoryBytes = Math.Max(0, capacity.MemoryBytes - EvictionBytes),
        EphemeralStorageBytes = (long)(capacity.EphemeralStorageBytes * (1 - EvictionDiskShare)),
    };
}
