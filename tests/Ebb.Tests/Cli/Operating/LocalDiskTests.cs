using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Planning;
using Priority = Ebb.Pools.Priority;

namespace Ebb.Tests.Cli.Operating;

/// <summary>Machines whose system disk is on their host, which Azure does not stop.</summary>
public class LocalDiskTests
{
    private static readonly OperationRequest Stop = new() { Operation = MachineOperation.Deallocate };

    [Fact]
    public void Where_none_of_them_can_be_stopped_that_is_said_with_what_to_do_instead()
    {
        var snapshot = Farm(min: 2).Snapshot();

        var pool = Assert.Throws<EbbException>(() => OperationPlan.Make(snapshot, Stop with { Pool = "agents" }));
        var machine = Assert.Throws<EbbException>(() => OperationPlan.Make(snapshot, Stop with { Machines = ["agents_1"], Force = true }));

        const string Instead =
            " cannot be stopped: Azure stops no machine whose system disk is on its host, since the disk would be lost. "
            + "'ebb scale agents 2' lets idle machines go, down to the pool's min; what is gone costs nothing at all. "
            + "To stop machines and keep them, set 'localDisk: false' for the pool in ebb.yaml: 'ebb up' then makes its scale set anew.";
        Assert.Equal("Pool 'agents'" + Instead, pool.Message);
        Assert.Equal("Machine 'agents_1' of pool 'agents'" + Instead, machine.Message);
    }

