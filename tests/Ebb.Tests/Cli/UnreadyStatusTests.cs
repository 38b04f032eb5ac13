using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Cli;

/// <summary>What a status says of nodes that are not ready, and of machines without power.</summary>
public class UnreadyStatusTests
{
    private static readonly DateTimeOffset Noon = Some.Noon;

    [Fact]
    public void Nodes_that_are_not_ready_are_named_with_how_long_they_have_been_so()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Silent(Noon.AddMinutes(-3)));
        some.AddNode();
        some.AddNode(edit: node => Silent(Noon.AddMinutes(-12))(node) with { Name = "farm-control-plane-1", ProviderId = "" });
        some.AddNode(edit: Silent(null));

        Assert.Contains("Not ready: farm-control-plane-1 for 12 min, agents000000 for 3 min, agents000003", Print(some));
    }

    [Fact]
    public void Of_many_the_first_are_named()
    {
        var some = new Some().With(Some.Pool(max: 9));
        for (var i = 0; i < 9; i++)
        {
            some.AddNode(edit: Silent(Noon.AddMinutes(-59 + i)));
        }

        Assert.Contains(
            "Not ready: agents000000 for 59 min, agents000001 for 58 min, agents000002 for 57 min, agents000003 for 56 min and 5 more", Print(some));
    }

    [Theory]
    [InlineData(MachineState.Stopped)]
    [InlineData(MachineState.Deallocated)]
    [InlineData(MachineState.Stopping)]
    [InlineData(MachineState.Deleting)]
    public void Those_whose_machines_are_off_are_not(MachineState state)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Silent(Noon.AddMinutes(-3)));
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { State = state }] });

        Assert.DoesNotContain(Print(some), line => line.StartsWith("Not ready", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(MachineState.Stopped, true)]
    [InlineData(MachineState.Deallocated, false)]
    [InlineData(MachineState.Running, false)]
    public void A_machine_that_is_stopped_and_not_deallocated_is_told_apart(MachineState state, bool off)
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(state: state);

        Assert.Equal(off, Assert.Single(Report(some).Machines).PoweredOff);
    }

    private static Func<Node, Node> Silent(DateTimeOffset? since) => node => node with { Ready = false, ReadyChangedAt = since };

    private static StatusReport Report(Some some)
    {
        var snapshot = some.Snapshot();
        return Reporting.Report(snapshot, Planner.Plan(snapshot, new Policy()), "https://farm", "sub/farm", "ebb");
    }

    private static string[] Print(Some some)
    {
        using var text = new StringWriter();
        StatusView.Print(Report(some), new Terminal(text, TextWriter.Null, rich: false, colours: false));
        return text.ToString().Split('\n');
    }
}
