using System.Collections.Immutable;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Scenarios;

namespace Ebb.Tests.Cli.Operating;

/// <summary>What happens to a farm while a command works on its machines.</summary>
public class OperateHardshipTests
{
    [Theory]
    [InlineData(MachineOperation.Reimage)]
    [InlineData(MachineOperation.Restart)]
    [InlineData(MachineOperation.Deallocate)]
    [InlineData(MachineOperation.Start)]
    public void Killed_at_any_time_it_is_finished_by_the_same_command(MachineOperation operation)
    {
        foreach (var after in Moments(operation, 10))
        {
            using var farm = Farm(operation);
            var machines = farm.Machines.ToList();
            var misfortune = new Misfortune();

            farm.Operate(All(operation), misfortune, seconds => KillAfter(misfortune, seconds, after));
            farm.Pass(minutes: after % 2 * 0.2);
            var again = farm.Operate(All(operation));

            Assert.True(again.Failure is null && again.Result.All(machine => machine.Outcome == "done"), $"killed after {after} s: {Tell(again)}");
            if (operation is MachineOperation.Deallocate)
            {
                farm.Pass(minutes: 30);
                Assert.All(farm.Set.Instances.Values, machine => Assert.Equal(PowerState.Deallocated, machine.Power));
                Assert.Null(farm.Operate(All(MachineOperation.Start)).Failure);
            }

            farm.Pass(minutes: 30);
            Assert.True(!farm.Held.Any(), $"killed after {after} s, held: {string.Join(", ", farm.Held)}; {Tell(again)}; {string.Join("; ", farm.Said)}");
            Assert.Equal(machines, farm.Machines);
            Assert.Empty(farm.Interrupted);
        }
    }

    [Fact]
    public void A_machine_that_the_cloud_takes_meanwhile_is_gone_and_holds_up_nothing()
    {
        foreach (var after in Moments(MachineOperation.Reimage, 8))
        {
            using var farm = new FarmCase();
            var taken = false;

            var ended = farm.Operate(
                All(MachineOperation.Reimage),
                meanwhile: seconds => taken |= seconds >= after && !taken && farm.Cloud.SimulateEviction("farm", FarmCase.Pool, "0").Ok);
            farm.Pass(minutes: 20);
            var again = farm.Operate(All(MachineOperation.Reimage));
            farm.Pass(minutes: 5);

            Assert.True(taken, $"after {after} s");
            Assert.True(again.Failure is null && again.Result.All(machine => machine.Outcome == "done"), $"after {after} s: {Tell(ended)}; again: {Tell(again)}");
            Assert.True(!farm.Held.Any(), $"after {after} s, held: {string.Join(", ", farm.Held)}");
            Assert.Contains("agents_1", farm.Machines);
        }
    }

    [Fact]
    public void No_further_machine_is_begun_after_one_that_never_comes_back_and_none_stays_held()
    {
        using var farm = new FarmCase();
        var misfortune = new Misfortune();

        var ended = farm.Operate(All(MachineOperation.Reimage) with { AtOnce = 1 }, misfortune, _ =>
        {
            if (misfortune.Writes.Exists(write => write.EndsWith("/reimage", StringComparison.Ordinal)))
            {
                farm.CutPower("agents000000");
            }
        });
        var held = farm.Held.ToList();
        var again = farm.Operate(All(MachineOperation.Reimage) with { AtOnce = 1, Force = true });

        Assert.Equal("agents_0 failed", Tell(ended));
        Assert.Empty(held);
        Assert.Equal("agents_0 done, agents_1 done", Tell(again));
        Assert.Empty(farm.Held);
    }

    [Fact]
    public void A_node_whose_work_does_not_leave_keeps_its_machine_until_it_does()
    {
        using var farm = new FarmCase();
        farm.HandIn(Kinds.Job, Workloads.Job("long", 1, 1, new Needs { CpuMilli = 100, Selector = new("kubernetes.io/hostname", "agents000001") }, TimeSpan.FromMinutes(40)));
        farm.Pass(minutes: 1);

        var ended = farm.Operate(All(MachineOperation.Reimage));
        var held = farm.Held.ToList();
        var lost = farm.Interrupted.ToList();
        farm.Pass(minutes: 40);
        var again = farm.Operate(All(MachineOperation.Reimage));

        Assert.Equal("agents_0 done, agents_1 left", Tell(ended));
        Assert.Empty(held);
        Assert.Empty(lost);
        Assert.Equal("agents_0 done, agents_1 done", Tell(again));
        Assert.Empty(farm.Interrupted);
    }

