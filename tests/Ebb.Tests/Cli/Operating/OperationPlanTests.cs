using Ebb.Acting.Draining;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Cli.Operating;

public class OperationPlanTests
{
    private static readonly OperationRequest Restart = new() { Operation = MachineOperation.Restart };

    [Fact]
    public void One_after_the_other_in_the_order_of_their_names()
    {
        var some = Agents(12);

        var plan = OperationPlan.Make(some.Snapshot(), Restart);

        Assert.Equal([.. Enumerable.Range(0, 12).Select(i => $"agents_{i}")], Waves(plan));
    }

    [Fact]
    public void All_of_a_pool_at_once_but_never_two_pools_in_one_wave()
    {
        var some = Agents(2).With(Some.Pool("gpu"));
        some.AddNode(pool: "gpu");

        var plan = OperationPlan.Make(some.Snapshot(), Restart with { AtOnce = int.MaxValue });

        Assert.Equal(["agents_0 agents_1", "gpu_0"], Waves(plan));
    }

    [Fact]
    public void A_seed_gives_the_same_order_each_time_and_no_wave_is_above_the_budget()
    {
        var snapshot = Agents(9).Snapshot();

        var first = OperationPlan.Make(snapshot, Restart with { AtOnce = 2, Seed = 7 });
        var again = OperationPlan.Make(snapshot, Restart with { AtOnce = 2, Seed = 7 });
        var other = OperationPlan.Make(snapshot, Restart with { AtOnce = 2, Seed = 8 });

        Assert.Equal(Waves(first), Waves(again));
        Assert.NotEqual(Waves(first), Waves(other));
        Assert.All(first.Waves, wave => Assert.InRange(wave.Length, 1, 2));
        Assert.Equal(9, first.Waves.SelectMany(w => w).Select(c => c.Machine.Name).Distinct().Count());
    }

    [Fact]
    public void No_more_machines_than_asked_for()
    {
        Assert.Equal(2, OperationPlan.Make(Agents(5).Snapshot(), Restart with { Seed = 1, Most = 2 }).Waves.Length);
    }

    [Theory]
    [InlineData(MachineOperation.Restart, MachineState.Running, null)]
    [InlineData(MachineOperation.Restart, MachineState.Failed, null)]
    [InlineData(MachineOperation.Restart, MachineState.Deallocated, "it is stopped; start it first")]
    [InlineData(MachineOperation.Reimage, MachineState.Stopped, "it is stopped; start it first")]
    [InlineData(MachineOperation.Upgrade, MachineState.Deallocated, "it is stopped; start it first")]
    [InlineData(MachineOperation.Restart, MachineState.Deleting, "it is being removed")]
    [InlineData(MachineOperation.Reimage, MachineState.Creating, "it is still being made")]
    [InlineData(MachineOperation.Start, MachineState.Running, "it runs already")]
    [InlineData(MachineOperation.Start, MachineState.Stopping, "it is being stopped; run this again once it is off")]
    [InlineData(MachineOperation.Start, MachineState.Deallocated, null)]
    [InlineData(MachineOperation.Start, MachineState.Stopped, null)]
    [InlineData(MachineOperation.Deallocate, MachineState.Deallocated, "it is stopped already")]
    [InlineData(MachineOperation.Deallocate, MachineState.Stopped, null)]
    [InlineData(MachineOperation.Deallocate, MachineState.Running, null)]
    public void A_machine_that_it_does_not_apply_to_is_skipped_and_why(MachineOperation operation, MachineState state, string? why)
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(state: state);

        var plan = OperationPlan.Make(some.Snapshot(), new OperationRequest { Operation = operation });

        Assert.Equal(why, plan.Skipped.Select(s => s.Why).SingleOrDefault());
        Assert.Equal(why is null ? 1 : 0, plan.Waves.Length);
    }

    [Fact]
    public void A_machine_may_be_named_by_its_node()
    {
        var plan = OperationPlan.Make(Agents(3).Snapshot(), Restart with { Machines = ["agents000001", "agents_1"] });

        Assert.Equal(["agents_1"], Waves(plan));
    }

    [Fact]
    public void What_is_not_there_is_told_with_what_is()
    {
        var snapshot = Agents(1).Snapshot();

        var pool = Assert.Throws<EbbException>(() => OperationPlan.Make(snapshot, Restart with { Pool = "nobody" }));
        var machine = Assert.Throws<EbbException>(() => OperationPlan.Make(snapshot, Restart with { Machines = ["agents_7"] }));

        Assert.Equal("There is no pool 'nobody'; there is agents.", pool.Message);
        Assert.StartsWith("There is no machine 'agents_7'", machine.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agents", "agents_0 agents-regular_0")]
    [InlineData("agents-regular", "agents-regular_0")]
    [InlineData("farm", "other_0")]
    public void A_pool_of_several_scale_sets_is_all_of_them_and_each_may_be_named_alone(string pool, string machines)
    {
        var some = new Some()
            .With(Some.Pool("agents", priority: Priority.Spot) with { PartOf = "agents" })
            .With(Some.Pool("agents-regular") with { PartOf = "agents" })
            .With(Some.Pool("other") with { PartOf = "farm" });
        some.AddNode();
        some.AddNode(pool: "agents-regular");
        some.AddNode(pool: "other");

        var plan = OperationPlan.Make(some.Snapshot(), Restart with { Pool = pool });
        var nobody = Assert.Throws<EbbException>(() => OperationPlan.Make(some.Snapshot(), Restart with { Pool = "nobody" }));

        Assert.Equal(machines.Split(' ').Order(), Waves(plan).Order());
        Assert.Equal("There is no pool 'nobody'; there is agents, agents-regular, other, farm.", nobody.Message);
    }

    [Theory]
    [InlineData(-10, "")]
    [InlineData(-90, "agents000000")]
    public void What_a_command_that_was_killed_has_left_held_is_let_go_of_and_what_another_one_holds_is_not(int renewed, string leftBehind)
    {
        var some = Agents(1).With(Some.Pool("gpu"));
        some.Nodes[0] = Held(some.Nodes[0], some.Now.AddSeconds(renewed));
        some.AddNode(pool: "gpu", edit: node => Held(node, some.Now.AddSeconds(renewed)));

        var plan = OperationPlan.Make(some.Snapshot(), Restart with { Pool = "gpu" });

        Assert.Equal(["gpu_0"], Waves(plan));
        Assert.Equal(leftBehind, string.Join(' ', plan.LeftBehind.Select(c => c.Node)));

        static Ebb.Scheduling.Node Held(Ebb.Scheduling.Node node, DateTimeOffset renewed) => node with
        {
            Annotations = node.Annotations.Add(Marks.Operating, $"{new OperatingMark { Put = ["cordon"], Owner = "ada@laptop#1", Renewed = renewed }}"),
        };
    }

    private static Some Agents(int machines)
    {
        var some = new Some().With(Some.Pool());
        for (var i = 0; i < machines; i++)
        {
            some.AddNode();
        }

        return some;
    }

    private static string[] Waves(OperationPlan plan) => [.. plan.Waves.Select(wave => string.Join(' ', wave.Select(c => c.Machine.Name)))];
}
