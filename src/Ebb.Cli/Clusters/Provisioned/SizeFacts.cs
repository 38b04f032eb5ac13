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

    /// <summary>The larger of the two places that a machine's own disk may lie in.</summary>
    private static (int GiB, string Placement) Ephemeral(SizeOffer offer)
    {
        if (!Yes(offer, "EphemeralOSDiskSupported"))
        {
            return (0, "CacheDisk");
        }

        var cache = (int)Math.Min(int.MaxValue, Number(offer, "CachedDiskBytes") / (1L << 30));
        var resource = (int)Math.Min(int.MaxValue, Number(offer, "MaxResourceVolumeMB") / 1024);
        var places = offer.Capabilities.GetValueOrDefault("SupportedEphemeralOSDiskPlacements") ?? "CacheDisk,ResourceDisk";
        return cache >= resource || !places.Contains("ResourceDisk", StringComparison.OrdinalIgnoreCase) ? (cache, "CacheDisk") : (resource, "ResourceDisk");
    }

    private static bool Yes(SizeOffer offer, string name) => "True".Equals(offer.Capabilities.GetValueOrDefault(name), StringComparison.OrdinalIgnoreCase);

    // All of Azure's values are text.
    private static double Number(SizeOffer offer, string name) =>
        double.TryParse(offer.Capabilities.GetValueOrDefault(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && n is > 0 and < 1e15 ? n : 0;
}