    [Fact]
    public void Where_others_can_be_stopped_those_are_and_it_is_no_success()
    {
        var some = Farm(min: 0).With(Some.Pool("steady"));
        some.AddNode(pool: "steady");

        var plan = OperationPlan.Make(some.Snapshot(), Stop with { AtOnce = int.MaxValue });
        var e = Assert.Throws<IOException>(() => OperationRun.Require(plan, [], Stop));
        var left = Assert.Throws<IOException>(() => OperationRun.Require(plan, [new OperationOutcome { Machine = "steady_0", Pool = "steady", Outcome = "left" }], Stop));

        Assert.Equal(["steady_0"], plan.Waves.SelectMany(wave => wave).Select(c => c.Machine.Name));
        Assert.Equal([("agents_0", "its system disk is on its host"), ("agents_1", "its system disk is on its host")], plan.Skipped);
        Assert.StartsWith("Pool 'agents' cannot be stopped: ", e.Message, StringComparison.Ordinal);
        Assert.StartsWith("1 machine could not be worked on. Running it again carries on. Pool 'agents' cannot be stopped: ", left.Message, StringComparison.Ordinal);
        Assert.Contains("'ebb scale agents 0' lets idle machines go; what is gone", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_pools_are_told_of_at_once()
    {
        var some = Farm(min: 0).With(Local(Some.Pool("gpu")));
        some.AddNode(pool: "gpu");

        var e = Assert.Throws<EbbException>(() => OperationPlan.Make(some.Snapshot(), Stop));

        Assert.StartsWith("Pools 'agents' and 'gpu' cannot be stopped: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("'ebb scale agents 0' and 'ebb scale gpu 0' let idle machines go; what is gone", e.Message, StringComparison.Ordinal);
        Assert.Contains("for the pools in ebb.yaml: 'ebb up' then makes their scale sets anew.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_pool_of_two_scale_sets_the_regular_machines_are_stopped()
    {
        var some = new Some()
            .With(Local(Some.Pool("agents", priority: Priority.Spot, min: 1)) with { PartOf = "agents" })
            .With(Some.Pool("agents-regular") with { PartOf = "agents" });
        some.AddNode();
        some.AddNode(pool: "agents-regular");

        var plan = OperationPlan.Make(some.Snapshot(), Stop with { Pool = "agents" });

        Assert.Equal(["agents-regular_0"], plan.Waves.SelectMany(wave => wave).Select(c => c.Machine.Name));
        Assert.StartsWith("Spot machines of pool 'agents' cannot be stopped: ", plan.Refused, StringComparison.Ordinal);
        Assert.Contains("'ebb scale agents 1' lets", plan.Refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MachineOperation.Restart)]
    [InlineData(MachineOperation.Reimage)]
    [InlineData(MachineOperation.Upgrade)]
    [InlineData(MachineOperation.PowerOff)]
    public void Whatever_leaves_them_their_host_is_done(MachineOperation operation)
    {
        var plan = OperationPlan.Make(Farm(min: 0).Snapshot(), Stop with { Operation = operation });

        Assert.Equal((2, null), (plan.Waves.Length, plan.Refused));
    }

    [Theory]
    [InlineData(MachineState.Deleting, "it is being removed")]
    [InlineData(MachineState.Deallocated, "it is stopped already")]
    public void One_that_is_on_its_way_out_or_off_is_no_reason_to_refuse(MachineState state, string why)
    {
        var some = new Some().With(Local(Some.Pool()));
        some.AddMachine(state: state);

        var plan = OperationPlan.Make(some.Snapshot(), Stop);

        Assert.Equal([("agents_0", why)], plan.Skipped);
        Assert.Null(plan.Refused);
    }

    [Fact]
    public void A_pool_without_machines_has_nothing_to_stop()
    {
        var plan = OperationPlan.Make(new Some().With(Local(Some.Pool())).Snapshot(), Stop);

        Assert.Equal((0, null), (plan.Waves.Length, plan.Refused));
    }

    [Fact]
    public void Nothing_is_cordoned_and_no_work_moves_before_it_is_refused()
    {
        using var farm = new FarmCase(machines: 2, localDisk: true);
        var before = farm.Pods.Select(pod => (pod.Metadata.Name, pod.Spec?.NodeName)).Order();

        var refused = farm.Operate(Stop with { Pool = FarmCase.Pool }, meanwhile: _ => Assert.Empty(farm.Held));

        Assert.StartsWith("Pool 'agents' cannot be stopped: ", Assert.IsType<EbbException>(refused.Failure).Message, StringComparison.Ordinal);
        Assert.Equal(before, farm.Pods.Select(pod => (pod.Metadata.Name, pod.Spec?.NodeName)).Order());
        Assert.DoesNotContain(farm.Said, said => said.StartsWith("Stopping", StringComparison.Ordinal));
    }

    [Fact]
    public void Instead_of_being_stopped_idle_machines_go_when_the_pool_is_scaled()
    {
        using var farm = new FarmCase(machines: 2, busy: 0, localDisk: true);

        var scaled = farm.Scale(0);
        farm.Pass(minutes: 10);

        Assert.Null(scaled.Failure);
        Assert.Empty(farm.Machines);
    }

    [Fact]
    public void Another_size_gives_them_a_fresh_disk_and_they_join_anew()
    {
        using var farm = new FarmCase(machines: 2, busy: 0, localDisk: true);
        List<string> reimaged = [];
        farm.Cloud.InstanceChanged += change =>
        {
            if (change.Event is InstanceEvent.Reimaged)
            {
                reimaged.Add(change.Instance.Name);
            }
        };

        var resized = farm.Resize("Standard_D8s_v3", new OperationRequest { Operation = MachineOperation.Upgrade });

        Assert.Null(resized.Failure);
        Assert.Equal(["done", "done"], resized.Result.Select(machine => machine.Outcome));
        Assert.All(farm.Set.Instances.Values, machine => Assert.Equal("Standard_D8s_v3", machine.Size));
        Assert.Equal(["agents_0", "agents_1"], reimaged);
        Assert.Empty(farm.NotAnew);
        Assert.Empty(farm.Held);
    }

    [Fact]
    public void A_size_without_room_for_the_disk_is_refused_with_what_to_do_and_no_machine_is_touched()
    {
        using var farm = new FarmCase(machines: 2, localDisk: true);

        var refused = farm.Resize("Standard_D4s_v5", new OperationRequest { Operation = MachineOperation.Upgrade });

        var message = Assert.IsType<EbbException>(refused.Failure).Message;
        Assert.Contains("OS disk of Ephemeral VM with size greater than 0 GB is not allowed", message, StringComparison.Ordinal);
        Assert.EndsWith("A pool whose system disks are on its hosts keeps to sizes that have room for them. For another kind of disk write the size in ebb.yaml: 'ebb up' makes the scale set anew.", message, StringComparison.Ordinal);
        Assert.Empty(farm.Held);
        Assert.Equal("Standard_D4s_v3", farm.Set.Size);
    }

    private static Some Farm(int min)
    {
        var some = new Some().With(Local(Some.Pool(min: min)));
        some.AddNode();
        some.AddNode();
        return some;
    }

    private static Pool Local(Pool pool) => pool with { LocalDisk = true };
}
