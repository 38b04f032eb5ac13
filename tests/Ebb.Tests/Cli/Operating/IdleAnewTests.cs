using Ebb.Cli.Operating;
using Ebb.Clouds;

namespace Ebb.Tests.Cli.Operating;

/// <summary>What a person asks for is not taken for idle by what was before. A machine goes after ten idle hours.</summary>
public class IdleAnewTests
{
    [Fact]
    public void Machines_that_were_idle_for_long_stay_with_those_that_a_person_asks_for_beside_them()
    {
        using var farm = new FarmCase(machines: 2, busy: 0, most: 6, keepWarm: 2);
        farm.Pass(minutes: 11 * 60);
        Assert.Equal(2, farm.Set.Capacity);
        var before = farm.Machines.ToList();

        var grown = farm.Scale(5);
        farm.Pass(minutes: 60);

        Assert.Equal((2, 5), (grown.Result!.From, grown.Result.To));
        Assert.Equal(5, farm.Set.Capacity);
        Assert.Superset(before.ToHashSet(), farm.Machines.ToHashSet());
        farm.Pass(minutes: 11 * 60);
        Assert.Equal(2, farm.Set.Capacity);
    }

    [Fact]
    public void The_time_that_a_machine_was_off_is_none_in_which_it_was_idle()
    {
        using var farm = new FarmCase(machines: 2, busy: 0);
        farm.Pass(minutes: 60);
        farm.Operate(new OperationRequest { Operation = MachineOperation.Deallocate, Pool = FarmCase.Pool });
        farm.Pass(minutes: 11 * 60);

        farm.Operate(new OperationRequest { Operation = MachineOperation.Start, Pool = FarmCase.Pool });
        farm.Pass(minutes: 60);

        Assert.Equal(2, farm.Set.Capacity);
        farm.Pass(minutes: 11 * 60);
        Assert.Equal(0, farm.Set.Capacity);
    }
}
