using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Tests.Pools;

public class SizeTagsTests
{
    private static readonly MachineSize Four = new("Standard_D4s_v5", 4, 16L << 30);

    private static readonly MachineSize Eight = new("Standard_D8s_v5", 8, 32L << 30);

    private static readonly MachineSize Graphics = new("Standard_NC4as_T4_v3", 4, 28L << 30) { Gpus = 1 };

    [Fact]
    public void Another_size_says_what_it_has_itself()
    {
        var tags = SizeTags.Of(Four).Add("ebb-max", "10");

        Assert.Equal(SizeTags.Of(Eight).Add("ebb-max", "10"), SizeTags.Resized(tags, Four, Eight)!.ToImmutableSortedDictionary());
    }

    [Fact]
    public void A_size_without_graphics_says_that_it_has_none() =>
        Assert.Equal("0", SizeTags.Resized(SizeTags.Of(Graphics), Graphics, Eight)!["ebb-resource_nvidia.com_gpu"]);

    [Fact]
    public void A_size_with_graphics_says_so_where_the_one_before_had_none()
    {
        var resized = SizeTags.Resized(SizeTags.Of(Four), Four, Graphics)!;

        Assert.Equal(SizeTags.Of(Graphics), resized.ToImmutableSortedDictionary());
        Assert.Equal(SizeTags.Of(Graphics), SizeTags.Resized(SizeTags.Resized(SizeTags.Of(Graphics), Graphics, Eight)!, Eight, Graphics)!.ToImmutableSortedDictionary());
        Assert.Equal("2", SizeTags.Resized(SizeTags.Of(Four).Add("ebb-resource_nvidia.com_gpu", "2"), Four, Graphics)!["ebb-resource_nvidia.com_gpu"]);
    }

    [Fact]
    public void Nothing_is_written_where_all_is_a_persons()
    {
        var tags = new Dictionary<string, string> { ["ebb-resource_cpu"] = "3500m", ["EBB-RESOURCE_MEMORY"] = "12Gi" };

        Assert.Null(SizeTags.Resized(tags, Four, Eight));
    }

    [Fact]
    public void Of_tags_names_Azure_does_not_tell_large_from_small_letters()
    {
        var tags = new Dictionary<string, string> { ["EBB-Resource_CPU"] = "4000m" };

        Assert.Equal("8000m", Assert.Single(SizeTags.Resized(tags, Four, Eight)!).Value);
    }

    [Fact]
    public void They_are_read_as_what_pods_may_use()
    {
        var read = PoolTags.Read("agents", SizeTags.Of(Graphics));

        Assert.Empty(read.Problems);
        Assert.Equal((4000, 1), (read.Resources["cpu"], read.Resources["nvidia.com/gpu"]));
        Assert.Equal(Reserve.Allocatable(Reserve.Capacity(Graphics, 0)).MemoryBytes >> 20, read.Resources["memory"] >> 20);
    }
}
