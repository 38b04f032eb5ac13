using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Pools;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Simulation;
using Ebb.Tests.Sandbox.Cloud;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Clouds.Azure;

/// <summary>The client against the sandbox's cloud, which was written from the protocol alone.</summary>
public sealed class FaceTests : IDisposable
{
    private Lab _lab = new();
    private AzureFace? _face;
    private Runner? _runner;
    private AzureCloud? _cloud;

    private CloudWorld World => _lab.World;

    [Fact]
    public void A_pool_grows_and_exactly_the_named_machines_go()
    {
        Start(Lab.Spec(3));

        Assert.Equal(new GrowResult.Growing(5, 2), Grow(2));
        Pass(minutes: 2);
        var pool = Pool();
        Assert.Equal((5, 5), (pool.Capacity, pool.Machines.Count(m => m.State is MachineState.Running)));
        Assert.Empty(pool.InFlight);

        Assert.Equal(new RemoveResult.Removing(2), Remove("1", "3"));
        Assert.Equal(["1", "3"], Pool().Machines.Where(m => m.State is MachineState.Deleting).Select(m => m.Id));
        Pass(minutes: 2);
        Assert.Equal(["0", "2", "4"], Pool().Machines.Select(m => m.Id));
        Assert.Equal(3, Pool().Capacity);
        Assert.Equal((1L, 1L), (Requests(CallKind.PatchScaleSet), Requests(CallKind.DeleteInstances)));
    }

    [Fact]
    public void Machines_and_pool_read_as_the_cloud_has_them()
    {
        Start(Lab.Spec(1) with { Zones = ["2"], Priority = Ebb.Sandbox.Cloud.Priority.Spot, Tags = Tags(("ebb-max", "33")) });

        var pool = Pool();

        Assert.Null(pool.Pool.Problem);
        Assert.Equal((33, Ebb.Pools.Priority.Spot, 2000L), (pool.Pool.Max, pool.Pool.Priority, pool.Pool.Shape.Allocatable.CpuMilli));
        Assert.Equal("eastus-2", pool.Pool.Shape.Labels["topology.kubernetes.io/zone"]);
        var machine = Assert.Single(pool.Machines);
        Assert.Equal(("agents000000", "eastus-2", "Standard_D2s_v3"), (machine.HostName, machine.Zone, machine.Size));
        Assert.NotEmpty(machine.VmId);
        Assert.NotNull(machine.CreatedAt);
    }

    [Fact]
    public void All_pages_of_a_large_pool_are_read()
    {
        Start(Lab.Spec(250));

        Assert.Equal(250, Pool().Machines.Length);
    }

    [Fact]
    public void In_steady_state_one_read_is_one_request()
    {
        Start(Lab.Spec(5));
        Read();
        var before = World.Requests.Total;

        for (var i = 0; i < 5; i++)
        {
            Assert.True(Read().Complete);
        }

        Assert.Equal(before + 5, World.Requests.Total);
    }

    [Fact]
    public void Quota_leaves_room_for_fewer()
    {
        Start(Lab.Spec(2), new CloudOptions { Quotas = new CloudOptions().Quotas.Add("cores", 9) });

        Assert.Equal(new GrowResult.Growing(4, 2), Grow(10));
        Assert.Equal(GrowRefusal.Quota, Assert.IsType<GrowResult.Refused>(Grow(1)).Failure.Refusal);
    }

    [Theory]
    [InlineData(Shortage.Allocation, "AllocationFailed")]
    [InlineData(Shortage.Overconstrained, "OverconstrainedAllocationRequest")]
    public void A_shortage_is_reported_soon_after_the_operation_ended(Shortage shortage, string code)
    {
        Start(Lab.Spec(2), new CloudOptions { Availability = [new Availability { Machines = 3, Answer = shortage }] });

        Assert.IsType<GrowResult.Growing>(Grow(4));
        _runner!.Complete(() => _cloud!.ChangedAsync(CancellationToken.None), TimeSpan.FromMinutes(3));

        var failure = Assert.Single(Pool().Failures);
        Assert.Equal((GrowRefusal.NoCapacity, code), (failure.Refusal, failure.Code));
    }

    [Fact]
    public void No_spot_machines_to_spare_is_a_lack_of_capacity()
    {
        Start(
            Lab.Spec() with { Priority = Ebb.Sandbox.Cloud.Priority.Spot },
            new CloudOptions { Availability = [new Availability { Machines = 0, Answer = Shortage.SkuNotAvailable }] });

        Assert.Equal((GrowRefusal.NoCapacity, "SkuNotAvailable"), Told(Assert.IsType<GrowResult.Refused>(Grow(1)).Failure));
    }

