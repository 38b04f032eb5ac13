using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Growing;

public sealed class BackOffTests
{
    [Fact]
    public void After_a_failed_growth_the_next_cheapest_pool_takes_over_and_the_note_outlives_a_restart()
    {
        var some = new Some().With(Some.Pool("cheap", price: 0.1m)).With(Some.Pool("dear", price: 0.2m)).AddPending(4);
        some.Edit("cheap", view => view with { Failures = [new GrowFailure(GrowRefusal.NoCapacity, "AllocationFailed", "none", Some.Noon.AddSeconds(-5))] });

        var first = some.PlanAndRemember();
        some.Edit("cheap", view => view with { Failures = [] });
        var second = some.PlanAndRemember();
        some.Now = Some.Noon.AddMinutes(2);
        var third = some.PlanAndRemember();

        Assert.Equal([("dear", 1)], Grown(first));
        Assert.Equal([("dear", 1)], Grown(second));
        Assert.Equal([("cheap", 1)], Grown(third));
    }

    [Fact]
    public void Each_further_failure_makes_a_pool_wait_twice_as_long()
    {
        var some = new Some().With(Some.Pool());
        var waits = new List<double>();
        for (var i = 0; i < 7; i++)
        {
            some.Edit("agents", view => view with { Failures = [new GrowFailure(GrowRefusal.NoCapacity, "SkuNotAvailable", "none", some.Now)] });
            waits.Add((some.PlanAndRemember().LookAgainAt!.Value - some.Now).TotalMinutes);
            some.Now = some.Now.AddHours(1);
        }

        Assert.Equal([1, 2, 4, 8, 16, 30, 30], waits);
    }

    [Fact]
    public void A_machine_that_came_up_since_the_failure_ends_the_back_off()
    {
        var some = new Some().With(Some.Pool());
        some.Notes["pool.agents.backoff"] = "3|2026-01-01T11:00:00Z|2026-01-01T11:30:00Z|AllocationFailed";
        some.AddNode([Some.Pod("a")], age: TimeSpan.FromMinutes(20));

        some.PlanAndRemember();

        Assert.DoesNotContain("pool.agents.backoff", some.Notes);
    }

    [Fact]
    public void Promised_machines_that_failed_are_not_waited_for()
    {
        var some = new Some().With(Some.Pool("cheap", price: 0.1m), capacity: 3).With(Some.Pool("dear")).AddPending(4);
        some.Edit("cheap", view => view with { Failures = [new GrowFailure(GrowRefusal.NoCapacity, "AllocationFailed", "none", Some.Noon)] });

        Assert.Equal([("dear", 1)], Grown(some.Plan()));
    }

    [Fact]
    public void A_pool_at_its_maximum_is_asked_again_for_what_did_not_come()
    {
        var some = new Some().With(Some.Pool(max: 2), capacity: 2).AddPending(8);
        some.Edit("agents", view => view with { Failures = [new GrowFailure(GrowRefusal.NoCapacity, "AllocationFailed", "none", Some.Noon)] });

        var first = some.PlanAndRemember();
        some.Edit("agents", view => view with { Failures = [] });
        some.Now = Some.Noon.AddMinutes(1);
        var second = some.PlanAndRemember();
        var third = some.PlanAndRemember();

        Assert.Empty(Grown(first));
        Assert.Equal([("agents", 0)], Grown(second));
        Assert.Empty(Grown(third));
    }

    private static IEnumerable<(string Pool, int By)> Grown(Plan plan) =>
        plan.Decisions.OfType<Decision.Grow>().Select(grow => (grow.Pool.Pool.Name, grow.By)).Order();
}
