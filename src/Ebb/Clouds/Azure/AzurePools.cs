using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Reads a pool off a scale set and its tags.</summary>
internal static class AzurePools
{
    /// <summary>Null for a set that is to be ignored.</summary>
    public static async Task<Pool?> FromAsync(WireScaleSet set, AzureSizes sizes, CancellationToken ct)
    {
        var region = AzureMachines.Region(set.Location);
        var sizeName = set.Sku?.Name ?? "";
        var (size, problem) = sizeName.Length > 0
            ? await sizes.FindAsync(region, sizeName, ct)
            : (null, "The scale set has no size: give it a machine profile, or the tag 'ebb-ignore' with the value true.");
        var disk = set.Properties?.VirtualMachineProfile?.StorageProfile?.OsDisk;
        var facts = new PoolFacts
        {
            Name = set.Name!,
            CloudId = set.Id!,
            Size = sizeName,
            Hardware = size?.Machine,
            HardwareProblem = problem,

            // Low is what Azure called Spot at first.
            Priority = set.Properties?.VirtualMachineProfile?.Priority?.ToUpperInvariant() is "SPOT" or "LOW" ? Priority.Spot : Priority.Regular,
            Region = region,
            Zones = [.. (set.Zones ?? []).Select(z => AzureMachines.Zone(region, z)).OfType<string>().Order(StringComparer.Ordinal)],
            LocalDisk = "Local".Equals(disk?.DiffDiskSettings?.Option, StringComparison.OrdinalIgnoreCase),
            Tags = set.Tags ?? ImmutableDictionary<string, string>.Empty,
        };

        return (disk?.DiskSizeGB is > 0 and var gib ? facts with { DiskBytes = (long)gib << 30 } : facts).ToPool();
    }
}