    [Fact]
    public void Force_loses_what_runs_and_says_so_beforehand_and_holds_nothing_afterwards()
    {
        using var farm = new FarmCase();

        var ended = farm.Operate(All(MachineOperation.Reimage) with { Force = true });

        Assert.Equal("agents_0 done, agents_1 done", Tell(ended));
        Assert.NotEmpty(farm.Interrupted);
        Assert.Empty(farm.Held);
    }

    [Fact]
    public void Ctrl_C_while_machines_are_stopped_leaves_them_for_a_start_and_the_controller_removes_none()
    {
        foreach (var after in Moments(MachineOperation.Deallocate, 10))
        {
            using var farm = new FarmCase();
            using var ctrlC = new CancellationTokenSource();

            farm.Operate(All(MachineOperation.Deallocate), meanwhile: seconds => CancelAfter(ctrlC, seconds, after), ctrlC: ctrlC);
            farm.Pass(minutes: 60);
            var machines = farm.Machines.ToList();
            var again = farm.Operate(All(MachineOperation.Start));

            Assert.True(ctrlC.IsCancellationRequested);
            Assert.Equal(["agents_0", "agents_1"], machines);
            Assert.True(again.Failure is null && again.Result.All(machine => machine.Outcome == "done"), $"after {after} s: {Tell(again)}");
            Assert.True(!farm.Held.Any(), $"after {after} s, held: {string.Join(", ", farm.Held)}");
            Assert.Empty(farm.Interrupted);
        }
    }

    [Theory]
    [InlineData(MachineOperation.Restart, "answer lost")]
    [InlineData(MachineOperation.Reimage, "answer lost")]
    [InlineData(MachineOperation.Restart, "crash")]
    [InlineData(MachineOperation.Upgrade, "crash")]
    public void Work_that_waits_for_room_never_comes_to_a_machine_that_is_about_to_start_anew(MachineOperation operation, string trouble)
    {
        const string Size = "Standard_D8s_v5";
        var clean = new Misfortune();
        using (var farm = new FarmCase())
        {
            Run(farm, clean);
        }

        using var struck = new FarmCase();
        var misfortune = new Misfortune(clean.Writes.FindIndex(write => write.StartsWith("cloud POST ", StringComparison.Ordinal)), trouble);
        misfortune.Before = () => struck.HandIn(Kinds.Job, Late());

        Run(struck, misfortune);
        struck.Pass(minutes: operation is MachineOperation.Upgrade ? 0 : 0.1);
        Run(struck, new Misfortune());
        struck.Pass(minutes: 30);

        Assert.Empty(struck.Interrupted);
        Assert.Equal("Succeeded", Assert.Single(struck.Pods, pod => pod.Metadata.Name.StartsWith("late", StringComparison.Ordinal)).Status?.Phase);

        void Run(FarmCase farm, Misfortune misfortune) =>
            _ = operation is MachineOperation.Upgrade ? farm.Resize(Size, All(operation), misfortune) : farm.Operate(All(operation), misfortune);
    }

    [Theory]
    [InlineData(MachineOperation.Restart)]
    [InlineData(MachineOperation.Reimage)]
    public void Ctrl_C_once_machines_start_anew_leaves_them_held_and_says_so(MachineOperation operation)
    {
        using var farm = new FarmCase();

        CtrlCAfterTheOrder(farm, operation);
        var held = farm.Held.ToList();
        var said = farm.Said[^1];
        farm.HandIn(Kinds.Job, Late());
        farm.Pass(minutes: 10);
        var again = farm.Operate(new OperationRequest { Operation = MachineOperation.Restart, Pool = "others" });
        farm.Pass(minutes: 30);

        Assert.Equal(["agents000000", "agents000001"], held.Order());
        Assert.Contains("agents000000, agents000001 stay held", said, StringComparison.Ordinal);
        Assert.Equal("others_0 done", Tell(again));
        Assert.Empty(farm.Held);
        Assert.Empty(farm.Interrupted);
        Assert.Equal("Succeeded", Assert.Single(farm.Pods, pod => pod.Metadata.Name.StartsWith("late", StringComparison.Ordinal)).Status?.Phase);
    }

