using System.Collections.Frozen;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public class SizeFactsTests
{
    [Theory]

    // As Azure lists Standard_D4ds_v5, _D4ads_v6, _D4s_v5 and a size that does not name its places.
    [InlineData("EphemeralOSDiskSupported=True;SupportedEphemeralOSDiskPlacements=ResourceDisk,CacheDisk;CachedDiskBytes=107374182400;MaxResourceVolumeMB=153600", 150, "ResourceDisk")]
    [InlineData("EphemeralOSDiskSupported=True;SupportedEphemeralOSDiskPlacements=NvmeDisk;NvmeDiskSizeInMiB=225280;MaxResourceVolumeMB=0", 220, "NvmeDisk")]
    [InlineData("EphemeralOSDiskSupported=False;CachedDiskBytes=107374182400", 0, "CacheDisk")]
    [InlineData("EphemeralOSDiskSupported=True;CachedDiskBytes=214748364800;MaxResourceVolumeMB=30720", 200, "CacheDisk")]
    public void A_systems_disk_lies_where_the_size_has_most_room_for_it(string capabilities, int gib, string placement)
    {
        var offer = new SizeOffer("Standard_X", "", 4, [], Spot: true, "amd64", null)
        {
            Capabilities = capabilities.Split(';').Select(c => c.Split('=')).ToFrozenDictionary(c => c[0], c => c[1]),
        };

        var traits = SizeFacts.Of(new Dictionary<string, SizeOffer> { [offer.Name] = offer })[offer.Name];

        Assert.Equal((gib, placement), (traits.EphemeralDiskGiB, traits.EphemeralPlacement));
    }
}
