using System.Collections.Immutable;

namespace Ebb.Pools;

/// <summary>What a cloud knows about one of its groups of machines; with the tags on it that makes a <see cref="Pool"/>.</summary>
public sealed record PoolFacts
{
    public required string Name { get; init; }

    public required string CloudId { get; init; }

    /// <summary>The cloud's name of the machine size.</summary>
    public required string Size { get; init; }

    /// <summary>What the size is; null when the cloud did not say.</summary>
    public MachineSize? Hardware { get; init; }

    /// <summary>Why <see cref="Hardware"/> is unknown, with the remedy.</summary>
    public string HardwareProblem { get; init; } = "";

    public Priority Priority { get; init; }

    public string Region { get; init; } = "";

    /// <summary>As nodes carry them in <c>topology.kubernetes.io/zone</c>.</summary>
    public ImmutableArray<string> Zones { get; init; } = [];

    /// <summary>Size of the root disk. Default 30 GiB, what Azure's Ubuntu images come with.</summary>
    public long DiskBytes { get; init; } = 30L << 30;

    /// <summary>Whether the root disk is on the machine's own host.</summary>
    public bool LocalDisk { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The pool; null when its tags tell Ebb to ignore it.</summary>
    public Pool? ToPool()
    {
        var tags = PoolTags.Read(Name, Tags);
        if (tags.Ignored)
        {
            return null;
        }

        var shape = Shape(tags);
        var problems = tags.Problems;
        if (Hardware is null && (shape.Allocatable.CpuMilli == 0 || shape.Allocatable.MemoryBytes == 0))
        {
            problems = problems.Add(
                $"Pool '{Name}': the size '{Size}' is unknown. {HardwareProblem} " +
                $"Or say what pods may use with the tags '{PoolTags.Resource}cpu' and '{PoolTags.Resource}memory'.");
        }

        return new Pool
        {
            Name = Name,
            CloudId = CloudId,
            Size = Size,
            Min = tags.Min,
            Max = tags.Max,
            PartOf = tags.PartOf,
            KeepWarm = tags.KeepWarm,
            IdleAfter = tags.IdleAfter,
            JoinWithin = tags.JoinWithin,
            Priority = Priority,
            PricePerHour = tags.PricePerHour ?? Prices.PerHour(Size, Hardware, Priority),
            Zones = Zones,
            LocalDisk = LocalDisk,
            Shape = shape,
            Problem = problems.IsEmpty ? null : string.Join(' ', problems),
        };
    }

    private NodeShape Shape(PoolTags tags)
    {
        var capacity = Hardware is null ? Resources.None with { Pods = 110 } : Reserve.Capacity(Hardware, DiskBytes);
        var allocatable = tags.Over(Reserve.Allocatable(capacity));
        return new NodeShape
        {
            Capacity = Most(capacity, allocatable),
            Allocatable = allocatable,
            Labels = Labels(tags.PartOf).SetItems(tags.Labels),
            Taints = tags.Taints,
        };
    }

    /// <summary>What a tag grants beyond the hardware (a device plugin's resource) a node reports as capacity, too.</summary>
    private static Resources Most(Resources capacity, Resources allocatable) => capacity with
    {
        CpuMilli = Math.Max(capacity.CpuMilli, allocatable.CpuMilli),
        MemoryBytes = Math.Max(capacity.MemoryBytes, allocatable.MemoryBytes),
        EphemeralStorageBytes = Math.Max(capacity.EphemeralStorageBytes, allocatable.EphemeralStorageBytes),
        Pods = Math.Max(capacity.Pods, allocatable.Pods),
        Extended = allocatable.Extended,
    };

    private ImmutableSortedDictionary<string, string> Labels(string? partOf)
    {
        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        labels[Marks.Pool] = partOf ?? Name;
        labels["node.kubernetes.io/instance-type"] = Size;
        labels["kubernetes.io/arch"] = Hardware?.Architecture ?? "amd64";
        labels["kubernetes.io/os"] = "linux";
        if (Region.Length > 0)
        {
            labels["topology.kubernetes.io/region"] = Region;
        }

        // Which of several zones the next machine gets is the cloud's choice: nothing may be promised to a pod.
        if (Zones.Length == 1)
        {
            labels["topology.kubernetes.io/zone"] = Zones[0];
        }

        return labels.ToImmutable();
    }
}
