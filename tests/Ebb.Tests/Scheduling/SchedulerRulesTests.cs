using System.Collections.Immutable;
using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Scheduling;

/// <summary>What releases of the real scheduler do differently; found by putting random cases to them.</summary>
public sealed class SchedulerRulesTests
{
    [Theory]
    [InlineData(20, (int)Causes.Spread)]
    [InlineData(23, (int)Causes.Spread)]
    [InlineData(24, (int)Causes.None)]
    public void A_pod_on_a_node_that_takes_no_part_in_the_spread_counts_before_1_24(int minor, int expected)
    {
        var kind = new PodClass
        {
            Requests = Some.Amount(1, 1),
            NodeSelector = Selecting("disk", "ssd"),
            Spread = [new SpreadConstraint("zone", 1, "default", LabelSelector.Everything)],
        };
        var topology = new GroupTopology(kind, "default", LabelSet.Empty, _ => LabelSet.Empty, SchedulerRules.Of(minor));
        var (here, beside, elsewhere) = (Labels("a", "ssd"), Labels("a", "hdd"), Labels("b", "ssd"));
        topology.Add("here", here, []);
        topology.Add("beside", beside, []);
        topology.Add("elsewhere", elsewhere, []);

        topology.Count(Some.Class(), "default", LabelSet.Empty, leaving: false, "beside", beside, []);

        Assert.Equal((Causes)expected, topology.Check(here));
        Assert.Equal(Causes.None, topology.Check(elsewhere));
    }

    [Theory]
    [InlineData(26, 1)]
    [InlineData(27, 0)]
    public void A_node_short_of_what_a_pod_does_not_ask_for_refuses_it_before_1_27(int minor, int machinesBought)
    {
        var some = new Some { Rules = SchedulerRules.Of(minor) }.With(Some.Pool());
        some.AddNode([Some.Pod("placed-by-hand", Some.Class(cpus: 5))]);
        some.AddPending(1, Some.Class(cpus: 0));

        Assert.Equal(machinesBought, some.Plan().Decisions.OfType<Decision.Grow>().Sum(grow => grow.By));
    }

    [Fact]
    public void A_pod_that_asks_for_nothing_fits_on_a_node_short_of_everything()
    {
        var some = new Some { Rules = SchedulerRules.Of(20) }.With(Some.Pool());
        some.AddNode([Some.Pod("placed-by-hand", Some.Class(cpus: 5))]);
        some.AddPending(1, Some.Class(cpus: 0, gib: 0));

        Assert.Empty(some.Plan().Decisions.OfType<Decision.Grow>());
    }

    private static ImmutableSortedDictionary<string, string> Selecting(string key, string value) =>
        ImmutableSortedDictionary<string, string>.Empty.Add(key, value);

    private static LabelSet Labels(string zone, string disk) =>
        LabelSet.From([KeyValuePair.Create("zone", zone), KeyValuePair.Create("disk", disk)]);
}
