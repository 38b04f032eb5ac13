using System.Collections.Immutable;
using Ebb.Cli.Commands;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public sealed class ListImagesTests : IDisposable
{
    private readonly CloudCase _case = new();

    [Theory]
    [InlineData("canon", "Canonical")]
    [InlineData("DEBIAN", "Debian:debian-11 Debian:debian-12 Debian:debian-13")]
    [InlineData("debian:debian-12", "Debian:debian-12:12:latest Debian:debian-12:12-gen2:latest Debian:debian-12:12-arm64:latest")]
    [InlineData("Debian:debian-12:12-gen2", "Debian:debian-12:12-gen2:0.20250910.2231 Debian:debian-12:12-gen2:0.20250703.2162")]
    public void Each_step_shows_what_is_below_as_it_is_written_next(string wanted, string found)
    {
        Assert.Equal(found, string.Join(' ', Ask(wanted)));
    }

    [Theory]
    [InlineData("Debain", "No publisher of images in 'eastus' is called 'Debain'. Did you mean 'Debian'?")]
    [InlineData("Debian:debian-1", "There is no 'Debian:debian-1' in 'eastus'. 'ebb list images Debian' shows what there is.")]
    [InlineData("Debian:debian-12:99", "There is no 'Debian:debian-12:99' in 'eastus'. 'ebb list images Debian:debian-12' shows what there is.")]
    [InlineData("Debian::12", "'Debian::12' is not PUBLISHER, PUBLISHER:OFFER or PUBLISHER:OFFER:SKU.")]
    [InlineData("a:b:c:d", "'a:b:c:d' is not PUBLISHER, PUBLISHER:OFFER or PUBLISHER:OFFER:SKU.")]
    public void What_is_not_there_is_told_with_what_is(string wanted, string said)
    {
        Assert.Equal(said, Assert.Throws<EbbException>(() => Ask(wanted)).Message);
    }

    public void Dispose() => _case.Dispose();

    private ImmutableArray<string> Ask(string wanted) => _case.Do(() => ListImages.AskAsync(wanted, "eastus", _case.Cloud.Facts, CancellationToken.None));
}
