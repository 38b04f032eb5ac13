using System.Collections.Immutable;
using System.Globalization;

namespace Ebb.Pools;

/// <summary>What pods may use of a machine, in the tags of its pool: for whoever may not ask the cloud what a size has.</summary>
public static class SizeTags
{
    /// <summary>By the tags' names, as <see cref="PoolTags"/> reads them.</summary>
    public static ImmutableSortedDictionary<string, string> Of(MachineSize size)
    {
        // Disks are the pool's, and no size's.
        var free = Reserve.Allocatable(Reserve.Capacity(size, diskBytes: 0));
        var tags = ImmutableSortedDictionary<string, string>.Empty
            .Add(PoolTags.Resource + "cpu", $"{free.CpuMilli}m")
            .Add(PoolTags.Resource + "memory", (free.MemoryBytes >> 20).ToString(CultureInfo.InvariantCulture) + "Mi");
        return size.Gpus > 0 ? tags.Add(PoolTags.Resource + size.GpuResource.Replace('/', '_'), $"{size.Gpus}") : tags;
    }

    /// <summary>A pool's tags when it gets another size: those that say what the one before has say it of the other, and what a person wrote stays.</summary>
    /// <returns>Null when they stay as they are.</returns>
    public static ImmutableDictionary<string, string>? Resized(IReadOnlyDictionary<string, string> tags, MachineSize before, MachineSize after)
    {
        var (old, other) = (Of(before), Of(after));
        var resized = ImmutableDictionary.CreateRange(StringComparer.OrdinalIgnoreCase, tags);
        var ours = old.Where(tag => resized.GetValueOrDefault(tag.Key) == tag.Value).Select(tag => tag.Key).ToList();
        if (ours.Count == 0)
        {
            return null;
        }

        // What only the other has, like graphics, is said too; what it has no more is none, and was none when a change before said so.
        var said = ours.Select(tag => KeyValuePair.Create(tag, other.GetValueOrDefault(tag, "0")))
            .Concat(other.Where(tag => !old.ContainsKey(tag.Key) && resized.GetValueOrDefault(tag.Key, "0") == "0")).ToList();
        return said.TrueForAll(tag => resized.GetValueOrDefault(tag.Key) == tag.Value) ? null : resized.SetItems(said);
    }
}
