using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Operating;

/// <summary>A pool of two scale sets, spot machines and regular ones behind them, is one pool to whoever names it.</summary>
public class TwoScaleSetsTests
{
    private const string New = "v1.34.5+k3s1";

    /// <summary>The cloud takes the next growth on, and cannot deliver it.</summary>
    private static Fault NoSpotLeft =>
        new() { Kind = FaultKind.FailOperation, On = CallKind.PatchScaleSet, Pool = FarmCase.Pool, Count = 1, Code = "AllocationFailed", Message = "No spot left." };

    [Fact]
    public void An_upgrade_of_the_pool_is_one_of_both()
    {
        using var farm = new FarmCase(machines: 1, busy: 0, most: 3, fallback: 1) { Release = New };

        farm.Operate(PoolUpgrade.Request(New, new UpgradeRequest { Pool = FarmCase.Pool }));

        Assert.Equal(
            ["agents-regular000000", "agents000000"],
            farm.Nodes.Where(node => node.Status?.NodeInfo?.KubeletVersion == New).Select(node => node.Metadata.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_is_stopped_and_started_as_a_whole()
    {
        using var farm = new FarmCase(machines: 1, busy: 0, most: 3, fallback: 1);

        var stopped = farm.Operate(new OperationRequest { Operation = MachineOperation.Deallocate, Pool = FarmCase.Pool });
        var held = farm.Held.Count();
        var started = farm.Operate(new OperationRequest { Operation = MachineOperation.Start, Pool = FarmCase.Pool });

        Assert.Equal(["done", "done"], stopped.Result.Select(machine => machine.Outcome));
        Assert.Equal(2, held);
        Assert.Equal(["done", "done"], started.Result.Select(machine => machine.Outcome));
        Assert.Empty(farm.Held);
    }

    [Fact]
    public void Its_machines_are_counted_together_and_it_grows_where_that_is_cheapest()
    {
        using var farm = new FarmCase(machines: 1, busy: 0, most: 4, fallback: 1);

        var grown = farm.Scale(4);
        var above = farm.Scale(5);
        var alone = farm.Scale(2, pool: FarmCase.Fallback);

        Assert.Equal((2, 4), (grown.Result!.From, grown.Result.To));
        Assert.Equal((3, 1), (farm.Set.Capacity, farm.FallbackSet.Capacity));
        Assert.Equal("Pool 'agents' may have 0 to 4 machines, not 5. Its tags ebb-min and ebb-max say so.", above.Failure?.Message);
        Assert.Equal(
            "Pool 'agents-regular' may have 0 to 1 machines beside the 3 of 'agents', parts of the same pool, not 2. Its tags ebb-min and ebb-max say so.",
            alone.Failure?.Message);
    }

    [Fact]
    public void What_the_cloud_refuses_of_one_the_other_gets()
    {
        using var farm = new FarmCase(machines: 1, busy: 0, most: 4, fallback: 1);
        farm.Cloud.Faults.Add(new Fault { Kind = FaultKind.Error, On = CallKind.PatchScaleSet, Pool = FarmCase.Pool, Status = 409, Code = "SkuNotAvailable", Message = "No spot now." });

        var grown = farm.Scale(4);

        Assert.Null(grown.Failure);
        Assert.Equal((1, 3), (farm.Set.Capacity, farm.FallbackSet.Capacity));
    }

    [Fact]
    public void What_the_cloud_takes_on_and_does_not_deliver_the_other_gets_once_that_is_known_and_the_command_is_given_again()
    {
        using var farm = new FarmCase(machines: 1, busy: 0, most: 4, fallback: 1);
        farm.Cloud.Faults.Add(NoSpotLeft);

        var grown = farm.Scale(4);
        farm.Pass(minutes: 20);
        var again = farm.Scale(4);
        farm.Pass(minutes: 5);
        var third = farm.Scale(4);
        farm.Pass(minutes: 30);

        Assert.Contains("'ebb scale agents 4' then buys the rest of 'agents-regular'", grown.Result!.Note, StringComparison.Ordinal);
        Assert.Equal((2, 4), (again.Result!.From, again.Result.To));
        Assert.Equal((4, 4), (third.Result!.From, third.Result.To));
        Assert.Equal((1, 3), (farm.Machines.Count(), farm.FallbackSet.Instances.Values.Count(machine => machine.Counts)));
    }

    [Fact]
    public void What_never_came_is_not_asked_for_again_where_fewer_are_wanted()
    {
        using var farm = new FarmCase(machines: 1, busy: 0, most: 4, fallback: 1);
        farm.Cloud.Faults.Add(NoSpotLeft);
        farm.Scale(4);
        farm.Pass(minutes: 20);
        farm.Cloud.Faults.Add(new Fault { Kind = FaultKind.Error, On = CallKind.PatchScaleSet, Pool = FarmCase.Fallback, Status = 409, Code = "SkuNotAvailable", Message = "None now." });

        var refused = farm.Scale(3);

        Assert.Equal(
            "The cloud refused 1 more machines for pool 'agents-regular': SkuNotAvailable: None now. 2 machines of pool 'agents' did not come; asked for 1 now the cloud would try for all of them.",
            refused.Failure?.Message);
        Assert.Equal((3, 1), (farm.Set.Capacity, farm.FallbackSet.Capacity));
    }

    [Fact]
    public void What_never_came_is_no_machine_that_could_go()
    {
        using var farm = new FarmCase(machines: 3, busy: 0, most: 6);
        farm.Cloud.Faults.Add(NoSpotLeft);
        farm.Scale(6);
        farm.Pass(minutes: 20);

        var shrunk = farm.Scale(3);
        farm.Pass(minutes: 30);

        Assert.Equal((3, 3), (shrunk.Result!.From, shrunk.Result.To));
        Assert.Equal(3, farm.Machines.Count());
    }

    [Fact]
    public void Its_dearest_idle_machines_go_first()
    {
        using var farm = new FarmCase(machines: 2, busy: 0, most: 4, fallback: 2);

        var shrunk = farm.Scale(1);
        farm.Pass(minutes: 30);

        Assert.Equal((4, 1), (shrunk.Result!.From, shrunk.Result.To));
        Assert.Equal((1, 0), (farm.Set.Capacity, farm.FallbackSet.Capacity));
    }
}
