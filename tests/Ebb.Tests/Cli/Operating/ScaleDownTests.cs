namespace Ebb.Tests.Cli.Operating;

/// <summary><c>ebb scale</c> to fewer machines tells just those to go that the controller then removes, and of the others why they stay.</summary>
public class ScaleDownTests
{
    [Fact]
    public void A_node_that_somebody_keeps_is_passed_over_for_one_that_may_go()
    {
        using var farm = new FarmCase(machines: 3, busy: 0);
        farm.Annotate("agents000000", Marks.Keep, "true");

        var shrunk = farm.Scale(2);
        farm.Pass(minutes: 30);

        Assert.Equal((3, 2), (shrunk.Result!.From, shrunk.Result.To));
        Assert.Null(shrunk.Result.Note);
        Assert.Equal(2, farm.Set.Capacity);
        Assert.Contains("agents000000", farm.Nodes.Select(node => node.Metadata.Name));
    }

    [Fact]
    public void What_is_kept_is_not_said_to_go()
    {
        using var farm = new FarmCase(machines: 3, busy: 1);
        var idle = farm.Idle.ToList();
        idle.ForEach(node => farm.Annotate(node, Marks.Keep, "true"));

        var shrunk = farm.Scale(0);
        farm.Pass(minutes: 2);

        Assert.Equal((3, 3), (shrunk.Result!.From, shrunk.Result.To));
        Assert.Equal($"{(idle.Count == 2 ? "1 machine is" : "2 machines are")} not idle, and not removed. {string.Join(" and ", idle)}: kept: annotation {Marks.Keep}.", shrunk.Result.Note);
        Assert.Equal(3, farm.Set.Capacity);
    }

    [Fact]
    public void Machines_that_are_kept_warm_are_not_said_to_go()
    {
        using var farm = new FarmCase(machines: 4, busy: 0, most: 6, keepWarm: 2);

        var shrunk = farm.Scale(0);
        farm.Pass(minutes: 30);

        Assert.Equal((4, 2), (shrunk.Result!.From, shrunk.Result.To));
        Assert.Contains("with 2 kept warm", shrunk.Result.Note, StringComparison.Ordinal);
        Assert.Equal(2, farm.Set.Capacity);
    }

    [Fact]
    public void What_leaves_is_named_where_it_is_in_the_way_of_growth_and_not_the_quota()
    {
        using var farm = new FarmCase(machines: 3, busy: 0);
        farm.Scale(0);
        farm.Until("all are cordoned", () => farm.Nodes.Count(node => node.Spec.Taints?.Any(taint => taint is { Key: Marks.Retiring, Effect: "NoSchedule" }) == true) == 3);

        var grown = farm.Scale(3);

        Assert.Equal((0, 0), (grown.Result!.From, grown.Result.To));
        Assert.Equal("3 machines beside are leaving already. The pool is at its maximum until they are gone: run it again then for 3 more.", grown.Result.Note);
        farm.Until("they are gone", () => farm.Set.Capacity == 0);
        Assert.Equal((0, 3), farm.Scale(3) is { Result: { } again } ? (again.From, again.To) : default);
    }
}
