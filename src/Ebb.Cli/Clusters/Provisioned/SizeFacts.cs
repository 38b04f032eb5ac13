using System.Collections.Immutable;
using System.Globalization;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What Azure says of its machine sizes, as far as it changes how machines are asked for.</summary>
internal static class SizeFacts
{
    public static ImmutableSortedDictionary<string, SizeTraits> Of(IReadOnlyDictionary<string, SizeOffer> offers) =>
        offers.Values.DistinctBy(offer => offer.Name, StringComparer.OrdinalIgnoreCase)
            .ToImmutableSortedDictionary(offer => offer.Name, Of, StringComparer.OrdinalIgnoreCase);

    private static SizeTraits Of(SizeOffer offer)
    {
        var (disk, placement) = Ephemeral(offer);
        var memory = (long)(Number(offer, "MemoryGB") * (1L << 30));
        var cores = (int)Number(offer, "vCPUsAvailable") is > 0 and var seen ? seen : offer.Cores;
        return new SizeTraits
        {
            Architecture = offer.Architecture,
            AcceleratedNetworking = Yes(offer, "AcceleratedNetworkingEnabled"),
            PremiumDisks = Yes(offer, "PremiumIO"),
            EphemeralDiskGiB = disk,
            EphemeralPlacement = placement,
            OwnDisk = !offer.Capabilities.ContainsKey("MaxResourceVolumeMB") || Number(offer, "MaxResourceVolumeMB") > 0,
            Hardware = cores > 0 && memory > 0 ? (cores, memory) : null,
            Gpus = (int)Math.Ceiling(Number(offer, "GPUs")),
        };
    }

    /// <summary>The largest of the places that this size may have such a disk in; sizes of the sixth version have none but NVMe.</summary>
    private static (int GiB, string Placement) Ephemeral(SizeOffer offer)
    {
        if (!Yes(offer, "EphemeralOSDiskSupported"))
        {
            return (0, "CacheDisk");
        }

        // Azure names the places only where there is a choice, or another one than there used to be.
        var places = (offer.Capabilities.GetValueOrDefault("SupportedEphemeralOSDiskPlacements") ?? "CacheDisk,ResourceDisk").Split(',', StringSplitOptions.TrimEntries);
        return new (double GiB, string Placement)[]
        {
            (Number(offer, "CachedDiskBytes") / (1L << 30), "CacheDisk"),
            (Number(offer, "MaxResourceVolumeMB") / 1024, "ResourceDisk"),
            (Number(offer, "NvmeDiskSizeInMiB") / 1024, "NvmeDisk"),
        }
        .Where(place => places.Contains(place.Placement, StringComparer.OrdinalIgnoreCase))
        .Select(place => ((int)Math.Min(int.MaxValue, place.GiB), place.Placement))
        .DefaultIfEmpty((0, "CacheDisk"))
        .MaxBy(place => place.Item1);
    }

    private static bool Yes(SizeOffer offer, string name) => "True".Equals(offer.Capabilities.GetValueOrDefault(name), StringComparison.OrdinalIgnoreCase);

    // All of Azure's values are text.
    private static double Number(SizeOffer offer, string name) =>
        double.TryParse(offer.Capabilities.GetValueOrDefault(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && n is > 0 and < 1e15 ? n : 0;
}
