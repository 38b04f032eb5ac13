using System.Collections.Immutable;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Scenarios;

namespace Ebb.Tests.Cli.Operating;

/// <summary>Who else is at the machines that a command works on: another command, one that was killed, or a pod that slips in behind the cordon.</summary>
public class TwoCommandsTests
{
    private static readonly OperationRequest Reimage = new() { Operation = MachineOperation.Reimage, Pool = FarmCase.Pool, AtOnce = int.MaxValue };

    [Theory]
    [InlineData(MachineOperation.Reimage)]
    [InlineData(MachineOperation.Start)]
    public void What_one_command_works_on_another_one_leaves_to_it(MachineOperation operation)
    {
        using var farm = new FarmCase();
        if (operation is MachineOperation.Start)
        {
            farm.Operate(Reimage with { Operation = MachineOperation.Deallocate });
        }

        Ended<ImmutableArray<OperationOutcome>>? second = null;
        var held = new List<string>();

        var first = farm.Operate(Reimage with { Operation = operation }, meanwhile: seconds =>
        {
            if (seconds == 5)
            {
                second = farm.Operate(Reimage with { DrainWithin = TimeSpan.FromSeconds(5) });
                held = [.. farm.Held];
            }
        });
        farm.Pass(minutes: 20);

        Assert.All(first.Result, machine => Assert.Equal("done", machine.Outcome));
        Assert.All(second!.Result, machine => Assert.Contains("works on it", machine.Why));
        Assert.Equal(["agents000000", "agents000001"], held.Order());
        Assert.Empty(farm.Held);
        Assert.Empty(farm.Interrupted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void What_a_command_that_was_killed_has_left_the_next_one_takes_off_whatever_it_works_on(int after)
    {
        using var farm = new FarmCase(busy: 0);
        var misfortune = new Misfortune();
        farm.Operate(Reimage with { Machines = ["agents_0"] }, misfortune, seconds => Kill(misfortune, seconds >= after));
        var left = farm.Held.ToList();
        farm.Pass(minutes: 5);

        farm.Operate(Reimage with { Operation = MachineOperation.Restart, Machines = ["agents_1"] });

        Assert.Equal(["agents000000"], left);
        Assert.Empty(farm.Held);
    }

    [Fact]
    public void A_pod_that_slips_in_right_after_the_cordon_is_not_lost()
    {
        const string Node = "agents000000";
        using var farm = new FarmCase(busy: 0);
        var late = false;

        var ended = farm.Operate(Reimage with { Machines = [Node] }, meanwhile: _ =>
        {
            if (!late && farm.Held.Contains(Node))
            {
                late = true;
                SlipIn(farm, Node);
            }
        });

        Assert.True(late);
        Assert.Equal("done", Assert.Single(ended.Result).Outcome);
        Assert.Empty(farm.Interrupted);
    }

    [Fact]
    public void A_pod_that_slips_in_while_others_of_the_wave_are_emptied_keeps_its_machine()
    {
        using var farm = new FarmCase(busy: 1);
        var idle = Idle(farm);

        var ended = farm.Operate(Reimage, meanwhile: seconds =>
        {
            if (seconds == 60)
            {
                SlipIn(farm, idle);
            }
        });
        var left = ended.Result.Single(machine => machine.Node == idle);
        farm.Pass(minutes: 20);

        Assert.Equal("left", left.Outcome);
        Assert.StartsWith("pod default/late", left.Why, StringComparison.Ordinal);
        Assert.Equal("done", ended.Result.Single(machine => machine.Node != idle).Outcome);
        Assert.Empty(farm.Interrupted);
        Assert.Empty(farm.Held);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_machine_that_is_removed_before_its_turn_is_gone_and_keeps_no_other_from_its_own(bool force)
    {
        using var farm = new FarmCase(machines: 3, busy: 0);

        var ended = farm.Operate(Reimage with { AtOnce = 1, Force = force }, meanwhile: seconds =>
        {
            if (seconds == 1)
            {
                farm.Cloud.DeleteInstances("farm", FarmCase.Pool, ["1"]);
            }
        });

        farm.Pass(minutes: 20);

        Assert.Equal(["agents_0 done ", "agents_1 gone the cloud no longer has it", "agents_2 done "], Tell(ended));
        Assert.Empty(farm.Held);
        OperationRun.Require(new OperationPlan { Waves = [], Skipped = [] }, ended.Result, Reimage);
    }

    [Fact]
    public void A_machine_that_is_being_removed_when_its_turn_comes_takes_no_work_any_more()
    {
        using var farm = new FarmCase(machines: 2, busy: 0);
        var deleted = false;

        var ended = farm.Operate(Reimage with { AtOnce = 1 }, meanwhile: _ =>
        {
            if (!deleted && farm.Held.Contains("agents000001"))
            {
                deleted = farm.Cloud.DeleteInstances("farm", FarmCase.Pool, ["1"]).Ok;
            }
        });
        var held = farm.Held.ToList();
        farm.Pass(minutes: 20);

        Assert.Equal(["agents_0 done ", "agents_1 gone it is being removed"], Tell(ended));
        Assert.Equal(["agents000001"], held);
        Assert.Equal(["agents_0"], farm.Machines);
        Assert.Empty(farm.Held);
    }

    [Fact]
    public void Of_a_node_that_somebody_deleted_it_is_said_so()
    {
        using var farm = new FarmCase(machines: 2, busy: 0);

        var ended = farm.Operate(Reimage with { AtOnce = 1 }, meanwhile: seconds =>
        {
            if (seconds == 1)
            {
                farm.Delete(Kinds.Node, "agents000001");
            }
        });

        Assert.Equal(["agents_0 done ", "agents_1 left its node was deleted meanwhile"], Tell(ended));
    }

    private static IEnumerable<string> Tell(Ended<ImmutableArray<OperationOutcome>> ended) =>
        ended.Failure is { } failure ? [failure.Message] : ended.Result.Select(machine => $"{machine.Machine} {machine.Outcome} {machine.Why}");

    private static string Idle(FarmCase farm)
    {
        var busy = farm.Pods.First(pod => pod.Metadata.Name.StartsWith("frames", StringComparison.Ordinal)).Spec.NodeName;
        return farm.Nodes.Select(node => node.Metadata.Name).First(node => node.StartsWith(FarmCase.Pool, StringComparison.Ordinal) && node != busy);
    }

    // Bound already: what the scheduler had decided on before.
    private static void SlipIn(FarmCase farm, string node)
    {
        var job = Workloads.Job("late", 1, 1, new Needs { CpuMilli = 100 }, TimeSpan.FromMinutes(5));
        job["spec"]!["template"]!["spec"]!["nodeName"] = node;
        farm.HandIn(Kinds.Job, job);
    }

    private static void Kill(Misfortune misfortune, bool now)
    {
        if (now)
        {
            misfortune.Process.Kill();
        }
    }
}
