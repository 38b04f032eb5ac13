using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Growing;

/// <summary>What a pool of spot machines with regular ones to fall back on keeps at the least, and where.</summary>
public class LeastTests
{
    private static readonly Func<Ebb.Scheduling.Node, Ebb.Scheduling.Node> LongIdle = Some.Marked(idleSince: Some.Noon.AddHours(-1));

    [Theory]
    [InlineData(3, 0)]
    [InlineData(0, 3)]
    [InlineData(2, 3)]
    public void It_is_kept_with_spot_machines_while_there_are_some(int min, int warm)
    {
        Assert.Equal([("agents", Math.Max(min, warm))], Grown(Parts(min, warm).Plan()));
    }

    [Theory]
    [InlineData(3, 0, 0, 3)]
    [InlineData(0, 2, 0, 2)]
    [InlineData(3, 1, 2, 1)]
    [InlineData(3, 2, 2, 2)]
    [InlineData(1, 0, 2, 0)]
    public void While_there_are_none_it_is_kept_with_regular_ones_beside_those_at_work(int min, int warm, int busy, int bought)
    {
        var some = Dry(Parts(min, warm));
        for (var i = 0; i < busy; i++)
        {
            some.AddNode([Some.Pod($"work-{i}", Some.Class(4))], "agents-regular");
        }

        var plan = some.Plan();

        Assert.Equal(bought == 0 ? [] : [("agents-regular", bought)], Grown(plan));
        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Cordon);
    }

    [Fact]
    public void Only_what_the_spot_machines_lack_is_stood_in_for()
    {
        var some = Dry(Parts(min: 3));
        some.AddNode(pool: "agents", edit: LongIdle);

        Assert.Equal([("agents-regular", 2)], Grown(some.Plan()));
    }

    [Fact]
    public void Regular_ones_stay_until_the_spot_machines_are_ready_and_not_merely_promised()
    {
        var some = Parts(min: 2);
        some.AddNode(pool: "agents-regular", edit: LongIdle);
        some.AddNode(pool: "agents-regular", edit: LongIdle);
        some.AddMachine("agents", MachineState.Creating, TimeSpan.FromMinutes(1));
        some.AddNode(pool: "agents");

        var plan = some.Plan();

        Assert.Empty(Grown(plan));
        Assert.Single(plan.Decisions.OfType<Decision.Cordon>());
        Assert.Contains(plan.Reasons.Nodes.Values, why => why.EndsWith("is at 1 machine, in place of what pool agents lacks elsewhere", StringComparison.Ordinal));
    }

    [Fact]
    public void Regular_ones_go_when_the_spot_machines_are_there()
    {
        var some = Parts(min: 2);
        for (var i = 0; i < 2; i++)
        {
            some.AddNode(pool: "agents");
            some.AddNode(pool: "agents-regular", edit: LongIdle);
        }

        Assert.Equal(["agents-regular000000", "agents-regular000001"], some.Plan().Decisions.OfType<Decision.Cordon>().Select(cordon => cordon.Node).Order());
    }

    [Fact]
    public void Spot_is_tried_again_when_its_back_off_is_over_though_regular_ones_stand_in()
    {
        var some = Parts(min: 2);
        some.Notes["pool.agents.backoff"] = "3|2026-01-01T11:00:00Z|2026-01-01T11:30:00Z|AllocationFailed";
        some.AddNode(pool: "agents-regular", edit: LongIdle);
        some.AddNode(pool: "agents-regular", edit: LongIdle);

        var plan = some.Plan();

        Assert.Equal([("agents", 2)], Grown(plan));
        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Cordon);
    }

    [Fact]
    public void Together_they_never_grow_above_the_pools_most()
    {
        var some = Parts(min: 3, max: 4);
        for (var i = 0; i < 3; i++)
        {
            some.AddNode([Some.Pod($"work-{i}", Some.Class(4))], "agents-regular");
        }

        Assert.Equal([("agents", 1)], Grown(some.Plan()));
    }

    [Fact]
    public void Spot_machines_take_the_place_of_idle_ones_also_where_the_most_leaves_no_room_for_both()
    {
        var some = Parts(min: 2, max: 2);
        some.AddNode(pool: "agents-regular", edit: LongIdle);
        some.AddNode(pool: "agents-regular", edit: LongIdle);

        Assert.Equal([("agents", 2)], Grown(some.Plan()));
    }

    [Fact]
    public void What_the_cloud_failed_to_deliver_is_asked_for_again_without_one_more()
    {
        var some = Parts(min: 2);
        some.Edit("agents", view => view with { Capacity = 2 });
        some.Notes["pool.agents.missing"] = "2";
        some.Notes["pool.agents.backoff"] = "3|2026-01-01T11:00:00Z|2026-01-01T11:30:00Z|AllocationFailed";
        some.AddNode(pool: "agents-regular", edit: LongIdle);
        some.AddNode(pool: "agents-regular", edit: LongIdle);

        Assert.Equal([("agents", 0)], Grown(some.Plan()));
    }

    private static Some Parts(int min = 0, int warm = 0, int max = 10) => new Some()
        .With(Some.Pool("agents", min: min, max: max, price: 0.05m, priority: Priority.Spot) with { PartOf = "agents", KeepWarm = warm })
        .With(Some.Pool("agents-regular", max: max, price: 0.2m) with { PartOf = "agents" });

    private static Some Dry(Some some) =>
        some.Edit("agents", view => view with { Failures = [new GrowFailure(GrowRefusal.NoCapacity, "SkuNotAvailable", "no spot", Some.Noon.AddSeconds(-10))] });

    private static IEnumerable<(string Pool, int By)> Grown(Plan plan) =>
        plan.Decisions.OfType<Decision.Grow>().Select(grow => (grow.Pool.Pool.Name, grow.By)).Order();
}
