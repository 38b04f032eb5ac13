using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation;
using Ebb.Simulation.Kubernetes;
using Ebb.Simulation.Scenarios;
using Ebb.Simulation.Worlds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Simulation;

/// <summary>What the simulations check can fail: each promise is broken once on purpose.</summary>
public class InvariantTests
{
    [Fact]
    public void All_is_well_when_nothing_is_broken()
    {
        var result = Run(null);

        Assert.Empty(result.Violations);
        Assert.Equal(0, result.Interruptions);
    }

    [Fact]
    public void The_removal_of_a_busy_machine_is_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud)
        {
            Remove = (pool, machines, ct) => cloud.RemoveAsync(pool, [.. pool.Machines.Take(machines.Count + 1)], ct),
        });

        Assert.Contains(result.Violations, what => what.Contains("was removed with pod", StringComparison.Ordinal));
    }

    [Fact]
    public void Growth_above_the_maximum_is_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud) { Grow = (pool, by, ct) => cloud.GrowAsync(pool, by + 9, ct) });

        Assert.Contains(result.Violations, what => what.Contains("above its maximum", StringComparison.Ordinal));
    }

    [Fact]
    public void A_grow_that_lowers_the_capacity_is_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud)
        {
            Grow = (pool, by, ct) =>
            {
                if (pool.Machines.Length < 2)
                {
                    return cloud.GrowAsync(pool, by, ct);
                }

                world.Cloud.SetCapacity(World.Group, pool.Pool.Name, 1);
                return Task.FromResult<GrowResult>(new GrowResult.Growing(1, by));
            },
        });

        Assert.Contains(result.Violations, what => what.Contains("the capacity of pool common fell", StringComparison.Ordinal));
    }

    [Fact]
    public void Growth_of_a_pools_scale_sets_above_its_maximum_together_is_noticed()
    {
        var result = Run(
            (world, cloud) => new Saboteur(cloud)
            {
                Grow = (pool, by, ct) =>
                {
                    world.Cloud.SetCapacity(World.Group, "common", 5);
                    world.Cloud.SetCapacity(World.Group, "common-too", 5);
                    return Task.FromResult<GrowResult>(new GrowResult.Growing(5, by));
                },
            },
            Parts());

        Assert.Contains(result.Violations, what => what.Contains("above their maximum 6", StringComparison.Ordinal));
    }

    [Fact]
    public void Shrinking_below_the_minimum_is_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud)
        {
            Remove = (pool, machines, ct) => cloud.RemoveAsync(pool, pool.Machines, ct),
        });

        Assert.Contains(result.Violations, what => what.Contains("below its minimum", StringComparison.Ordinal));
    }

    [Fact]
    public void The_eviction_of_a_Jobs_pod_is_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud)
        {
            Remove = async (pool, machines, ct) =>
            {
                var cluster = new SimulatedKubernetes(
                    world.Kubernetes.Store, world.Lease, new KubernetesFaults(new Random(1)), new Process(), world.Time);
                var frame = world.Kubernetes.Store.List(Kinds.Pod).First(pod => (string?)pod.Json["status"]?["phase"] == "Running");
                await cluster.EvictAsync(frame.Namespace, frame.Name, frame.Uid, ct);
                return await cloud.RemoveAsync(pool, machines, ct);
            },
        });

        Assert.Contains(result.Violations, what => what.Contains("was evicted", StringComparison.Ordinal));
    }

    [Fact]
    public void Machines_that_stay_for_nothing_are_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud)
        {
            Remove = (pool, machines, ct) => Task.FromResult<RemoveResult>(new RemoveResult.Removing(machines.Count)),
        });

        Assert.Contains(result.Violations, what => what.Contains("pool common has", StringComparison.Ordinal));
    }

    [Fact]
    public void Work_that_never_runs_is_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud)
        {
            Grow = (pool, by, ct) => Task.FromResult<GrowResult>(new GrowResult.Growing(pool.Capacity + by, by)),
        });

        Assert.Contains(result.Violations, what => what.Contains("is not done", StringComparison.Ordinal));
    }

    [Fact]
    public void The_node_of_a_living_machine_deleted_is_noticed()
    {
        var result = Run((world, cloud) => new Saboteur(cloud)
        {
            Remove = (pool, machines, ct) =>
            {
                world.Kubernetes.Store.Delete(Kinds.Node, "", machines[0].HostName.ToLowerInvariant(), DeleteOptions.Default);
                return cloud.RemoveAsync(pool, machines, ct);
            },
        });

        Assert.Contains(result.Violations, what => what.Contains("was deleted while its machine", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(40)]
    public void The_same_seed_gives_the_same_run(int seed)
    {
        List<string> first = [], second = [];

        var one = SimulationRun.Run(ScenarioMaker.Make(seed), first.Add, NullLoggerFactory.Instance);
        var other = SimulationRun.Run(ScenarioMaker.Make(seed), second.Add, NullLoggerFactory.Instance);

        Assert.Equal(first, second);
        Assert.Equal(one.Digest, other.Digest);
        Assert.NotEqual(one.Digest, SimulationRun.Run(ScenarioMaker.Make(seed + 1), null, NullLoggerFactory.Instance).Digest);
    }

    private static SimulationResult Run(Func<World, ICloud, ICloud>? sabotage, Scenario? scenario = null) =>
        SimulationRun.Run(scenario ?? Scenario(), null, NullLoggerFactory.Instance, sabotage);

    /// <summary>The same with two scale sets of one pool.</summary>
    private static Scenario Parts()
    {
        var scenario = Scenario();
        var spec = scenario.Pools[0].Spec with { Tags = scenario.Pools[0].Spec.Tags.Add("ebb-pool", "common") };
        return scenario with { Pools = [("common", spec), ("common-too", spec)] };
    }

    /// <summary>One pool from 1 to 6 machines and three Jobs, the last of which is still at work when the first machines are idle.</summary>
    private static Scenario Scenario() => new()
    {
        Seed = 1,
        Cloud = new CloudOptions(),
        Policy = new Ebb.Planning.Policy(),
        Pools =
        [
            ("common", new ScaleSetSpec
            {
                Size = "Standard_D4s_v5",
                Capacity = 1,
                Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase)
                    .Add("ebb-min", "1").Add("ebb-max", "6").Add("ebb-idle-after", "60s"),
            }),
        ],
        Happenings =
        [
            Frames("frames-1", at: 2, count: 4, minutes: 30),
            Frames("frames-2", at: 3, count: 4, minutes: 3),
            Frames("frames-3", at: 20, count: 4, minutes: 20),
        ],
        CalmFrom = TimeSpan.FromMinutes(30),
        SettlesWithin = TimeSpan.FromMinutes(60),
    };

    private static Happening.Create Frames(string name, int at, int count, int minutes) => new(
        TimeSpan.FromMinutes(at),
        Kinds.Job,
        Workloads.Job(name, count, count, new Needs { CpuMilli = 1800 }, TimeSpan.FromMinutes(minutes)));
}
