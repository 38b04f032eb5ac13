using Ebb.Clouds;
using Ebb.Growing;
using Ebb.Pools;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Growing;

public class PartOrderTests
{
    [Fact]
    public void The_cheapest_first_and_last_one_that_may_not_grow_now()
    {
        var some = new Some()
            .With(Some.Pool("regular", price: 0.2m) with { PartOf = "agents" })
            .With(Some.Pool("spot", price: 0.2m, priority: Priority.Spot) with { PartOf = "agents" })
            .With(Some.Pool("cheap", price: 0.1m) with { PartOf = "agents" })
            .With(Some.Pool("odd", price: 0.01m) with { PartOf = "agents", Problem = "its tags" });

        Assert.Equal(["cheap", "spot", "regular", "odd"], Order(some));

        some.Edit("cheap", view => view with { Failures = [new GrowFailure(GrowRefusal.NoCapacity, "AllocationFailed", "none", Some.Noon.AddSeconds(-10))] });
        some.PlanAndRemember();

        Assert.Equal(["spot", "regular", "odd", "cheap"], Order(some));
    }

    private static IEnumerable<string> Order(Some some) => PartOrder.Of(some.Snapshot(), some.Snapshot().Cloud.Pools).Select(view => view.Pool.Name);
}
