using Ebb.Planning;
using Ebb.Pools;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

public sealed class HealingTests
{
    private static readonly DateTimeOffset Noon = Some.Noon;

    [Fact]
    public void A_machine_that_does_not_join_in_time_is_removed_with_its_reason()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(age: TimeSpan.FromMinutes(16));

        var plan = some.Plan();

        var remove = Assert.Single(plan.Decisions.OfType<Decision.Remove>());
        Assert.Equal((null, "did not join within 15 min"), (remove.Departures[0].Node, remove.Departures[0].Reason));
        Assert.Equal("removed: did not join within 15 min", plan.Reasons.Machines["agents_0"]);
    }

    [Fact]
    public void A_machine_still_within_its_time_is_joining()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(age: TimeSpan.FromMinutes(3));

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("joining: 3 min of 15", plan.Reasons.Machines["agents_0"]);
        Assert.Equal(Noon.AddMinutes(12), plan.LookAgainAt);
        Assert.Contains("agents", plan.InMotion);
    }

    [Fact]
    public void A_second_machine_that_never_joins_makes_its_pool_wait()
    {
        var some = new Some().With(Some.Pool()).AddPending(1);
        some.AddMachine(age: TimeSpan.FromMinutes(16));

        var first = some.PlanAndRemember();
        some.Edit("agents", view => view with { Machines = [], Capacity = 0 });
        some.Now = Noon.AddMinutes(20);
        some.AddMachine(age: TimeSpan.FromMinutes(16), edit: machine => machine with { Id = "1" });
        var second = some.PlanAndRemember();

        Assert.Contains(first.Decisions, decision => decision is Decision.Grow);
        Assert.Equal("did not join within 15 min", Assert.Single(Assert.Single(second.Decisions.OfType<Decision.Remove>()).Departures).Reason);
        Assert.DoesNotContain(second.Decisions, decision => decision is Decision.Grow);
    }

    [Fact]
    public void A_machine_that_never_joined_and_cannot_be_removed_yet_is_one_failure_however_often_it_is_looked_at()
    {
        var some = new Some().With(Some.Pool()).AddPending(1);
        some.AddMachine(age: TimeSpan.FromMinutes(16));

        for (var round = 0; round < 10; round++)
        {
            // As when the cloud takes no deletion for a while: it stays in the list.
            some.Now = Noon.AddSeconds(10 * round);
            var plan = some.PlanAndRemember();

            Assert.Single(plan.Decisions.OfType<Decision.Remove>());
            Assert.Single(plan.Decisions.OfType<Decision.Grow>());
        }

        Assert.Equal(1, Notes.ReadBackOff(some.Notes[Notes.BackOff("agents")])?.Count);
    }

    [Fact]
    public void An_unmatched_machine_is_kept_while_an_unmatched_node_could_be_it()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(age: TimeSpan.FromMinutes(20), edit: node => node with { ProviderId = "", Name = "renamed" });

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("kept: has not joined under its own name, but could be node renamed", plan.Reasons.Machines["agents_0"]);
    }

    [Theory]
    [InlineData("provider")]
    [InlineData("host name")]
    [InlineData("VM id")]
    [InlineData("swapped VM id")]
    [InlineData("address")]
    public void A_machine_is_matched_with_its_node_by(string what)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => what switch
        {
            "provider" => node with { Name = "other", ProviderId = node.ProviderId.ToUpperInvariant() },
            "host name" => node with { ProviderId = "k3s://agents000000", Name = "AGENTS000000" },
            "VM id" => node with { ProviderId = "", Name = "other", SystemUuid = "0A0B0C0D-0102-0304-0506-0708090A0B0C" },
            "swapped VM id" => node with { ProviderId = "", Name = "other", SystemUuid = "0D0C0B0A-0201-0403-0506-0708090A0B0C" },
            _ => node with { ProviderId = "", Name = "other", Addresses = ["10.0.0.4"] },
        });
        some.Edit("agents", view => view with
        {
            Machines = [view.Machines[0] with { VmId = "0a0b0c0d-0102-0304-0506-0708090a0b0c", Addresses = ["10.0.0.4"] }],
        });

        var plan = some.Plan();

        Assert.Empty(plan.Reasons.Machines);
        Assert.StartsWith("kept: idle", Assert.Single(plan.Reasons.Nodes).Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_names_another_machine_is_not_matched_by_its_host_name()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => node with { ProviderId = node.ProviderId + "9" });

        Assert.Contains("agents_0", some.Plan().Reasons.Machines);
    }

    [Fact]
    public void The_node_of_a_machine_that_is_gone_is_deleted_once_it_is_not_ready()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => node with { Ready = false });
        some.AddNode();
        some.Edit("agents", view => view with { Machines = [], Capacity = 0 });

        var plan = some.Plan();

        Assert.Equal("agents000000", Assert.IsType<Decision.DeleteNode>(Assert.Single(plan.Decisions)).Node);
        Assert.Equal("leaving: its machine is gone from the cloud", plan.Reasons.Nodes["agents000001"]);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void A_new_node_that_is_not_ready_is_deleted_only_when_its_machine_was_asked_to_go(bool asked, int deleted)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(age: TimeSpan.FromMinutes(2), edit: node => node with
        {
            Ready = false,
            Annotations = asked ? node.Annotations.Add(Marks.Removing, "2026-01-01T11:59:00Z") : node.Annotations,
        });
        some.Edit("agents", view => view with { Machines = [], Capacity = 0 });

        Assert.Equal(deleted, some.Plan().Decisions.Count(decision => decision is Decision.DeleteNode));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void A_node_is_never_deleted_on_a_view_that_is_not_complete_or_older_than_it(bool older, bool complete)
    {
        var some = new Some { Complete = complete }.With(Some.Pool());
        some.AddNode(edit: node => node with { Ready = false });
        some.Edit("agents", view => view with { Machines = [], Capacity = 0, MachinesReadAt = older ? Noon.AddHours(-2) : Noon });

        Assert.Empty(some.Plan().Decisions);
    }

    [Fact]
    public void A_failed_machine_without_a_node_is_removed_when_it_stays_failed()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(state: MachineState.Failed, edit: machine => machine with { Failure = "AllocationFailed" });

        var first = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(2);
        var second = some.PlanAndRemember();

        Assert.Empty(first.Decisions.OfType<Decision.Remove>());
        Assert.Equal("failed in the cloud: AllocationFailed", Assert.Single(second.Decisions.OfType<Decision.Remove>()).Departures[0].Reason);
    }

    [Fact]
    public void A_machine_that_does_not_finish_being_deleted_is_asked_to_go_again()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(state: MachineState.Deleting);

        var first = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(15);
        var second = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(16);
        var third = some.PlanAndRemember();

        Assert.Equal([0, 1, 0], new[] { first, second, third }.Select(plan => plan.Decisions.OfType<Decision.Remove>().Count()));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    public void The_place_of_a_machine_that_is_being_deleted_is_filled_once(int capacity, int bought)
    {
        var some = new Some().With(Some.Pool(min: 2));
        some.AddNode();
        some.AddMachine(state: MachineState.Deleting);

        // The deletion has lowered it; growth has raised it since, and what comes is not listed yet.
        some.Edit("agents", view => view with { Capacity = capacity });

        Assert.Equal(bought, some.Plan().Decisions.OfType<Decision.Grow>().Sum(grow => grow.By));
    }

    [Fact]
    public void Pods_wait_for_what_comes_in_place_of_a_machine_that_is_being_deleted()
    {
        var some = new Some().With(Some.Pool()).AddPending(1);
        some.AddMachine(state: MachineState.Deleting);

        Assert.Empty(some.Plan().Decisions.OfType<Decision.Grow>());
    }

    [Fact]
    public void Nothing_is_given_up_while_the_cloud_cannot_be_read_in_full()
    {
        var some = new Some { Complete = false }.With(Some.Pool());
        some.AddMachine(age: TimeSpan.FromHours(2));

        Assert.Empty(some.Plan().Decisions.OfType<Decision.Remove>());
    }

    [Fact]
    public void Stopped_machines_are_told_as_such_and_not_counted_on()
    {
        var some = new Some().With(Some.Pool()).AddPending(1);
        some.AddMachine(state: MachineState.Deallocated);

        var plan = some.Plan();

        Assert.Equal(1, Assert.Single(plan.Decisions.OfType<Decision.Grow>()).By);
        Assert.StartsWith("deallocated:", plan.Reasons.Machines["agents_0"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_spot_machine_that_a_person_stopped_is_not_taken_for_one_that_the_cloud_took()
    {
        var some = new Some().With(Some.Pool(priority: Priority.Spot));
        some.AddNode(edit: node => node with { Ready = false, Annotations = node.Annotations.SetItem(Marks.Keep, "true") });
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { State = MachineState.Deallocated }] });

        var first = some.PlanAndRemember();
        some.Now = Noon.AddHours(1);
        var later = some.PlanAndRemember();

        Assert.Empty(first.Decisions.Concat(later.Decisions).OfType<Decision.Remove>());
        Assert.Equal("left alone: its machine is deallocated", later.Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void Growth_that_never_comes_is_not_waited_for_for_ever()
    {
        var some = new Some().With(Some.Pool("cheap", price: 0.1m), capacity: 1).With(Some.Pool("dear")).AddPending(1);

        var first = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(15);
        var second = some.PlanAndRemember();

        Assert.Empty(first.Decisions.OfType<Decision.Grow>());
        Assert.Equal("dear", Assert.Single(second.Decisions.OfType<Decision.Grow>()).Pool.Pool.Name);
    }
}
