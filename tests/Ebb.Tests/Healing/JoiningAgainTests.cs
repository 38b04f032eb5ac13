using Ebb.Planning;
using Ebb.Pools;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

/// <summary>A machine that is without a node for a while, reimaged say, is not taken for one that never joined.</summary>
public sealed class JoiningAgainTests
{
    private static readonly DateTimeOffset Noon = Some.Noon;

    [Fact]
    public void A_machine_that_ceases_to_be_a_node_has_its_whole_time_to_join_again_however_old_it_is()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode();
        some.PlanAndRemember();
        some.Nodes.Clear();
        some.Notes[Notes.Unjoined("agents")] = "";

        var first = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(14);
        var joining = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(15);
        var over = some.PlanAndRemember();

        Assert.Empty(first.Decisions.OfType<Decision.Remove>());
        Assert.Equal("joining: 0 s of 15 min", first.Reasons.Machines["agents_0"]);
        Assert.Equal("joining: 14 min of 15", joining.Reasons.Machines["agents_0"]);
        Assert.Empty(joining.Decisions);
        Assert.Equal("did not join within 15 min", Assert.Single(Assert.Single(over.Decisions.OfType<Decision.Remove>()).Departures).Reason);
    }

    [Fact]
    public void A_machine_that_the_cloud_is_at_work_on_has_its_whole_time_once_that_is_over()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(edit: machine => machine with { Changing = true });
        some.Notes[Notes.Unjoined("agents")] = $"{Notes.Write(Noon.AddMinutes(-14))}=0";

        var working = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(40);
        var still = some.PlanAndRemember();
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { Changing = false }] });
        some.Now = Noon.AddMinutes(54);
        var joining = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(55);
        var over = some.PlanAndRemember();

        Assert.Equal("joining: the cloud is at work on it", working.Reasons.Machines["agents_0"]);
        Assert.Empty(still.Decisions.OfType<Decision.Remove>());
        Assert.Equal("joining: 14 min of 15", joining.Reasons.Machines["agents_0"]);
        Assert.Equal("did not join within 15 min", Assert.Single(Assert.Single(over.Decisions.OfType<Decision.Remove>()).Departures).Reason);
    }

    [Fact]
    public void A_machine_that_is_made_for_the_first_time_has_no_longer_for_that()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(state: MachineState.Creating, age: TimeSpan.FromMinutes(15), edit: machine => machine with { Changing = true });

        Assert.Equal("did not join within 15 min", Assert.Single(Assert.Single(some.Plan().Decisions.OfType<Decision.Remove>()).Departures).Reason);
    }

    [Fact]
    public void A_pool_whose_machines_take_long_has_the_time_that_it_asks_for()
    {
        var some = new Some().With(Some.Pool() with { JoinWithin = TimeSpan.FromMinutes(40) });
        some.AddMachine(age: TimeSpan.FromMinutes(39));
        some.AddMachine(age: TimeSpan.FromMinutes(41));

        var plan = some.Plan();

        Assert.Equal("joining: 39 min of 40", plan.Reasons.Machines["agents_0"]);
        Assert.Equal("did not join within 40 min", Assert.Single(Assert.Single(plan.Decisions.OfType<Decision.Remove>()).Departures).Reason);
    }

    [Fact]
    public void A_machine_that_joined_again_has_its_whole_time_the_next_time_too()
    {
        var some = new Some().With(Some.Pool());
        var node = some.AddNode();
        some.Nodes.Clear();
        some.Notes[Notes.Unjoined("agents")] = $"{Noon.AddMinutes(-14):O}=0";
        some.Nodes.Add(node);
        some.PlanAndRemember();
        some.Nodes.Clear();
        some.Notes[Notes.Unjoined("agents")] = some.Notes.GetValueOrDefault(Notes.Unjoined("agents"), "");
        some.Now = Noon.AddMinutes(2);

        Assert.Empty(some.PlanAndRemember().Decisions.OfType<Decision.Remove>());
        Assert.Equal($"{Notes.Write(some.Now)}=0", some.Notes[Notes.Unjoined("agents")]);
    }

    [Fact]
    public void Machines_that_nobody_looked_at_before_have_their_time_from_the_first_look_on()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(age: TimeSpan.FromMinutes(40));
        some.AddMachine(age: TimeSpan.FromMinutes(40));
        some.AddMachine(age: TimeSpan.FromMinutes(1));
        some.Notes[Notes.Unjoined("agents")] = "";

        var plan = some.PlanAndRemember();

        Assert.Empty(plan.Decisions.OfType<Decision.Remove>());
        Assert.Equal($"{Notes.Write(Noon)}=0,1,2", some.Notes[Notes.Unjoined("agents")]);
    }
}
