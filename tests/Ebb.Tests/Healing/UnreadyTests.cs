using Ebb.Growing;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

/// <summary>Machines that have a node which is not ready.</summary>
public sealed partial class UnreadyTests
{
    private const string Node = "agents000000";

    private static readonly DateTimeOffset Noon = Some.Noon;

    [Fact]
    public void A_machine_whose_node_never_becomes_ready_has_not_joined()
    {
        var some = Joined(Noon.AddMinutes(-15));

        var first = some.PlanAndRemember();
        Cordon(some);
        var second = some.PlanAndRemember();

        Assert.Equal("did not join within 15 min", Assert.Single(first.Decisions.OfType<Decision.Cordon>()).Reason);
        Assert.Empty(first.Decisions.OfType<Decision.Remove>());
        var departure = Assert.Single(Assert.Single(second.Decisions.OfType<Decision.Remove>()).Departures);
        Assert.Equal((Node, "did not join within 15 min", true), (departure.Node, departure.Reason, departure.Unready));
        Assert.Equal("removed: did not join within 15 min", second.Reasons.Nodes[Node]);
    }

    [Fact]
    public void Its_time_counts_from_before_it_had_a_node_and_until_then_pods_are_counted_on_it()
    {
        var some = Joined(Noon.AddMinutes(-14)).AddPending(1);

        var joining = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(1);
        var over = some.Plan();

        Assert.Empty(joining.Decisions);
        Assert.Equal(Noon.AddMinutes(1), joining.LookAgainAt);
        Assert.Single(over.Decisions.OfType<Decision.Cordon>());
        Assert.Single(over.Decisions.OfType<Decision.Grow>());
    }