    [Theory]
    [InlineData(MachineOperation.Restart)]
    [InlineData(MachineOperation.Reimage)]
    public void A_start_right_after_what_was_cut_short_waits_for_its_end_before_work_may_come(MachineOperation operation)
    {
        using var farm = new FarmCase();

        CtrlCAfterTheOrder(farm, operation);
        farm.HandIn(Kinds.Job, Late());
        farm.Operate(All(MachineOperation.Start));
        var held = farm.Held.ToList();
        farm.Pass(minutes: 30);

        Assert.Empty(held);
        Assert.Empty(farm.Interrupted);
        Assert.Equal("Succeeded", Assert.Single(farm.Pods, pod => pod.Metadata.Name.StartsWith("late", StringComparison.Ordinal)).Status?.Phase);
    }

    [Fact]
    public void A_start_right_after_a_stop_that_was_cut_short_lets_no_work_come_to_what_goes_off()
    {
        using var farm = new FarmCase();

        CtrlCAfterTheOrder(farm, MachineOperation.Deallocate);
        farm.HandIn(Kinds.Job, Late());
        farm.Operate(All(MachineOperation.Start));
        farm.Pass(minutes: 60);
        var machines = farm.Machines.ToList();
        var again = farm.Operate(All(MachineOperation.Start));
        farm.Pass(minutes: 10);

        Assert.Equal(["agents_0", "agents_1"], machines);
        Assert.Equal("agents_0 done, agents_1 done", Tell(again));
        Assert.Empty(farm.Held);
        Assert.Empty(farm.Interrupted);
    }

    [Fact]
    public void What_a_stop_that_was_killed_while_it_waited_for_work_has_left_any_command_takes_off()
    {
        using var farm = new FarmCase();
        var misfortune = new Misfortune();

        farm.Operate(All(MachineOperation.Deallocate), misfortune, seconds => KillAfter(misfortune, seconds, 20));
        var held = farm.Held.ToList();
        farm.Pass(minutes: 5);
        farm.Operate(new OperationRequest { Operation = MachineOperation.Restart, Pool = "others" });

        Assert.Equal(["agents000000", "agents000001"], held.Order());
        Assert.Empty(farm.Held);
        Assert.Empty(farm.Interrupted);
    }

    [Fact]
    public void Machines_that_are_stopped_are_not_reimaged()
    {
        using var farm = new FarmCase();
        farm.Operate(All(MachineOperation.Deallocate));

        var ended = farm.Operate(All(MachineOperation.Reimage));
        farm.Pass(minutes: 30);

        Assert.Equal("", Tell(ended));
        Assert.Equal(["agents_0", "agents_1"], farm.Machines);
    }

    private static OperationRequest All(MachineOperation operation) => new() { Operation = operation, Pool = FarmCase.Pool, AtOnce = int.MaxValue };

    private static void CtrlCAfterTheOrder(FarmCase farm, MachineOperation operation)
    {
        var misfortune = new Misfortune();
        using var ctrlC = new CancellationTokenSource();
        farm.Operate(
            All(operation),
            misfortune,
            _ => CancelAfter(ctrlC, misfortune.Writes.Count(write => write.StartsWith("cloud POST ", StringComparison.Ordinal)), after: 1),
            ctrlC);
        Assert.True(ctrlC.IsCancellationRequested);
    }

    private static System.Text.Json.Nodes.JsonObject Late() =>
        Workloads.Job("late", 1, 1, new Needs { CpuMilli = 100, Selector = new("kubernetes.io/hostname", "agents000000") }, TimeSpan.FromMinutes(2));

    private static FarmCase Farm(MachineOperation operation)
    {
        var farm = new FarmCase();
        if (operation is MachineOperation.Start)
        {
            Assert.Null(farm.Operate(All(MachineOperation.Deallocate)).Failure);
        }

        return farm;
    }

    /// <summary>Seconds from the beginning of a command to its end: the first, most of the last minute, in which machines go and come, and some between.</summary>
    private static IEnumerable<int> Moments(MachineOperation operation, int count)
    {
        using var farm = Farm(operation);
        var took = farm.Operate(All(operation)).Seconds;
        return Enumerable.Range(0, count).Select(i => Math.Max(1, took - 1 - (i * i * Math.Min(took, 100) / (count * count)))).Append(1).Distinct();
    }

    private static void KillAfter(Misfortune misfortune, int seconds, int after)
    {
        if (seconds >= after)
        {
            misfortune.Process.Kill();
        }
    }

    private static void CancelAfter(CancellationTokenSource ctrlC, int seconds, int after)
    {
        if (seconds >= after)
        {
            ctrlC.Cancel();
        }
    }

    private static string Tell(Ended<ImmutableArray<OperationOutcome>> ended) =>
        ended.Failure?.Message ?? (ended.Killed ? "killed" : string.Join(", ", ended.Result.Select(machine => $"{machine.Machine} {machine.Outcome}")));
}
