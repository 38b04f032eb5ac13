using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Tests.Cli.Operating;

// A command that a person ends, or that is killed, and what the next one finds.
public partial class OperateHardshipTests
{
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
}