    [Fact]
    public void A_growth_that_was_done_without_an_answer_is_found()
    {
        Start(Lab.Spec(2));
        World.Faults.Add(new Fault { Kind = FaultKind.TimeoutDone, On = CallKind.PatchScaleSet, Count = 1 });

        Assert.Equal(new GrowResult.Growing(5, 3), Grow(3));

        Pass(minutes: 2);
        Assert.Equal((5, 5), (Pool().Capacity, Pool().Machines.Length));
        Assert.Equal(1, Requests(CallKind.PatchScaleSet));
    }

    [Fact]
    public void A_growth_that_was_not_done_is_not_done_twice_either()
    {
        Start(Lab.Spec(2));
        World.Faults.Add(new Fault { Kind = FaultKind.TimeoutNotDone, On = CallKind.PatchScaleSet, Count = 1 });

        Assert.IsType<GrowResult.Unknown>(Grow(3));
        Assert.Equal(2, Pool().Capacity);

        Assert.Equal(new GrowResult.Growing(5, 3), Grow(3));
    }

    [Fact]
    public void A_removal_without_an_answer_is_found_by_reading()
    {
        Start(Lab.Spec(3));
        World.Faults.Add(new Fault { Kind = FaultKind.TimeoutDone, On = CallKind.DeleteInstances, Count = 1 });

        Assert.Equal(new RemoveResult.Removing(1), Remove("2"));
        Pass(minutes: 2);
        Assert.Equal(["0", "1"], Pool().Machines.Select(m => m.Id));
    }

    [Theory]
    [InlineData(FaultKind.Throttle)]
    [InlineData(FaultKind.PartialPage)]
    public void A_list_that_is_not_whole_makes_a_view_that_is_not(FaultKind kind)
    {
        Start(Lab.Spec(3));
        Read();
        World.Faults.Add(new Fault { Kind = kind, On = CallKind.ListInstances });

        var view = Read(Lab.Set);

        Assert.False(view.Complete);
        Assert.Equal(3, view.Pools[0].Machines.Length);
        World.Faults.Clear();
        Pass(minutes: 1);
        Assert.True(Read().Complete);
    }

    [Fact]
    public void A_stale_list_after_our_own_write_is_seen_through()
    {
        Start(Lab.Spec(3));
        Grow(2);
        World.Faults.Add(new Fault { Kind = FaultKind.StaleList, On = CallKind.ListScaleSets, Count = 1, Span = TimeSpan.FromMinutes(1) });

        Assert.False(Read().Complete);
        Assert.Equal(5, Pool().Capacity);
    }

    [Fact]
    public void Machines_stop_and_start()
    {
        Start(Lab.Spec(2));
        var pool = Pool();

        Do(c => c.OperateAsync(pool, [pool.Machines[1]], MachineOperation.Deallocate, CancellationToken.None));
        Pass(minutes: 2);
        Assert.Equal([MachineState.Running, MachineState.Deallocated], Pool().Machines.Select(m => m.State));

        Do(c => c.OperateAsync(pool, [pool.Machines[1]], MachineOperation.Start, CancellationToken.None));
        Pass(minutes: 2);
        Assert.Equal([MachineState.Running, MachineState.Running], Pool().Machines.Select(m => m.State));
    }

    [Fact]
    public void A_shield_goes_on_and_off()
    {
        Start(Lab.Spec(2));
        var pool = Pool();

        Do(c => c.ProtectAsync(pool, pool.Machines[1], shielded: true, CancellationToken.None));
        Assert.Equal([false, true], Pool().Machines.Select(m => m.Protected));

        Do(c => c.ProtectAsync(pool, pool.Machines[1], shielded: false, CancellationToken.None));
        Assert.Equal([false, false], Pool().Machines.Select(m => m.Protected));
    }

    [Fact]
    public void An_eviction_shows_as_a_machine_that_went()
    {
        Start(Lab.Spec(2) with { Priority = Ebb.Sandbox.Cloud.Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });
        Read();

        World.SimulateEviction(Lab.Group, Lab.Set, "0");
        Pass(minutes: 5);
        Read();

        Assert.Equal(["1"], Pool().Machines.Select(m => m.Id));
    }

