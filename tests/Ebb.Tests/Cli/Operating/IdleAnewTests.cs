using Ebb.Cli.Clusters;
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
    public void Another_wish_right_after_is_the_one_that_counts()
    {
        using var farm = new FarmCase(machines: 3, busy: 0, most: 6);

        farm.Scale(0);
        var fewer = farm.Scale(1);
        farm.Pass(minutes: 60);
        var few = farm.Set.Capacity;
        farm.Scale(0);
        var more = farm.Scale(3);
        farm.Pass(minutes: 60);

        Assert.Equal((1, 1), (fewer.Result!.To, few));
        Assert.Equal((3, 3), (more.Result!.To, farm.Set.Capacity));
    }

    [Fact]
    public void Machines_that_are_cordoned_to_go_are_bought_anew()
    {
        using var farm = new FarmCase(machines: 3, busy: 0, most: 6);
        farm.Scale(0);
        farm.Until("they are cordoned", () => farm.Nodes.Count(node => node.Spec.Taints?.Any(taint => taint.Key == Marks.Retiring) == true) == 3);

        var more = farm.Scale(2);
        farm.Pass(minutes: 60);

        Assert.StartsWith("3 machines beside are leaving already.", more.Result!.Note, StringComparison.Ordinal);
        Assert.Equal((0, 2), (more.Result!.From, more.Result.To));
        Assert.Equal(2, farm.Set.Capacity);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(0)]
    public void Neither_the_time_that_a_machine_was_off_nor_that_before_counts_once_it_is_started(int minutes)
    {
        using var farm = new FarmCase(machines: 2, busy: 0);
        farm.Pass(minutes: 9.5 * 60);
        farm.Operate(new OperationRequest { Operation = MachineOperation.Deallocate, Pool = FarmCase.Pool });
        farm.Pass(minutes);

        farm.Operate(new OperationRequest { Operation = MachineOperation.Start, Pool = FarmCase.Pool });
        farm.Pass(minutes: 60);

        Assert.Equal(2, farm.Set.Capacity);
        farm.Pass(minutes: 11 * 60);
        Assert.Equal(0, farm.Set.Capacity);
    }

    [Fact]
    public void What_is_to_stay_is_idle_from_now_on_by_the_controller_s_clock_and_not_by_the_person_s()
    {
        using var farm = new FarmCase(machines: 2, busy: 0, most: 6);
        farm.Pass(minutes: 60);

        // A clock that is half a day behind.
        var grown = farm.Run(new Misfortune(), meanwhile: null, async reach =>
        {
            var seen = await reach.LookAsync();
            seen = seen with { Snapshot = seen.Snapshot with { Now = seen.Snapshot.Now.AddHours(-12) } };
            return await Scaling.ScaleAsync(reach.Kubernetes, reach.Cloud, seen, FarmCase.Pool, 4, CancellationToken.None);
        });
        farm.Pass(minutes: 9 * 60);

        Assert.Equal(4, grown.Result!.To);
        Assert.Equal(4, farm.Set.Capacity);
        farm.Pass(minutes: 2 * 60);
        Assert.Equal(0, farm.Set.Capacity);
    }
}
