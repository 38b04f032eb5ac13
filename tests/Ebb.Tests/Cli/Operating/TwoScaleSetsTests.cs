using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Operating;

/// <summary>A pool of two scale sets, spot machines and regular ones behind them, is one pool to whoever names it.</summary>
public class TwoScaleSetsTests
{
    private const string New = "v1.34.5+k3s1";

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
    public void Its_dearest_idle_machines_go_first()
    {
        using var farm = new FarmCase(machines: 2, busy: 0, most: 4, fallback: 2);

        var shrunk = farm.Scale(1);
        farm.Pass(minutes: 30);

        Assert.Equal((4, 1), (shrunk.Result!.From, shrunk.Result.To));
        Assert.Equal((1, 0), (farm.Set.Capacity, farm.FallbackSet.Capacity));
    }
}
