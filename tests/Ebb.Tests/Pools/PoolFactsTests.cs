using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Tests.Pools;

public class PoolFactsTests
{
    private static readonly PoolFacts Facts = new()
    {
        Name = "agents",
        CloudId = "/id",
        Size = "Standard_D4s_v5",
        Hardware = new MachineSize("Standard_D4s_v5", 4, 16L << 30),
        Region = "eastus",
        Zones = ["eastus-1"],
    };

    private static PoolFacts Tagged(PoolFacts facts, string tag, string value) =>
        facts with { Tags = ImmutableDictionary<string, string>.Empty.Add(tag, value) };

    [Fact]
    public void A_pool_at_zero_has_the_shape_of_its_size_less_what_the_system_keeps()
    {
        var pool = Facts.ToPool()!;

        Assert.Null(pool.Problem);
        Assert.Equal(4000, pool.Shape.Allocatable.CpuMilli);
        Assert.InRange(pool.Shape.Allocatable.MemoryBytes >> 20, 15_500, 15_909);
        Assert.Equal(110, pool.Shape.Allocatable.Pods);
        Assert.Equal("eastus-1", pool.Shape.Labels["topology.kubernetes.io/zone"]);
        Assert.Equal("agents", pool.Shape.Labels[Marks.Pool]);
        Assert.Equal(0.192m, pool.PricePerHour);
    }

    [Fact]
    public void With_several_zones_no_zone_is_promised()
    {
        var pool = (Facts with { Zones = ["eastus-1", "eastus-2"] }).ToPool()!;

        Assert.False(pool.Shape.Labels.ContainsKey("topology.kubernetes.io/zone"));
        Assert.Equal(2, pool.Zones.Length);
    }

    [Fact]
    public void Gpus_count_as_extended_resource_until_a_tag_says_none()
    {
        var facts = Facts with { Hardware = Facts.Hardware! with { Gpus = 2 } };

        Assert.Equal(2, facts.ToPool()!.Shape.Allocatable.Extended["nvidia.com/gpu"]);
        Assert.Empty(Tagged(facts, "ebb-resource_nvidia.com_gpu", "0").ToPool()!.Shape.Allocatable.Extended);
    }

    [Fact]
    public void An_unknown_size_is_a_problem_unless_tags_say_what_pods_may_use()
    {
        var facts = Facts with { Hardware = null, Size = "Odd_1" };
        var told = facts with { Tags = new Dictionary<string, string> { ["ebb-resource_cpu"] = "2", ["ebb-resource_memory"] = "4Gi" } };

        Assert.Contains("'Odd_1'", facts.ToPool()!.Problem, StringComparison.Ordinal);
        Assert.Null(told.ToPool()!.Problem);
        Assert.Equal(2000, told.ToPool()!.Shape.Capacity.CpuMilli);
    }

    [Fact]
    public void An_ignored_pool_is_none()
    {
        Assert.Null(Tagged(Facts, "ebb-ignore", "True").ToPool());
    }

    [Fact]
    public void A_price_comes_from_the_tag_else_the_tables_else_an_estimate_and_spot_is_cheaper()
    {
        var odd = new MachineSize("Standard_X2_v9", 2, 8L << 30);

        Assert.Equal(1.5m, Tagged(Facts, "ebb-price", "1.5").ToPool()!.PricePerHour);
        Assert.Equal(0.0416m, Prices.PerHour("standard_b2s", null, Priority.Regular));
        Assert.Equal(0.096m, Prices.PerHour(odd.Name, odd, Priority.Regular));
        Assert.Equal(0.0192m, Prices.PerHour(odd.Name, odd, Priority.Spot));
        Assert.Null(Prices.PerHour("Odd", null, Priority.Spot));
    }

    [Theory]
    [InlineData("500m", 1, 500)]
    [InlineData("2", 2, 2000)]
    [InlineData("1.5", 2, 1500)]
    [InlineData("1e3", 1000, 1_000_000)]
    [InlineData("1Ki", 1024, 1_024_000)]
    [InlineData("1k", 1000, 1_000_000)]
    [InlineData("100u", 1, 1)]
    public void Amounts_read_as_Kubernetes_writes_them(string text, long units, long milli)
    {
        Assert.True(Quantity.TryUnits(text, out var inUnits));
        Assert.True(Quantity.TryMilli(text, out var inMilli));
        Assert.Equal((units, milli), (inUnits, inMilli));
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("-1")]
    [InlineData("1 000")]
    [InlineData("1,5")]
    [InlineData("NaN")]
    [InlineData("1e99")]
    [InlineData("9E")]
    [InlineData("10E")]
    public void What_is_no_amount_is_refused(string text)
    {
        Assert.Equal(text is "9E", Quantity.TryUnits(text, out _));
    }
}