    [Fact]
    public void However_often_it_is_looked_at_it_is_one_failure_of_its_pool_and_a_second_one_makes_the_pool_wait()
    {
        var some = Joined(Noon.AddMinutes(-15)).AddPending(1);

        some.PlanAndRemember();
        Cordon(some);
        some.PlanAndRemember();
        some.Now = Noon.AddSeconds(5);
        var again = some.PlanAndRemember();
        Assert.Equal((1, BackOff.NeverJoined), Failures(some));
        Assert.Contains(again.Decisions, decision => decision is Decision.Grow);

        some.Nodes.Clear();
        some.Edit("agents", view => view with { Machines = [], Capacity = 0 });
        some.Now = Noon.AddMinutes(20);
        some.AddNode(edit: Down);
        some.Notes[Notes.Unjoined("agents")] = $"{Notes.Write(Noon.AddMinutes(5))}=0";
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { CreatedAt = Noon.AddMinutes(5) }] });
        var second = some.PlanAndRemember();

        Assert.Equal((2, BackOff.NeverJoined), Failures(some));
        Assert.DoesNotContain(second.Decisions, decision => decision is Decision.Grow);
    }

    [Fact]
    public void A_node_that_became_ready_once_has_joined()
    {
        var some = Joined(Noon.AddMinutes(-10));
        some.Nodes[0] = some.Nodes[0] with { Ready = true };
        some.PlanAndRemember();

        some.Nodes[0] = Down(some.Nodes[0]);
        some.PlanAndRemember();
        some.Now = Noon.AddMinutes(19);

        Assert.DoesNotContain(some.PlanAndRemember().Decisions, decision => decision is Decision.Cordon or Decision.Remove);
        Assert.DoesNotContain(Notes.Unjoined("agents"), some.Notes.Keys);
        Assert.Equal($"{Notes.Write(Noon)}=0", some.Notes[Notes.Unready("agents")]);
    }

    [Fact]
    public void A_node_that_is_not_ready_for_twenty_minutes_goes_when_its_work_was_given_up_long_ago()
    {
        var some = Silent(TimeSpan.FromMinutes(20), Some.Pod("frame") with { LeavesBy = Noon.AddMinutes(-5) });

        var first = some.PlanAndRemember();
        Cordon(some);
        var second = some.PlanAndRemember();

        Assert.Equal("not ready for 20 min", Assert.Single(first.Decisions.OfType<Decision.Cordon>()).Reason);
        Assert.Equal("retiring: not ready for 20 min, cordoned to be removed", first.Reasons.Nodes[Node]);
        Assert.Equal(Node, Assert.Single(Assert.Single(second.Decisions.OfType<Decision.Remove>()).Departures).Node);
        Assert.DoesNotContain(Notes.BackOff("agents"), some.Notes.Keys);
    }

    [Theory]
    [InlineData("marked", "kept: not ready for 20 min, but pod frame was told to leave and may still be at it", false)]
    [InlineData("unmarked", "kept: not ready for 20 min, but pod frame is not marked for deletion and may still run there", false)]
    [InlineData("dead", "retiring: not ready for 20 min, cordoned to be removed", true)]
    [InlineData("finished", "retiring: not ready for 20 min, cordoned to be removed", true)]
    [InlineData("of a DaemonSet", "retiring: not ready for 20 min, cordoned to be removed", true)]
    [InlineData("mirror", "retiring: not ready for 20 min, cordoned to be removed", true)]
    public void It_goes_only_once_nothing_may_run_there_any_more(string what, string reason, bool goes)
    {
        var pod = Some.Pod("frame", owner: what == "of a DaemonSet" ? "DaemonSet" : "Job");
        var some = Silent(TimeSpan.FromMinutes(20), what switch
        {
            "marked" => pod with { LeavesBy = Noon.AddMinutes(-4) },
            "dead" => pod with { LeavesBy = Noon.AddMinutes(-5) },
            "finished" => pod with { Phase = PodPhase.Succeeded },
            "mirror" => pod with { Mirror = true },
            _ => pod,
        });

        var plan = some.Plan();

        Assert.Equal(reason, plan.Reasons.Nodes[Node]);
        Assert.Equal(goes, plan.Decisions.Any(decision => decision is Decision.Cordon));
        Assert.Equal(what == "marked" ? Noon.AddMinutes(1) : goes ? Noon.AddSeconds(3) : null, plan.LookAgainAt);
    }

    [Fact]
    public void What_may_run_on_a_node_that_never_was_ready_holds_it_too()
    {
        var some = Joined(Noon.AddMinutes(-15), Some.Pod("frame"));

        var plan = some.Plan();

        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Cordon);
        Assert.Equal("kept: did not join within 15 min, but pod frame is not marked for deletion and may still run there", plan.Reasons.Nodes[Node]);
    }

    [Theory]
    [InlineData("kept")]
    [InlineData("operating")]
    [InlineData("changing")]
    [InlineData("stopped")]
    [InlineData("stopping")]
    [InlineData("control plane")]
    public void What_somebody_keeps_stops_or_works_on_is_left_alone_and_has_its_whole_time_afterwards(string what)
    {
        var some = Silent(TimeSpan.FromHours(1));
        var (node, machine) = (some.Nodes[0], default(Machine));
        some.Nodes[0] = what switch
        {
            "kept" => node with { Annotations = node.Annotations.SetItem(Marks.Keep, "true") },
            "operating" => node with { Annotations = node.Annotations.SetItem(Marks.Operating, "cordon") },
            "control plane" => node with { Shape = node.Shape with { Labels = node.Shape.Labels.Add("node-role.kubernetes.io/control-plane", "true") } },
            _ => node,
        };
        some.Edit("agents", view => view with
        {
            Machines =
            [
                (machine = view.Machines[0]) with
                {
                    Changing = what == "changing",
                    State = what == "stopped" ? MachineState.Stopped : what == "stopping" ? MachineState.Stopping : MachineState.Running,
                },
            ],
        });

        var held = some.PlanAndRemember();
        some.Nodes[0] = node;
        some.Edit("agents", view => view with { Machines = [machine!] });
        var free = some.PlanAndRemember();

        Assert.DoesNotContain(held.Decisions.Concat(free.Decisions), decision => decision is Decision.Cordon or Decision.Remove);
        Assert.Equal($"{Notes.Write(Noon)}=0", some.Notes[Notes.Unready("agents")]);
    }

    [Fact]
    public void A_machine_that_never_joined_has_its_whole_time_once_the_cloud_is_no_longer_at_work_on_it()
    {
        var some = Joined(Noon.AddMinutes(-15));
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { Changing = true }] });
        var working = some.PlanAndRemember();
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { Changing = false }] });
        some.Now = Noon.AddMinutes(14);
        var joining = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(15);

        Assert.DoesNotContain(working.Decisions.Concat(joining.Decisions), decision => decision is Decision.Cordon);
        Assert.Equal("kept: not ready, and the cloud is at work on its machine", working.Reasons.Nodes[Node]);
        Assert.Single(some.Plan().Decisions.OfType<Decision.Cordon>());
    }

    [Fact]
    public void Nothing_goes_while_the_cloud_cannot_be_read_in_full()
    {
        var some = Silent(TimeSpan.FromHours(1));
        some.Complete = false;
        Cordon(some);

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("kept: not ready for 60 min, but not removed while the cloud cannot be read in full", plan.Reasons.Nodes[Node]);
    }

    [Fact]
    public void A_pool_whose_machines_take_long_to_join_waits_as_long_for_one_that_is_away()
    {
        var some = Silent(TimeSpan.FromMinutes(39));
        some.Edit("agents", view => view with { Pool = view.Pool with { JoinWithin = TimeSpan.FromMinutes(40) } });

        var plan = some.Plan();

        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Cordon);
        Assert.Equal(Noon.AddMinutes(1), plan.LookAgainAt);
    }

    [Fact]
    public void A_node_that_is_ready_again_behind_its_cordon_is_released_and_not_taken_for_one_that_is_done()
    {
        var some = Silent(TimeSpan.FromMinutes(20));
        Cordon(some);
        some.Nodes[0] = some.Nodes[0] with { Ready = true };

        var plan = some.PlanAndRemember();

        Assert.Equal("it is ready again", Assert.Single(plan.Decisions.OfType<Decision.Release>()).Reason);
        Assert.Empty(plan.Decisions.OfType<Decision.Remove>());
        Assert.DoesNotContain(Notes.Unready("agents"), some.Notes.Keys);
    }

    [Fact]
    public void A_failed_machine_whose_node_never_was_ready_goes_when_it_stays_failed_and_is_not_counted_on()
    {
        var some = Joined(Noon.AddMinutes(-3)).AddPending(1);
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { State = MachineState.Failed, Failure = "VMExtensionProvisioningError" }] });

        var first = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(2);
        var second = some.PlanAndRemember();

        Assert.Empty(first.Decisions.OfType<Decision.Cordon>());
        Assert.Single(first.Decisions.OfType<Decision.Grow>());
        Assert.Equal("failed in the cloud: VMExtensionProvisioningError, removed unless it recovers within 2 min", first.Reasons.Nodes[Node].Replace("120 s", "2 min", StringComparison.Ordinal));
        Assert.Equal("failed in the cloud: VMExtensionProvisioningError", Assert.Single(second.Decisions.OfType<Decision.Cordon>()).Reason);
        Assert.DoesNotContain(Notes.BackOff("agents"), some.Notes.Keys);
    }

    [Fact]
    public void A_failed_machine_whose_node_was_ready_has_its_whole_time()
    {
        var some = Silent(TimeSpan.FromMinutes(19));
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { State = MachineState.Failed, Failure = "OSProvisioningTimedOut" }] });

        var first = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(1);
        var second = some.PlanAndRemember();

        Assert.Empty(first.Decisions.OfType<Decision.Cordon>());
        Assert.Equal("not ready for 20 min, and failed in the cloud: OSProvisioningTimedOut", Assert.Single(second.Decisions.OfType<Decision.Cordon>()).Reason);
    }

    /// <summary>A machine that has had a node for a minute, and that was first seen without one <paramref name="since"/>.</summary>
    private static Some Joined(DateTimeOffset since, params Pod[] pods)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(pods, age: TimeSpan.FromMinutes(1), edit: Down);
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { CreatedAt = since }] });
        some.Notes[Notes.Unjoined("agents")] = $"{Notes.Write(since)}=0";
        return some;
    }

    /// <summary>A machine that worked, and whose node has not been ready for so long.</summary>
    private static Some Silent(TimeSpan span, params Pod[] pods)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(pods, age: TimeSpan.FromHours(3), edit: Down);
        some.Notes[Notes.Unready("agents")] = $"{Notes.Write(Noon - span)}=0";
        return some;
    }

    private static Node Down(Node node) => node with { Ready = false };

    /// <summary>As the plan had it done, some seconds ago.</summary>
    private static void Cordon(Some some) =>
        some.Nodes[0] = Some.Marked(retiring: TaintEffect.NoSchedule, since: some.Now.AddSeconds(-5))(some.Nodes[0]);

    private static (int Count, string Code) Failures(Some some) =>
        Notes.ReadBackOff(some.Notes.GetValueOrDefault(Notes.BackOff("agents"))) is { } note ? (note.Count, note.Code) : (0, "");
}
