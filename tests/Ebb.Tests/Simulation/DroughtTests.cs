using System.Collections.Immutable;
using Ebb.Planning;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Machines;
using Ebb.Simulation.Scenarios;
using Ebb.Simulation.Worlds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Simulation;

/// <summary>A pool of spot machines with regular ones to fall back on, through hours without spot machines.</summary>
public sealed class DroughtTests : IDisposable
{
    private const int Min = 2;

    private readonly World _world = new(
        new CloudOptions(), new KubernetesOptions { EventsKept = 0, Hollow = new HollowOptions { LeaseEvery = null } }, new HollowMachineOptions { MeasureCpu = false });

    private readonly SimulatedController _controller;

    public DroughtTests()
    {
        _world.Begin();
        _world.AddPool("agents", Spec(Min, warm: 1) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });
        _world.AddPool("agents-regular", Spec(min: 0, warm: 0));
        _controller = new SimulatedController(_world, "ebb", 1, new Policy(), overProtocol: false, NullLoggerFactory.Instance);
        _controller.Start();
    }

    [Theory]
    [InlineData(Shortage.Allocation)]
    [InlineData(Shortage.SkuNotAvailable)]
    public void Its_least_is_kept_on_regular_machines_until_spot_is_back_and_never_given_up_in_between(Shortage answer)
    {
        _world.Runner.Run(TimeSpan.FromMinutes(10));
        Assert.Equal((2, 0), (Ready("agents"), Ready("agents-regular")));

        _world.Cloud.SetAvailability([new Availability { Priority = Priority.Spot, Machines = 0, Answer = answer }]);
        foreach (var machine in _world.Cloud.Find(World.Group, "agents")!.Instances.Values)
        {
            Assert.True(_world.Cloud.SimulateEviction(World.Group, "agents", machine.Id).Ok);
        }

        _world.Runner.Run(TimeSpan.FromMinutes(15));
        Watch(TimeSpan.FromHours(3));
        Assert.Equal((0, 2), (Ready("agents"), Ready("agents-regular")));

        // Two at work, and one that is kept warm beside them.
        _world.Kubernetes.Store.Create(Kinds.Job, Workloads.Job("frames", 2, 2, new Needs { CpuMilli = 2500 }, TimeSpan.FromHours(2)));
        _world.Runner.Run(TimeSpan.FromMinutes(15));
        Assert.Equal((0, 3), (Ready("agents"), Ready("agents-regular")));

        _world.Cloud.SetAvailability([]);
        Watch(TimeSpan.FromHours(5));
        Assert.Equal((2, 0), (Ready("agents"), Ready("agents-regular")));
    }

    public void Dispose()
    {
        _controller.Process.Kill();
        _controller.Dispose();
        _world.Dispose();
    }

    private void Watch(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromSeconds(10))
        {
            _world.Runner.Run(TimeSpan.FromSeconds(10));
            Assert.True(Ready("agents") + Ready("agents-regular") >= Min, $"after {passed}: {Ready("agents")} spot and {Ready("agents-regular")} regular");
        }
    }

    private int Ready(string set) => _world.Cloud.Find(World.Group, set)!.Instances.Values.Count(machine =>
        machine.Counts && _world.Kubernetes.Kubelets.Find(World.NodeName(machine)) is { Alive: true });

    private static ScaleSetSpec Spec(int min, int warm) => new()
    {
        Size = "Standard_D4s_v5",
        Capacity = min,
        Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase)
            .Add("ebb-pool", "agents").Add("ebb-min", $"{min}").Add("ebb-max", "6").Add("ebb-keep-warm", $"{warm}").Add("ebb-idle-after", "2m"),
    };
}
