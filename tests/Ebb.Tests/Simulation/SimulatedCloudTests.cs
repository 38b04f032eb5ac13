using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Sandbox;
using Ebb.Sandbox.Cloud;
using Ebb.Simulation;
using Ebb.Simulation.Clouds;

namespace Ebb.Tests.Simulation;

public sealed class SimulatedCloudTests : IDisposable
{
    private const string Group = "ebb";
    private readonly VirtualTime _time = new();
    private readonly Runner _runner;
    private readonly Agenda _agenda;
    private readonly CloudWorld _world;
    private readonly SimulatedCloud _cloud;

    public SimulatedCloudTests()
    {
        _runner = new Runner(_time);
        _agenda = new Agenda(_time);
        _world = new CloudWorld(_agenda, new CloudOptions { Quotas = CloudOptionsWith("cores", 10) });
        _world.PutResourceGroup(Group, _world.Options.Location, null);
        var spec = new ScaleSetSpec
        {
            Size = "Standard_D2s_v5",
            Tags = ImmutableSortedDictionary<string, string>.Empty.Add("ebb-max", "7").Add("ebb-min", "1"),
        };
        _world.CreateOrUpdateScaleSet(Group, "agents", spec.ToModel(_world.Options.Location));
        _cloud = new SimulatedCloud(_world, Group, new Process(), _time);
    }

    [Fact]
    public void A_pool_is_read_with_its_tags_and_shape()
    {
        var pool = Read().Pool;

        Assert.Equal(("agents", 1, 7), (pool.Name, pool.Min, pool.Max));
        Assert.Equal(2000, pool.Shape.Allocatable.CpuMilli);
        Assert.Null(pool.Problem);
    }

    [Fact]
    public void A_pool_grows_and_its_machines_come_up()
    {
        var result = Grow(Read(), 2);
        _runner.Run(TimeSpan.FromMinutes(2));

        Assert.Equal(new GrowResult.Growing(2, 2), result);
        var view = Read();
        Assert.Equal(2, view.Capacity);
        Assert.All(view.Machines, machine => Assert.Equal(MachineState.Running, machine.State));
    }

    [Fact]
    public void Growth_on_an_old_view_is_not_sent()
    {
        var old = Read();
        Grow(old, 2);

        var result = Grow(old, 1);

        Assert.Equal(new GrowResult.Changed(2), result);
        Assert.Equal(2, _world.Find(Group, "agents")!.Capacity);
    }

    [Theory]
    [InlineData(null, "0 False", "1 False")]
    [InlineData("1", "1 True")]
    public void An_operation_that_fails_is_told_for_the_machine_that_the_cloud_names_or_for_all(string? instance, params string[] told)
    {
        Grow(Read(), 2);
        _runner.Run(TimeSpan.FromMinutes(2));
        var view = Read();
        _world.Faults.Add(new Fault { Kind = FaultKind.FailOperation, On = CallKind.Restart, Instance = instance, Count = 1 });

        _runner.Complete(() => _cloud.OperateAsync(view, view.Machines, MachineOperation.Restart, CancellationToken.None), TimeSpan.FromMinutes(1));
        _runner.Complete(() => _cloud.ChangedAsync(CancellationToken.None), TimeSpan.FromMinutes(5));

        Assert.Equal(told, Read().OperationFailures.Select(failure => $"{failure.Machine} {failure.Named}"));
        Assert.Empty(Read().OperationFailures);
    }

    [Fact]
    public void When_the_quota_has_room_for_fewer_that_many_are_asked_for()
    {
        var result = Grow(Read(), 7);

        Assert.Equal(new GrowResult.Growing(5, 5), result);
    }

    [Fact]
    public void A_growth_that_got_no_answer_but_worked_is_found_out()
    {
        var view = Read();
        _world.Faults.Add(new Fault { Kind = FaultKind.TimeoutDone, On = CallKind.PutScaleSet, Count = 1 });

        var result = Grow(view, 3);

        Assert.Equal(new GrowResult.Growing(3, 3), result);
    }

    [Fact]
    public void A_growth_that_got_no_answer_and_did_nothing_is_unknown_and_not_repeated()
    {
        var view = Read();
        _world.Faults.Add(new Fault { Kind = FaultKind.TimeoutNotDone, On = CallKind.PutScaleSet, Count = 1 });

        var result = Grow(view, 3);

        Assert.IsType<GrowResult.Unknown>(result);
        Assert.Equal(0, _world.Find(Group, "agents")!.Capacity);
    }

    [Fact]
    public void A_growth_that_fails_later_wakes_whoever_waits_and_shows_in_the_next_read()
    {
        _world.SetAvailability([new Availability { Machines = 1 }]);
        Grow(Read(), 3);

        _runner.Complete(() => _cloud.ChangedAsync(TestContext.Current.CancellationToken), TimeSpan.FromMinutes(10));

        var failure = Assert.Single(Read().Failures);
        Assert.Equal(GrowRefusal.NoCapacity, failure.Refusal);
        Assert.Empty(Read().Failures);
    }

    [Fact]
    public void Exactly_the_named_machines_go_and_one_gone_before_is_no_trouble()
    {
        Grow(Read(), 3);
        _runner.Run(TimeSpan.FromMinutes(2));
        var view = Read("agents");
        Remove(view, view.Machines[0]);
        _runner.Run(TimeSpan.FromMinutes(2));

        var result = Remove(view, view.Machines[0], view.Machines[1]);
        _runner.Run(TimeSpan.FromMinutes(2));

        Assert.Equal(new RemoveResult.Removing(1), result);
        var left = Read("agents");
        Assert.Equal([view.Machines[2].Name], left.Machines.Select(machine => machine.Name));
        Assert.Equal(1, left.Capacity);
    }

    [Fact]
    public void Machines_are_listed_only_when_something_changed()
    {
        Read();
        Read();
        Read();

        Assert.Equal(1, _world.Requests.ByKind[CallKind.ListInstances]);
        Assert.Equal(3, _world.Requests.ByKind[CallKind.ListScaleSets]);
    }

    [Fact]
    public void A_partial_list_makes_the_view_incomplete_and_keeps_the_old_machines()
    {
        Grow(Read(), 2);
        _runner.Run(TimeSpan.FromMinutes(2));
        Read("agents");
        _world.Faults.Add(new Fault { Kind = FaultKind.PartialPage, On = CallKind.ListInstances, Count = 1 });

        var view = ReadAll("agents");

        Assert.False(view.Complete);
        Assert.Equal(2, view.Pools[0].Machines.Length);
    }

    public void Dispose() => _agenda.Dispose();

    private static ImmutableSortedDictionary<string, int> CloudOptionsWith(string quota, int limit) =>
        ImmutableSortedDictionary.Create<string, int>(StringComparer.OrdinalIgnoreCase).Add(quota, limit);

    private CloudView ReadAll(params string[] inMotion) => Complete(ct => _cloud.ReadAsync(inMotion.ToHashSet(), ct));

    private PoolView Read(params string[] inMotion) => ReadAll(inMotion).Pools[0];

    private GrowResult Grow(PoolView pool, int by) => Complete(ct => _cloud.GrowAsync(pool, by, ct));

    private RemoveResult Remove(PoolView pool, params Machine[] machines) => Complete(ct => _cloud.RemoveAsync(pool, machines, ct));

    private T Complete<T>(Func<CancellationToken, Task<T>> call) =>
        _runner.Complete(() => call(TestContext.Current.CancellationToken), TimeSpan.FromMinutes(5));
}
