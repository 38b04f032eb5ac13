using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Shrinking;

public sealed class SteeringTests
{
    private static readonly DateTimeOffset Noon = Some.Noon;

    [Fact]
    public void The_emptiest_node_is_steered_empty_when_the_others_clearly_hold_its_work()
    {
        var some = Busy(3, 1, 2);

        var plan = some.Plan();

        Assert.Equal("agents000001", Assert.IsType<Decision.Steer>(Assert.Single(plan.Decisions)).Node);
        Assert.Equal(Noon.AddMinutes(2), plan.LookAgainAt);
        Assert.Equal(
            "kept: runs job job-1-0, 12 min so far; steered empty, as its work would fit on other nodes", plan.Reasons.Nodes["agents000001"]);
    }

    [Fact]
    public void Nobody_is_steered_when_the_others_would_be_full_to_the_brim()
    {
        // Three slots are free elsewhere; two pods and a quarter more need three, but nothing is left after that for a second node.
        Assert.Empty(Busy(4, 3).Plan().Decisions);
    }

    [Fact]
    public void Nobody_is_steered_while_pods_wait_for_machines()
    {
        var some = Busy(3, 1, 2).AddPending(1, Some.Class(4, 4));

        Assert.IsType<Decision.Grow>(Assert.Single(some.Plan().Decisions));
    }

    [Fact]
    public void A_node_steered_for_long_enough_is_cordoned_and_its_jobs_are_left_to_finish()
    {
        var some = Busy(3, 2).AddBusy(1, Some.Marked(null, TaintEffect.PreferNoSchedule, Noon.AddMinutes(-2)));

        var cordon = Assert.IsType<Decision.Cordon>(Assert.Single(some.Plan().Decisions));

        Assert.Equal("agents000002", cordon.Node);
    }

    [Fact]
    public void A_cordoned_node_keeps_its_jobs_and_says_so()
    {
        var some = Busy(3, 2).AddBusy(1, Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-2)));

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal(
            "retiring: cordoned, its work is finished first; runs job job-2-0, 12 min so far", plan.Reasons.Nodes["agents000002"]);
    }

    [Fact]
    public void A_cordoned_node_whose_work_is_done_goes_at_once()
    {
        var some = Busy(3, 2).AddBusy(0, Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-2)));

        var remove = Assert.Single(some.Plan().Decisions.OfType<Decision.Remove>());

        Assert.Equal("its work is done", Assert.Single(remove.Departures).Reason);
    }

    [Fact]
    public void Once_the_others_fill_up_the_marks_are_taken_off()
    {
        var some = Busy(4, 4).AddBusy(1, Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-2)));

        Assert.Equal("agents000002", Assert.IsType<Decision.Release>(Assert.Single(some.Plan().Decisions)).Node);
    }

    [Fact]
    public void Pods_that_can_move_are_evicted_one_by_one_from_a_cordoned_node()
    {
        var some = Busy(2, 2);
        var web = new Owner("ReplicaSet", "web", "web");
        some.AddNode(
            [Some.Pod("w1") with { Owner = web }, Some.Pod("w2") with { Owner = web }],
            edit: Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-2)));

        var evict = Assert.Single(some.Plan().Decisions.OfType<Decision.Evict>());

        Assert.Equal(("default", "w1", "agents000002"), (evict.Namespace, evict.Pod, evict.Node));
    }

    [Fact]
    public void A_spent_budget_is_waited_for_but_not_for_ever()
    {
        Assert.Empty(RetiringFor(minutes: 2).Decisions);
        Assert.IsType<Decision.Release>(Assert.Single(RetiringFor(minutes: 40).Decisions));

        static Plan RetiringFor(int minutes)
        {
            var some = Busy(2, 2);
            some.AddNode([Some.Pod("w1", owner: "ReplicaSet")], edit: Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-minutes)));
            some.Budgets.Add(new DisruptionBudget("default", "web", LabelSelector.Everything, 0));
            return some.Plan();
        }
    }

    [Fact]
    public void Nobody_is_moved_while_a_pod_of_the_same_controller_waits()
    {
        var some = Busy(1, 2);
        var web = new Owner("ReplicaSet", "web", "web");
        some.AddNode([Some.Pod("w1") with { Owner = web }], edit: Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-2)));
        some.AddPending(1, edit: pod => pod with { Owner = web });

        Assert.DoesNotContain(some.Plan().Decisions, decision => decision is Decision.Evict);
    }

    [Fact]
    public void The_scheduler_is_steered_past_idle_nodes_while_others_have_room()
    {
        var some = Busy(2, 3).AddBusy(0, Some.Marked(Noon.AddMinutes(-1)));

        var plan = some.Plan();

        Assert.Contains(plan.Decisions, decision => decision is Decision.Steer { Node: "agents000002" });
        Assert.Equal("kept: idle 1 min of 5", plan.Reasons.Nodes["agents000002"]);
    }

    [Fact]
    public void Pods_that_no_machine_could_hold_do_not_keep_nodes_from_being_steered()
    {
        var some = Busy(3, 1, 2).AddPending(1, Some.Class(64, 4));

        Assert.Contains(some.Plan().Decisions, decision => decision is Decision.Steer);
    }

    [Theory]
    [InlineData("Job", Protection.ByRule, false)]
    [InlineData(null, Protection.ByRule, false)]
    [InlineData("ReplicaSet", Protection.Never, false)]
    [InlineData("Workflow", Protection.ByRule, false)]
    [InlineData("Job", Protection.Allowed, true)]
    [InlineData("StatefulSet", Protection.ByRule, true)]
    public void Only_pods_that_may_be_interrupted_are_evicted(string? owner, Protection protection, bool evicted)
    {
        var some = Busy(2, 2);
        some.AddNode(
            [Some.Pod("pod", owner: owner) with { Protection = protection }],
            edit: Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-30)));

        Assert.Equal(evicted, some.Plan().Decisions.Any(decision => decision is Decision.Evict));
    }

    [Fact]
    public void The_minimum_is_kept_by_steering_too()
    {
        var some = Busy(3, 1, 2).Edit("agents", view => view with { Pool = view.Pool with { Min = 3 } });

        Assert.Empty(some.Plan().Decisions);
    }

    private static Some Busy(params int[] jobs)
    {
        var some = new Some().With(Some.Pool());
        foreach (var count in jobs)
        {
            some.AddBusy(count);
        }

        return some;
    }
}

internal static class BusyNodes
{
    /// <summary>A node of four CPUs with so many jobs of one CPU.</summary>
    public static Some AddBusy(this Some some, int jobs, Func<Node, Node>? edit = null)
    {
        var number = some.Nodes.Count;
        some.AddNode([.. Enumerable.Range(0, jobs).Select(i => Some.Pod($"{number}-{i}"))], edit: edit);
        return some;
    }
}
