using System.Collections.Immutable;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Scenarios;

namespace Ebb.Tests.Cli.Operating;

/// <summary>What happens to a farm while a command works on its machines.</summary>
[Trait("Suite", "sim")]
public partial class OperateHardshipTests
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
