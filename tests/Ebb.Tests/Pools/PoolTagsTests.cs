using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Tests.Pools;

public class PoolTagsTests
{
    private static PoolTags Read(params (string Name, string Value)[] tags) =>
        PoolTags.Read("agents", tags.ToDictionary(t => t.Name, t => t.Value));

    [Fact]
    public void A_pool_without_tags_has_the_defaults()
    {
        var tags = Read();

        Assert.Equal((0, 10, TimeSpan.FromMinutes(5), false), (tags.Min, tags.Max, tags.IdleAfter, tags.Ignored));
        Assert.Equal((TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(90)), (tags.JoinWithin, Read(("ebb-join-within", "1h30m")).JoinWithin));
        Assert.Empty(tags.Problems);
    }

    [Fact]
    public void Our_tags_win_over_those_of_others_in_whatever_order_they_come()
    {
        var tags = Read(("Ebb-Max", "7"), ("max", "5"), ("min", "2"), ("ebb-label_tier", "ours"), ("k8s.io_cluster-autoscaler_node-template_label_tier", "theirs"));

        Assert.Equal((2, 7, "ours"), (tags.Min, tags.Max, tags.Labels["tier"]));
        Assert.Empty(tags.Problems);
    }

    [Fact]
    public void A_scale_set_may_be_part_of_a_pool_whose_name_its_nodes_carry()
    {
        var facts = new PoolFacts
        {
            Name = "agents-regular",
            CloudId = "/x/agents-regular",
            Size = "Standard_D2s_v5",
            Hardware = new MachineSize("Standard_D2s_v5", 2, 8L << 30),
            Tags = new Dictionary<string, string> { ["ebb-pool"] = "agents", ["ebb-cluster"] = "farm", ["ebb-role"] = "pool" },
        };

        var pool = facts.ToPool()!;

        Assert.Equal(("agents", "agents", null), (pool.PartOf, pool.Shape.Labels["ebb.dev/pool"], pool.Problem));
        Assert.NotEmpty(Read(("ebb-pool", "two words")).Problems);
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("5m", 300)]
    [InlineData("1h", 3600)]
    [InlineData("1h30m", 5400)]
    [InlineData("0s", 0)]
    public void An_idle_time_is_written_with_units(string text, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read(("ebb-idle-after", text)).IdleAfter);
    }

    [Fact]
    public void Labels_taints_and_resources_write_a_slash_as_underscore()
    {
        var tags = Read(
            ("ebb-label_example.com_disk~2kind", "ssd"),
            ("ebb-taint_example.com_batch", "yes:NoSchedule"),
            ("ebb-taint_plain", "NoExecute"),
            ("k8s.io_cluster-autoscaler_node-template_taint_gpu", "t4:PreferNoSchedule"),
            ("k8s.io_cluster-autoscaler_node-template_resources_example.com_dongle", "2"),
            ("ebb-resource_cpu", "3800m"),
            ("ebb-resource_memory", "13.5Gi"));

        Assert.Empty(tags.Problems);
        Assert.Equal("ssd", tags.Labels["example.com/disk_kind"]);
        Assert.Equal(
            [
                new Taint("example.com/batch", "yes", TaintEffect.NoSchedule),
                new Taint("gpu", "t4", TaintEffect.PreferNoSchedule),
                new Taint("plain", "", TaintEffect.NoExecute),
            ],
            tags.Taints);
        var over = tags.Over(Resources.None);
        Assert.Equal((3800L, 14_495_514_624L, 2L), (over.CpuMilli, over.MemoryBytes, over.Extended["example.com/dongle"]));
    }

    [Theory]
    [InlineData("ebb-min", "-1")]
    [InlineData("ebb-max", "many")]
    [InlineData("ebb-max", "1001")]
    [InlineData("ebb-max", "99999999999999999999")]
    [InlineData("ebb-max", "")]
    [InlineData("max", "1.5")]
    [InlineData("ebb-idle-after", "5")]
    [InlineData("ebb-idle-after", "")]
    [InlineData("ebb-idle-after", "-5m")]
    [InlineData("ebb-idle-after", "999999h")]
    [InlineData("ebb-join-within", "59s")]
    [InlineData("ebb-join-within", "721h")]
    [InlineData("ebb-join-within", "soon")]
    [InlineData("ebb-price", "-0.1")]
    [InlineData("ebb-price", "1,5 €")]
    [InlineData("ebb-ignore", "perhaps")]
    [InlineData("ebb-label_", "x")]
    [InlineData("ebb-label_a_b_c d", "x")]
    [InlineData("ebb-label_tier", "two words")]
    [InlineData("ebb-taint_gpu", "yes:Never")]
    [InlineData("ebb-resource_cpu", "four")]
    [InlineData("ebb-resource_memory", "99999999999Ei")]
    [InlineData("ebb-mxa", "3")]
    public void A_bad_tag_is_named_with_its_pool_and_value(string tag, string value)
    {
        var problem = Assert.Single(Read((tag, value)).Problems);

        Assert.Contains("'agents'", problem, StringComparison.Ordinal);
        Assert.Contains($"'{tag}' is '{value}'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_min_above_max_is_a_problem_with_both_values()
    {
        var problem = Assert.Single(Read(("ebb-min", "12")).Problems);

        Assert.Contains("12, is above its most, 10", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Tags_of_no_concern_are_left_alone()
    {
        Assert.Empty(Read(("owner", "Zoë"), ("k8s.io_cluster-autoscaler_enabled", "x"), ("ebbing", "y")).Problems);
    }
}