    [Fact]
    public void Whatever_the_cloud_does_a_grow_adds_at_most_what_was_asked_and_a_removal_takes_only_what_was_named()
    {
        FaultKind[] kinds = [FaultKind.Error, FaultKind.Delay, FaultKind.TimeoutDone, FaultKind.TimeoutNotDone, FaultKind.Throttle, FaultKind.StaleList, FaultKind.PartialPage, FaultKind.FailOperation];
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            Start(Lab.Spec(5), new CloudOptions { Seed = seed });
            foreach (var kind in kinds)
            {
                World.Faults.Add(new Fault { Kind = kind, Probability = random.NextDouble() / 4, Span = TimeSpan.FromSeconds(random.Next(1, 90)) });
            }

            for (var step = 0; step < 12; step++)
            {
                try
                {
                    Step(seed, random);
                }
                catch (CloudException)
                {
                    // An error that is told is fine: the state is checked within the step whatever comes of it.
                }

                Pass(minutes: random.NextDouble());
            }
        }
    }

    public void Dispose()
    {
        _face?.Dispose();
        _lab.Dispose();
    }

    private void Step(int seed, Random random)
    {
        var view = Read(Lab.Set);
        var pool = Assert.Single(view.Pools);
        var before = _lab.Current.Capacity;
        var ids = _lab.Ids;
        var by = random.Next(1, 6);
        Machine[] named = [.. pool.Machines.Where(_ => random.Next(3) == 0)];
        var grows = random.Next(2) == 0;
        try
        {
            if (grows)
            {
                _runner!.Complete(() => _cloud!.GrowAsync(pool, by, CancellationToken.None), TimeSpan.FromMinutes(30));
            }
            else
            {
                _runner!.Complete(() => _cloud!.RemoveAsync(pool, named, CancellationToken.None), TimeSpan.FromMinutes(30));
            }
        }
        finally
        {
            var after = _lab.Current.Capacity;
            Assert.True(
                grows ? after >= before && after <= before + by : after <= before && after >= before - named.Length,
                $"Seed {seed}: {(grows ? $"a grow by {by}" : $"a removal of {named.Length}")} took the capacity from {before} to {after}.");
            var lost = grows ? ids.Except(_lab.Ids) : ids.Except(_lab.Ids).Except(named.Select(m => m.Id));
            Assert.True(!lost.Any(), $"Seed {seed}: lost {string.Join(", ", lost)}.");
        }
    }

    private static (GrowRefusal, string) Told(GrowFailure failure) => (failure.Refusal, failure.Code);

    private static ImmutableSortedDictionary<string, string> Tags(params (string Name, string Value)[] tags) =>
        tags.ToImmutableSortedDictionary(t => t.Name, t => t.Value);

    private void Start(ScaleSetSpec spec, CloudOptions? options = null)
    {
        _lab.Dispose();
        _lab = new Lab(options);
        _lab.Have(spec);
        _face = new AzureFace(_lab.World, new AzureFaceOptions { Authenticate = false });
        _runner = new Runner(_lab.Time);
        _cloud = new AzureCloud(
            new AzureScope(World.Options.SubscriptionId, Lab.Group, null, new Uri("https://127.0.0.1:8443")),
            new HttpMessageInvoker(new InProcessHandler(_face)),
            _ => ValueTask.FromResult(new AccessToken("any", _lab.Time.GetUtcNow().AddDays(1))),
            new AzureOptions(),
            _lab.Time,
            new Random(1),
            NullLogger<AzureCloud>.Instance);
        _runner.Start(() => _cloud.RunAsync(CancellationToken.None));
    }

    private long Requests(CallKind kind) => World.Requests.ByKind.GetValueOrDefault(kind);

    private void Pass(double minutes) => _runner!.Run(TimeSpan.FromMinutes(minutes));

    private CloudView Read(params string[] inMotion) =>
        _runner!.Complete(() => _cloud!.ReadAsync(inMotion.ToHashSet(), CancellationToken.None), TimeSpan.FromMinutes(10));

    private PoolView Pool() => Assert.Single(Read(Lab.Set).Pools);

    private GrowResult Grow(int by)
    {
        var pool = Pool();
        return _runner!.Complete(() => _cloud!.GrowAsync(pool, by, CancellationToken.None), TimeSpan.FromMinutes(10));
    }

    private RemoveResult Remove(params string[] ids)
    {
        var pool = Pool();
        Machine[] machines = [.. pool.Machines.Where(m => ids.Contains(m.Id))];
        return _runner!.Complete(() => _cloud!.RemoveAsync(pool, machines, CancellationToken.None), TimeSpan.FromMinutes(10));
    }

    private void Do(Func<AzureCloud, Task> what) => _runner!.Complete(() => what(_cloud!), TimeSpan.FromMinutes(10));
}
