using System.Collections.Immutable;
using Ebb.Acting;
using Ebb.Planning;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Machines;
using Ebb.Simulation.Scenarios;
using Ebb.Simulation.Worlds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Acting;

public sealed class ControlLoopTests : IDisposable
{
    private readonly World _world = new(
        new CloudOptions { Create = Latency.Seconds(10, 10), Boot = Latency.Seconds(20, 20) },
        new KubernetesOptions { EventsKept = 0, Hollow = new HollowOptions { LeaseEvery = null, ReservedCpuMilli = 0 } },
        new HollowMachineOptions { MeasureCpu = false });

    private readonly List<SimulatedController> _controllers = [];
    private readonly List<Observation> _observed = [];

    public ControlLoopTests()
    {
        _world.Begin();
        _world.AddPool("agents", new ScaleSetSpec
        {
            Size = "Standard_D4s_v5",
            Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase).Add("ebb-max", "100").Add("ebb-idle-after", "2m"),
        });
    }

    private long Grows => _world.Cloud.Requests.ByKind[CallKind.PutScaleSet] - 1;

    private long Removes => _world.Cloud.Requests.ByKind.GetValueOrDefault(CallKind.DeleteInstances);

    private ScaleSet Pool => _world.Cloud.Find(World.Group, "agents")!;

    [Fact]
    public void A_burst_of_pods_is_one_request_for_machines_and_their_idleness_one_for_removal()
    {
        StartController();
        _world.Runner.Run(TimeSpan.FromMinutes(1));

        CreateJob("burst", pods: 800, cpu: 200, seconds: 60);
        _world.Runner.Run(TimeSpan.FromSeconds(4));

        Assert.Equal((1, 40), (Grows, Pool.Capacity));

        _world.Runner.Run(TimeSpan.FromMinutes(10));

        Assert.Equal((1, 0), (Removes, Pool.Instances.Count));
        Assert.Equal(1, Grows);
    }

    [Fact]
    public void Pods_that_keep_coming_for_ten_seconds_are_one_request()
    {
        StartController();
        _world.Runner.Run(TimeSpan.FromMinutes(1));

        for (var part = 0; part < 10; part++)
        {
            CreateJob($"burst-{part}", pods: 80, cpu: 200, seconds: 600);
            _world.Runner.Run(TimeSpan.FromSeconds(1));
        }

        _world.Runner.Run(TimeSpan.FromSeconds(2));

        Assert.Equal((1, 40), (Grows, Pool.Capacity));
    }

    [Fact]
    public void Pods_that_never_stop_coming_are_not_waited_for_longer_than_fifteen_seconds()
    {
        StartController();
        _world.Runner.Run(TimeSpan.FromMinutes(1));

        for (var part = 0; part < 31; part++)
        {
            Assert.Equal(part / 16, Grows);
            CreateJob($"burst-{part}", pods: 80, cpu: 50, seconds: 600);
            _world.Runner.Run(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void A_pod_by_itself_is_not_kept_waiting_for_others()
    {
        StartController();
        _world.Runner.Run(TimeSpan.FromMinutes(1));

        CreateJob("frame", pods: 1, cpu: 2000, seconds: 60);
        _world.Runner.Run(TimeSpan.FromSeconds(0.5));

        Assert.Equal(1, Grows);
    }

    [Fact]
    public void In_quiet_the_cloud_is_read_once_a_minute_and_machines_are_not_listed()
    {
        StartController();
        _world.Runner.Run(TimeSpan.FromMinutes(5));
        var before = _world.Cloud.Requests;

        _world.Runner.Run(TimeSpan.FromMinutes(9.9));

        Assert.InRange(_world.Cloud.Requests.Total - before.Total, 9, 11);
        Assert.InRange(_world.Cloud.Requests.ByKind[CallKind.ListInstances] - before.ByKind[CallKind.ListInstances], 0, 1);
    }

    [Fact]
    public void A_second_controller_waits_and_takes_over_where_a_killed_one_left_off()
    {
        StartController();
        _world.Runner.Run(TimeSpan.FromSeconds(30));
        StartController();
        CreateJob("frames", pods: 4, cpu: 2000, seconds: 300);
        _world.Runner.Run(TimeSpan.FromMinutes(2));
        Assert.Equal((1, 2), (Grows, Pool.Capacity));

        _controllers[0].Process.Kill();
        _world.Runner.Run(TimeSpan.FromMinutes(12));

        Assert.Equal(1, Grows);
        Assert.Empty(Pool.Instances);
        Assert.StartsWith("controller-1", _world.Lease.Lease!.Spec.HolderIdentity, StringComparison.Ordinal);
    }

    [Fact]
    public void A_controller_that_is_asked_to_end_hands_over_at_once()
    {
        StartController();
        _world.Runner.Run(TimeSpan.FromSeconds(30));

        _controllers[0].Stop();

        Assert.Equal("", _world.Lease.Lease!.Spec.HolderIdentity);
    }

    [Fact]
    public void Nothing_is_decided_while_the_API_server_cannot_be_read()
    {
        var controller = StartController(down: true);
        CreateJob("frames", pods: 4, cpu: 2000, seconds: 300);

        _world.Runner.Run(TimeSpan.FromMinutes(3));
        Assert.Equal(0, Grows);
        controller.KubernetesFaults.Down = false;
        _world.Runner.Run(TimeSpan.FromMinutes(1));

        Assert.Equal(1, Grows);
    }

    [Fact]
    public void Reasons_stand_on_nodes_and_do_not_change_with_every_minute()
    {
        StartController();
        CreateJob("frames", pods: 1, cpu: 2000, seconds: 900);
        _world.Runner.Run(TimeSpan.FromMinutes(3));
        var node = _world.Kubernetes.Store.List(Kinds.Node).Single();
        var reason = (string?)node.Metadata["annotations"]?[Marks.Reason];

        _world.Runner.Run(TimeSpan.FromMinutes(10));

        Assert.StartsWith("kept: runs job frames", reason, StringComparison.Ordinal);
        Assert.Equal(node.ResourceVersion, _world.Kubernetes.Store.List(Kinds.Node).Single().ResourceVersion);
    }

    [Fact]
    public void Whoever_watches_sees_each_round()
    {
        StartController();
        CreateJob("frames", pods: 1, cpu: 2000, seconds: 60);

        _world.Runner.Run(TimeSpan.FromMinutes(1));

        Assert.Contains(_observed, seen => seen.Plan.Decisions.Any(decision => decision is Decision.Grow));
        Assert.All(_observed, seen => Assert.True(seen.Done));
    }

    public void Dispose()
    {
        foreach (var controller in _controllers)
        {
            controller.Process.Kill();
            controller.Dispose();
        }

        _world.Dispose();
    }

    private SimulatedController StartController(bool down = false)
    {
        var number = _controllers.Count;
        var controller = new SimulatedController(
            _world, $"controller-{number}", number, new Policy(), overProtocol: false, NullLoggerFactory.Instance);
        controller.KubernetesFaults.Down = down;
        controller.Observed += _observed.Add;
        controller.Start();
        _controllers.Add(controller);
        return controller;
    }

    private void CreateJob(string name, int pods, int cpu, int seconds) => _world.Kubernetes.Store.Create(
        Kinds.Job,
        Workloads.Job(name, pods, pods, new Needs { CpuMilli = cpu, MemoryMiB = 16 }, TimeSpan.FromSeconds(seconds)));
}
