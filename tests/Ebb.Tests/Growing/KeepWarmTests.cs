using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Growing;

/// <summary>Machines that are kept ready beside those at work.</summary>
public sealed class KeepWarmTests
{
    [Theory]
    [InlineData(0, 0, 2, 2)]
    [InlineData(1, 0, 2, 2)]
    [InlineData(1, 1, 2, 1)]
    [InlineData(1, 2, 2, 0)]
    [InlineData(9, 0, 2, 1)]
    public void As_many_machines_are_ready_beside_those_at_work_as_are_kept_warm(int busy, int idle, int warm, int bought)
    {
        var some = new Some().With(Some.Pool() with { KeepWarm = warm });
        for (var i = 0; i < busy; i++)
        {
            some.AddNode([Some.Pod($"work-{i}", Some.Class(4))]);
        }

        for (var i = 0; i < idle; i++)
        {
            some.AddNode();
        }

        Assert.Equal(bought, some.Plan().Decisions.OfType<Decision.Grow>().Sum(grow => grow.By));
    }

    [Fact]
    public void A_warm_machine_that_a_waiting_pod_will_use_is_bought_anew()
    {
        var some = new Some().With(Some.Pool() with { KeepWarm = 1 }).AddPending(1, Some.Class(4));
        some.AddNode();

        Assert.Equal(1, Assert.Single(some.Plan().Decisions.OfType<Decision.Grow>()).By);
    }

    [Fact]
    public void Idle_machines_are_let_go_down_to_the_warm_ones()
    {
        var some = new Some().With(Some.Pool() with { KeepWarm = 1 });
        some.AddNode([Some.Pod("work", Some.Class(4))]);
        for (var i = 0; i < 3; i++)
        {
            some.AddNode(edit: Some.Marked(idleSince: Some.Noon.AddHours(-1)));
        }

        var plan = some.Plan();

        Assert.Equal(2, plan.Decisions.OfType<Decision.Cordon>().Count());
        Assert.Contains(plan.Reasons.Nodes.Values, reason => reason.EndsWith("is at 2 machines, with 1 kept warm", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(3 * 24 * 60, 1)]
    [InlineData(14, 0)]
    public void A_machine_that_takes_nothing_new_for_days_is_not_warm(int minutesAhead, int bought)
    {
        var some = new Some().With(Some.Pool() with { KeepWarm = 1 });
        some.AddNode(edit: Announced(TimeSpan.FromMinutes(minutesAhead)));

        Assert.Equal(bought, some.Plan().Decisions.OfType<Decision.Grow>().Sum(grow => grow.By));
    }

    [Fact]
    public void A_machine_that_takes_nothing_new_goes_rather_than_one_that_is_ready()
    {
        var some = new Some().With(Some.Pool(min: 1));
        some.AddNode(edit: node => Some.Marked(idleSince: Some.Noon.AddHours(-2))(node));
        some.AddNode(edit: node => Announced(TimeSpan.FromDays(3))(Some.Marked(idleSince: Some.Noon.AddHours(-1))(node)));

        var plan = some.Plan();

        Assert.Equal("agents000001", Assert.Single(plan.Decisions.OfType<Decision.Cordon>()).Node);
        Assert.EndsWith("is at its minimum 1", plan.Reasons.Nodes["agents000000"], StringComparison.Ordinal);
    }

    /// <summary>The cloud moves the machine to another host then.</summary>
    private static Func<Node, Node> Announced(TimeSpan ahead) => node => node with
    {
        Annotations = node.Annotations.SetItem(Marks.Notice, $"Redeploy {Some.Noon + ahead:yyyy-MM-dd'T'HH:mm:ss'Z'}"),
        Shape = node.Shape with { Taints = node.Shape.Taints.Add(new Taint(Marks.Leaving, "", TaintEffect.NoSchedule)) },
    };
}
