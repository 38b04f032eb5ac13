using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Shrinking;

public sealed class IdleTests
{
    private static readonly DateTimeOffset Noon = Some.Noon;

    [Fact]
    public void A_node_that_falls_idle_is_noted_and_kept_for_its_time()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("log", owner: "DaemonSet"), Some.Pod("done") with { Phase = PodPhase.Succeeded }]);

        var plan = some.Plan();

        Assert.Equal(Noon, Assert.IsType<Decision.NoteIdle>(Assert.Single(plan.Decisions)).Since);
        Assert.Equal(Noon.AddMinutes(5), plan.LookAgainAt);
        Assert.Equal("kept: idle 0 s of 5 min", plan.Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void A_node_idle_for_two_minutes_says_how_far_it_is()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-2)));

        Assert.Equal("kept: idle 2 min of 5", some.Plan().Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void A_node_idle_for_its_whole_time_is_cordoned_first()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5)));

        Assert.Equal("agents000000", Assert.IsType<Decision.Cordon>(Assert.Single(some.Plan().Decisions)).Node);
    }

    [Fact]
    public void All_cordoned_idle_nodes_of_a_pool_are_removed_in_one_call()
    {
        var some = new Some().With(Some.Pool(max: 100));
        for (var i = 0; i < 75; i++)
        {
            some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5), TaintEffect.NoSchedule, Noon.AddSeconds(-3)));
        }

        var plan = some.Plan();

        var remove = Assert.IsType<Decision.Remove>(Assert.Single(plan.Decisions));
        Assert.Equal(75, remove.Departures.Length);
        Assert.Equal("removed: idle 5 min", plan.Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void What_the_scheduler_had_under_way_has_some_seconds_to_land_behind_the_cordon()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5), TaintEffect.NoSchedule, Noon.AddSeconds(-2)));

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal(Noon.AddSeconds(1), plan.LookAgainAt);
    }

    [Fact]
    public void A_cordoned_node_waits_some_seconds_for_others_that_will_be_due()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5), TaintEffect.NoSchedule, Noon.AddSeconds(-4)));
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5).AddSeconds(5)));

        var plan = some.Plan();

        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Remove);
        Assert.InRange(plan.LookAgainAt!.Value, Noon, Noon.AddSeconds(6));
    }

    [Theory]
    [InlineData(-10, 5)]
    [InlineData(-4, 7)]
    public void A_cordoned_node_waits_for_others_no_longer_than_ten_seconds(int cordoned, int othersDueIn)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5), TaintEffect.NoSchedule, Noon.AddSeconds(cordoned)));
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5).AddSeconds(othersDueIn)));

        Assert.Contains(some.Plan().Decisions, decision => decision is Decision.Remove { Departures.Length: 1 });
    }

    [Fact]
    public void The_minimum_is_kept_and_those_idle_longest_go()
    {
        var some = new Some().With(Some.Pool(min: 2));
        for (var i = 0; i < 3; i++)
        {
            some.AddNode(edit: Some.Marked(Noon.AddMinutes(i == 1 ? -9 : -6)));
        }

        var plan = some.Plan();

        Assert.Equal("agents000001", Assert.IsType<Decision.Cordon>(Assert.Single(plan.Decisions)).Node);
        Assert.Equal("kept: idle 6 min, but pool agents is at its minimum 2", plan.Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void Machines_that_only_an_old_list_shows_do_not_count_towards_the_minimum()
    {
        var some = new Some().With(Some.Pool(min: 2));
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-6)));
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-6)));
        some.AddMachine();
        some.AddMachine();

        Assert.DoesNotContain(some.Plan().Decisions, decision => decision is Decision.Cordon);
    }

    [Fact]
    public void Work_that_slipped_in_before_the_cordon_wins()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("frame")], edit: Some.Marked(Noon.AddMinutes(-6), TaintEffect.NoSchedule, Noon));

        var decisions = some.Plan().Decisions;

        Assert.Contains(decisions, decision => decision is Decision.Release { Node: "agents000000" });
        Assert.Contains(decisions, decision => decision is Decision.NoteIdle { Since: null });
        Assert.DoesNotContain(decisions, decision => decision is Decision.Remove or Decision.Cordon);
    }

    [Fact]
    public void A_pod_on_its_way_out_keeps_its_node()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("frame") with { LeavesBy = Noon }], edit: Some.Marked(null, TaintEffect.NoSchedule, Noon.AddMinutes(-10)));

        Assert.DoesNotContain(some.Plan().Decisions, decision => decision is Decision.Remove);
    }

    [Fact]
    public void Nothing_is_removed_while_the_cloud_cannot_be_read_in_full()
    {
        var some = new Some { Complete = false }.With(Some.Pool());
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-60), TaintEffect.NoSchedule, Noon));

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("kept: idle 60 min, but the cloud cannot be read in full", plan.Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void An_idle_node_is_kept_for_pods_that_will_fit()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5)));
        some.AddPending(2);

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("kept: 2 waiting pods will fit here", plan.Reasons.Nodes["agents000000"]);
    }

    [Theory]
    [InlineData("ebb.dev/keep")]
    [InlineData("cluster-autoscaler.kubernetes.io/scale-down-disabled")]
    public void A_node_that_a_person_wants_kept_is_kept(string annotation)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => Some.Marked(Noon.AddMinutes(-50))(node with { Annotations = node.Annotations.Add(annotation, "true") }));

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal($"kept: annotation {annotation}", plan.Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void A_busy_node_says_what_it_runs()
    {
        var some = new Some { Policy = new Policy { Steer = false } }.With(Some.Pool());
        some.AddNode([Some.Pod("a") with { Owner = new Owner("Job", "frames-17", "j") }]);
        some.AddNode([Some.Pod("bare", owner: null), Some.Pod("late") with { StartedAt = Noon }]);

        var nodes = some.Plan().Reasons.Nodes;

        Assert.Equal("kept: runs job frames-17, 12 min so far", nodes["agents000000"]);
        Assert.Equal("kept: runs pod bare, which nothing would start again, and 1 more, 12 min so far", nodes["agents000001"]);
    }

    [Fact]
    public void A_machine_asked_to_go_is_neither_released_nor_counted_on()
    {
        var some = new Some().With(Some.Pool());
        var node = some.AddNode(edit: Some.Marked(Noon.AddMinutes(-6), TaintEffect.NoSchedule, Noon));
        some.Departing.Add(node.ProviderId.ToUpperInvariant());
        some.AddPending(1);

        var plan = some.Plan();

        Assert.Equal(1, Assert.IsType<Decision.Grow>(Assert.Single(plan.Decisions)).By);
        Assert.Equal("leaving: its machine is being removed", plan.Reasons.Nodes[node.Name]);
    }

    [Fact]
    public void Marks_on_a_node_of_no_pool_are_taken_off()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => Some.Marked(null, TaintEffect.NoSchedule, Noon)(node) with { ProviderId = "other://1", Name = "stranger" });
        some.Edit("agents", view => view with { Machines = [], Capacity = 0 });

        Assert.Equal("stranger", Assert.IsType<Decision.Release>(Assert.Single(some.Plan().Decisions)).Node);
    }
}
