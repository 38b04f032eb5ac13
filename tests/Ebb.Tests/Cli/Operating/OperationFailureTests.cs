using System.Collections.Immutable;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Cli.Operating;

/// <summary>The cloud accepts an operation on machines and cannot carry it out, for one of them or at all.</summary>
public class OperationFailureTests
{
    [Theory]
    [InlineData(MachineOperation.Restart, 1, "restart")]
    [InlineData(MachineOperation.Restart, int.MaxValue, "restart")]
    [InlineData(MachineOperation.Reimage, 1, "reimage")]
    [InlineData(MachineOperation.Deallocate, int.MaxValue, "stop")]
    [InlineData(MachineOperation.Start, 1, "start")]
    [InlineData(MachineOperation.Start, int.MaxValue, "start")]
    public void The_machine_is_named_with_the_cloud_s_words_the_others_are_worked_on_and_the_next_run_finishes(MachineOperation operation, int atOnce, string word)
    {
        using var farm = Farm(operation);
        var request = Request(operation) with { AtOnce = atOnce };
        Break(farm, operation, "0");

        var ended = farm.Operate(request);
        var held = farm.Held.ToList();
        farm.Pass(minutes: 30);
        var again = farm.Operate(request);

        var words = Told(word);
        Assert.Equal([words, "agents_1 done"], Tell(ended));
        Assert.True(TimeSpan.FromSeconds(ended.Result[0].Seconds) < request.DoneWithin);
        Assert.Contains(words.Replace(" failed", "", StringComparison.Ordinal), farm.Said);
        Assert.Equal(Off(operation, "agents000000", "agents000001"), held);
        Assert.All(again.Result, machine => Assert.Equal("done", machine.Outcome));
        Assert.Equal(["agents_0", "agents_1"], farm.Machines);
        Assert.Empty(farm.Interrupted);
    }

    [Fact]
    public void Where_the_cloud_does_not_say_for_which_it_is_told_at_once_and_seen_later()
    {
        using var farm = new FarmCase();
        Break(farm, MachineOperation.Restart, instance: null);

        var ended = farm.Operate(Request(MachineOperation.Restart) with { AtOnce = 2 });

        Assert.Equal([Told("restart"), Told("restart").Replace("_0", "_1", StringComparison.Ordinal)], Tell(ended));
        Assert.StartsWith("Azure could not restart all of them, and does not say which: VMStartTimedOut", farm.Said.First(said => said.Contains("VMStartTimedOut", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Empty(farm.Held);
    }

    [Fact]
    public void A_machine_that_takes_minutes_to_join_again_is_not_taken_for_one_that_never_joined()
    {
        using var farm = new FarmCase(machines: 3, busy: 0);
        farm.Pass(minutes: 60);
        farm.JoinsWithin = TimeSpan.FromMinutes(6);

        var ended = farm.Operate(Request(MachineOperation.Reimage));
        farm.Pass(minutes: 30);

        Assert.Equal(["agents_0 done", "agents_1 done", "agents_2 done"], Tell(ended));
        Assert.Equal(["agents_0", "agents_1", "agents_2"], farm.Machines);
        Assert.Equal(3, farm.Nodes.Count(node => node.Metadata.Name.StartsWith(FarmCase.Pool, StringComparison.Ordinal)));
    }

    [Fact]
    public void No_further_machine_is_begun_once_one_is_worse_off_than_before()
    {
        using var farm = new FarmCase();
        Break(farm, MachineOperation.Reimage, "0");
        var misfortune = new Misfortune();

        var ended = farm.Operate(Request(MachineOperation.Reimage), misfortune, _ =>
        {
            if (misfortune.Writes.Exists(write => write.EndsWith("/reimage", StringComparison.Ordinal)))
            {
                farm.Cloud.PowerOff("farm", FarmCase.Pool, ["0"]);
            }
        });

        Assert.Equal([Told("reimage")], Tell(ended));
        Assert.Empty(farm.Held);
    }

    [Theory]
    [InlineData(MachineOperation.Restart)]
    [InlineData(MachineOperation.Deallocate)]
    public void What_the_cloud_refuses_at_once_for_a_machine_keeps_no_other_from_its_turn(MachineOperation operation)
    {
        using var farm = new FarmCase();
        farm.Cloud.Faults.Add(new Fault { Kind = FaultKind.Error, On = Enum.Parse<CallKind>($"{operation}"), Pool = FarmCase.Pool, Count = 1, Status = 409, Code = "OperationNotAllowed", Message = "Not now." });

        var ended = farm.Operate(Request(operation));

        Assert.Null(ended.Failure);
        Assert.Equal("agents_0 failed", Tell(ended)[0][.."agents_0 failed".Length]);
        Assert.Contains("answered 409 OperationNotAllowed: Not now.", ended.Result[0].Why, StringComparison.Ordinal);
        Assert.Equal("agents_1 done", Tell(ended)[1]);
        Assert.DoesNotContain("agents000000", farm.Held);
    }

    [Fact]
    public void The_command_ends_with_the_way_to_go_on_with_those_that_are_left()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode();
        some.AddNode();
        some.AddNode();
        var request = Request(MachineOperation.Restart);
        var plan = OperationPlan.Make(some.Snapshot(), request);
        ImmutableArray<OperationOutcome> done = [Outcome("agents_0", "done"), Outcome("agents_1", "failed")];

        var anew = Assert.Throws<IOException>(() => OperationRun.Require(plan, done, request));
        var on = Assert.Throws<IOException>(() => OperationRun.Require(plan, done, request with { Operation = MachineOperation.Deallocate }));

        Assert.Equal("1 machine could not be worked on, and 1 more were not begun. Running it again begins with all of them; with --machine agents_1 --machine agents_2 it goes on.", anew.Message);
        Assert.EndsWith("Running it again carries on.", on.Message, StringComparison.Ordinal);
        OperationRun.Require(plan, [Outcome("agents_0", "done"), Outcome("agents_1", "gone"), Outcome("agents_2", "done")], request);
    }

    private static string Told(string word) => $"agents_0 failed: Azure could not {word} it: VMStartTimedOut: VM has not reported status.";

    private static OperationOutcome Outcome(string machine, string outcome) => new() { Machine = machine, Pool = FarmCase.Pool, Outcome = outcome };

    private static FarmCase Farm(MachineOperation operation)
    {
        var farm = new FarmCase();
        if (operation is MachineOperation.Start)
        {
            Assert.Null(farm.Operate(Request(MachineOperation.Deallocate) with { AtOnce = 2 }).Failure);
        }

        return farm;
    }

    // One that is off is held until it is started.
    private static string[] Off(MachineOperation operation, string zero, string one) => operation switch
    {
        MachineOperation.Start => [zero],
        MachineOperation.Deallocate => [one],
        _ => [],
    };

    private static void Break(FarmCase farm, MachineOperation operation, string? instance) => farm.Cloud.Faults.Add(new Fault
    {
        Kind = FaultKind.FailOperation,
        On = Enum.Parse<CallKind>($"{operation}"),
        Pool = FarmCase.Pool,
        Instance = instance,
        Count = 1,
        Code = "VMStartTimedOut",
        Message = "VM has not reported status.",
    });

    private static OperationRequest Request(MachineOperation operation) => new() { Operation = operation, Pool = FarmCase.Pool };

    private static string[] Tell(Ended<ImmutableArray<OperationOutcome>> ended) =>
        [.. ended.Result.Select(machine => $"{machine.Machine} {machine.Outcome}{(machine.Why is { } why ? $": {why}" : "")}")];
}
