using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

public class RolloutDecisionTests
{
    private const string New = "new";

    [Fact]
    public void Machines_get_their_turn_one_after_the_other_and_the_next_one_when_the_last_is_done()
    {
        var turn = Assert.IsType<RolloutDecision.Name>(Decide([Old("a"), Old("b")], null)).Turn;
        Assert.Equal(["a"], turn.Machines);
        Assert.IsType<RolloutDecision.Await>(Decide([Old("a"), Old("b")], turn));
        Assert.IsType<RolloutDecision.Await>(Decide([At("a", ControlPlanePhase.Working), Old("b")], turn));

        var second = Assert.IsType<RolloutDecision.Name>(Decide([At("a", ControlPlanePhase.Done), Old("b")], turn));

        Assert.Equal("b", second.Machine);
        Assert.Equal(["a", "b"], second.Turn.Machines);
        Assert.IsType<RolloutDecision.Finished>(Decide([At("a", ControlPlanePhase.Done), At("b", ControlPlanePhase.Done)], second.Turn));
    }

    [Fact]
    public void A_turn_of_other_orders_is_nobodys()
    {
        var next = Assert.IsType<RolloutDecision.Name>(Decide([Old("a"), Old("b")], new ControlPlaneTurn("old", 3, ["a", "b"])));

        Assert.Equal(("a", New, 1), (next.Machine, next.Turn.Generation, next.Turn.Attempt));
    }

    [Fact]
    public void A_machine_that_failed_stops_the_others_and_the_next_run_is_another_attempt()
    {
        var turn = new ControlPlaneTurn(New, 1, ["a"]);
        ImmutableArray<ReportedMachine> machines = [At("a", ControlPlanePhase.Failed), Old("b")];

        Assert.IsType<RolloutDecision.Broken>(Decide(machines, turn));
        var attempt = RolloutDecision.AttemptOf(New, machines, turn);
        var again = Assert.IsType<RolloutDecision.Name>(RolloutDecision.Of(New, attempt, machines, turn, null));

        Assert.Equal((2, "a"), (again.Turn.Attempt, Assert.Single(again.Turn.Machines)));
        Assert.IsType<RolloutDecision.Await>(RolloutDecision.Of(New, attempt, machines, again.Turn, null));
    }

    [Fact]
    public void None_is_begun_while_another_is_not_ready_unless_that_does_not_count()
    {
        var held = Assert.IsType<RolloutDecision.Hold>(RolloutDecision.Of(New, 1, [Old("a"), Old("b"), Old("c")], null, name => name != "c"));

        Assert.Equal("c", Assert.Single(held.NotReady));
        Assert.IsType<RolloutDecision.Name>(RolloutDecision.Of(New, 1, [Old("a"), Old("b"), Old("c")], null, ready: null));
        Assert.IsType<RolloutDecision.Name>(RolloutDecision.Of(New, 1, [Old("a"), Old("b")], null, name => name != "a"));
    }

    [Fact]
    public void One_that_is_yet_to_join_keeps_nobody_waiting()
    {
        var young = new ReportedMachine("b", Old("b").State! with { Store = false });

        Assert.Equal("a", Assert.IsType<RolloutDecision.Name>(RolloutDecision.Of(New, 1, [Old("a"), young, new ReportedMachine("c", null)], null, name => name == "a")).Machine);
    }

    [Fact]
    public void The_one_that_others_may_be_waiting_for_has_its_turn_before_all_even_before_one_that_had_its_turn_and_was_made_anew_since()
    {
        ImmutableArray<ReportedMachine> machines = [new("a", null), Old("b"), Old("c")];
        var turn = new ControlPlaneTurn(New, 1, ["a"]);

        var next = Assert.IsType<RolloutDecision.Name>(RolloutDecision.Of(New, 1, machines, turn, _ => true, first: "b"));

        Assert.Equal(["b"], next.Turn.Machines);
        Assert.Equal("b", Assert.IsType<RolloutDecision.Await>(RolloutDecision.Of(New, 1, machines, next.Turn, _ => true, first: "b")).Machine.Name);
        Assert.Equal("a", Assert.IsType<RolloutDecision.Name>(RolloutDecision.Of(New, 1, machines.SetItem(1, At("b", ControlPlanePhase.Done)), next.Turn, _ => true, first: "b")).Machine);
    }

    [Fact]
    public void Machines_that_were_born_to_the_orders_need_no_turn()
    {
        Assert.IsType<RolloutDecision.Finished>(Decide([At("a", ControlPlanePhase.Done, attempt: 0)], null));
    }

    [Theory]
    [InlineData(3, 3, 4)]
    [InlineData(1, 3, 3)]
    [InlineData(null, 3, 3)]
    public void An_attempt_is_higher_than_the_one_that_failed(int? failed, int turn, int expected)
    {
        ImmutableArray<ReportedMachine> machines = [failed is { } attempt ? At("a", ControlPlanePhase.Failed, attempt) : Old("a")];

        Assert.Equal(expected, RolloutDecision.AttemptOf(New, machines, new ControlPlaneTurn(New, turn, ["a"])));
    }

    private static RolloutDecision Decide(ImmutableArray<ReportedMachine> machines, ControlPlaneTurn? turn) =>
        RolloutDecision.Of(New, turn is { Generation: New } ? turn.Attempt : 1, machines, turn, _ => true);

    private static ReportedMachine Old(string name) => new(name, State(name, "old", ControlPlanePhase.Done, 1));

    private static ReportedMachine At(string name, ControlPlanePhase phase, int attempt = 1) => new(name, State(name, New, phase, attempt));

    private static ControlPlaneState State(string name, string generation, ControlPlanePhase phase, int attempt) => new()
    {
        Machine = name,
        Generation = generation,
        Attempt = attempt,
        Phase = phase,
        Release = "v1.34.1+k3s1",
        Ebb = "",
        Store = true,
        At = default,
    };
}
