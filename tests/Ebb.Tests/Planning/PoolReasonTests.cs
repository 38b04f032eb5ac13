using Ebb.Pools;

namespace Ebb.Tests.Planning;

public class PoolReasonTests
{
    [Fact]
    public void A_stopped_machine_whose_node_still_says_that_it_is_ready_is_stopped_and_not_idle_too()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode();
        some.AddNode();
        some.Edit("agents", pool => pool with { Machines = pool.Machines.SetItem(1, pool.Machines[1] with { State = MachineState.Deallocated }) });

        Assert.Equal("2 of 0 to 10 machines: 1 idle, 1 stopped", some.Plan().Reasons.Pools["agents"]);
    }
}
