using System.Collections.Immutable;
using System.Text.Json.Nodes;
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

/// <summary>A farm of machines that run, and whose nodes never become ready or cease to be.</summary>
public sealed class UnreadyMachineTests : IDisposable
{
    private static readonly Latency Never = Latency.Seconds(1e8, 1e8);

    private readonly List<SimulatedController> _controllers = [];
    private readonly HashSet<string> _booted = [];
    private readonly List<string> _lost = [];
    private World? _world;

    private World World => _world!;

    private ImmutableArray<Instance> Machines => [.. World.Cloud.Find(World.Group, "render")!.Instances.Values.Where(machine => machine.Counts)];

    [Fact]
    public void A_pool_whose_machines_never_become_ready_has_one_at_a_time_and_is_tried_less_and_less_often()
    {
        Start(ready: Never);
        Submit("frames", 1);
        var most = 0;
        for (var minute = 0; minute < 240; minute++)
        {
            Run(1);
            most = Math.Max(most, Machines.Length);
        }

        Assert.Equal(1, most);

        // One after the other without a pause they would be 16.
        Assert.InRange(_booted.Count, 3, 10);
    }

    [Fact]
    public void A_busy_machine_that_dies_while_its_power_stays_on_is_removed_once_its_work_is_given_up()
    {
        Start();
        Submit("frames", 1);
        Run(5);
        var dead = Assert.Single(Machines);
        Silence(dead);

        Run(19);
        Assert.Contains(dead.Id, Machines.Select(machine => machine.Id));
        Assert.Equal(2, Machines.Length);

        Run(4);
        Assert.DoesNotContain(dead.Id, Machines.Select(machine => machine.Id));
        Assert.Single(Machines);
        Assert.Single(Busy());
        Assert.Single(World.Kubernetes.Store.List(Kinds.Node));
    }

    [Fact]
    public void A_machine_that_dies_with_work_that_Kubernetes_leaves_there_stays_and_it_is_said_why()
    {
        Start();
        Submit("frames", 1, new Needs { CpuMilli = 2500, Tolerates = "node.kubernetes.io/unreachable" });
        Run(5);
        var dead = Assert.Single(Machines);
        Silence(dead);

        Run(180);

        Assert.Equal(dead.Id, Assert.Single(Machines).Id);
        Assert.Contains("may still run there", Reason(dead), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dead_machine_does_not_take_the_place_of_one_that_the_pool_is_to_have_at_the_least()
    {
        Start(min: 1);
        Run(5);
        var dead = Assert.Single(Machines);
        Silence(dead);

        Run(30);

        Assert.NotEqual(dead.Id, Assert.Single(Machines).Id);
        Assert.True(World.Kubernetes.Kubelets.Find(World.NodeName(Machines[0])) is { Alive: true });
    }

    [Fact]
    public void A_machine_that_comes_back_in_time_goes_on_with_its_work()
    {
        Start();
        Submit("frames", 1);
        Run(5);
        var machine = Assert.Single(Machines);
        for (var i = 0; i < 6; i++)
        {
            // Longer together than a machine may be away, yet each time too short for Kubernetes to give up its pods.
            CutOff(machine, true);
            Run(4);
            CutOff(machine, false);
            Run(2);
        }

        Assert.Equal(machine.Id, Assert.Single(Machines).Id);
        Assert.Empty(_lost);
    }

    [Fact]
    public void A_machine_that_has_failed_in_the_cloud_and_runs_has_the_time_of_others_for_its_node_to_become_ready()
    {
        Start(ready: Never);
        Submit("frames", 1);
        var failed = UntilOneJoinsThatFailed();

        Run(1);
        Assert.NotNull(World.Kubernetes.Store.Get(Kinds.Node, "", World.NodeName(failed)));
        Run(12);
        Assert.Contains(failed.Id, Machines.Select(machine => machine.Id));

        Run(4);
        Assert.DoesNotContain(failed.Id, Machines.Select(machine => machine.Id));
    }

    [Fact]
    public void A_machine_that_has_failed_in_the_cloud_and_works_all_the_same_is_let_work()
    {
        Start(max: 1);
        Submit("frames", 1);
        UntilOneJoinsThatFailed();

        Run(60);

        Assert.Equal(ProvisioningState.Failed, Assert.Single(Machines).Provisioning);
        Assert.Single(Busy());
        Assert.Empty(_lost);
    }

    [Fact]
    public void When_a_large_part_of_the_farm_is_silent_at_once_none_of_it_is_removed()
    {
        Start(max: 5);
        Submit("frames", 5);
        Run(5);
        var before = Machines.Select(machine => machine.Id).ToHashSet();
        Assert.Equal(5, before.Count);
        foreach (var machine in Machines.Take(3))
        {
            Silence(machine);
        }

        Run(180);

        Assert.Equal(before, Machines.Select(machine => machine.Id).ToHashSet());
        Assert.Contains("3 of 5 nodes", Reason(Machines[0]), StringComparison.Ordinal);
    }

    [Fact]
    public void Silent_machines_go_once_enough_others_have_come_up_in_their_place()
    {
        Start(max: 10);
        Submit("frames", 5);
        Run(5);
        Instance[] dead = [.. Machines.Take(3)];
        foreach (var machine in dead)
        {
            Silence(machine);
        }

        Run(40);

        Assert.Empty(Machines.Select(machine => machine.Id).Intersect(dead.Select(machine => machine.Id)));
        Assert.Equal(5, Busy().Count);
    }

    [Fact]
    public void A_new_leader_goes_on_counting_where_the_one_before_it_died()
    {
        Start(controllers: 2);
        Submit("frames", 1);
        Run(5);
        var dead = Assert.Single(Machines);
        Silence(dead);
        Run(15);

        _controllers[0].Process.Kill();
        Run(8);

        Assert.StartsWith("ebb-1", World.Lease.Lease!.Spec.HolderIdentity, StringComparison.Ordinal);
        Assert.DoesNotContain(dead.Id, Machines.Select(machine => machine.Id));
    }

    public void Dispose()
    {
        foreach (var controller in _controllers)
        {
            controller.Process.Kill();
            controller.Dispose();
        }

        _world?.Dispose();
    }

    private void Start(Latency? ready = null, int min = 0, int max = 10, int controllers = 1)
    {
        var hollow = new HollowOptions { LeaseEvery = null };
        _world = new World(
            new CloudOptions(),
            new KubernetesOptions { EventsKept = 0, Hollow = ready is { } takes ? hollow with { Ready = takes } : hollow },
            new HollowMachineOptions { MeasureCpu = false });
        World.Begin();
        World.Kubernetes.Kubelets.Interrupted += lost => _lost.Add($"{lost.Pod} of {lost.Owner} on {lost.Node}");
        World.Cloud.InstanceChanged += change =>
        {
            if (change.Event == InstanceEvent.Booted)
            {
                _booted.Add(change.Instance.Id);
            }
        };
        World.AddPool("render", new ScaleSetSpec
        {
            Size = "Standard_D4s_v5",
            Capacity = min,
            Overprovision = false,
            Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase).Add("ebb-min", $"{min}").Add("ebb-max", $"{max}"),
        });
        for (var i = 0; i < controllers; i++)
        {
            var controller = new SimulatedController(World, $"ebb-{i}", i, new Policy(), overProtocol: false, NullLoggerFactory.Instance);
            _controllers.Add(controller);
            controller.Start();
            World.Runner.Run(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>The cloud says that it failed, of an extension say, and it boots and joins for all that.</summary>
    private Instance UntilOneJoinsThatFailed()
    {
        World.Cloud.Faults.Add(new Fault { Kind = FaultKind.FailedInstance, Code = "VMExtensionProvisioningError", Count = 1 });
        Instance? failed;
        while ((failed = Machines.FirstOrDefault(machine => machine.Provisioning == ProvisioningState.Failed)) is null)
        {
            World.Runner.Run(TimeSpan.FromSeconds(1));
        }

        var set = World.Cloud.Find(World.Group, "render")!;
        World.Machines.StartKubelet(new BootedMachine(failed, set, MachineShape.Of(failed, set, World.Cloud.Options, World.Kubernetes.Kubelets.Options)));
        return failed;
    }

    private void Run(int minutes) => World.Runner.Run(TimeSpan.FromMinutes(minutes));

    /// <summary>Work of ten hours that fits on a machine once.</summary>
    private void Submit(string name, int pods, Needs? needs = null) =>
        World.Kubernetes.Store.Create(Kinds.Job, Workloads.Job(name, pods, pods, needs ?? new Needs { CpuMilli = 2500 }, TimeSpan.FromHours(10)));

    /// <summary>Its kernel hangs: nothing of it runs any more, and the cloud sees nothing of that.</summary>
    private void Silence(Instance machine) => World.Kubernetes.Kubelets.Kill(World.NodeName(machine));

    /// <summary>Its node says that it is not ready, for want of a network say, while what it runs goes on.</summary>
    private void CutOff(Instance machine, bool cut)
    {
        var node = World.Kubernetes.Store.Get(Kinds.Node, "", World.NodeName(machine))!;
        World.Kubernetes.Store.Update(node, json =>
        {
            foreach (var condition in (JsonArray)json["status"]!["conditions"]!)
            {
                if ((string?)condition!["type"] == "Ready")
                {
                    condition["status"] = cut ? "False" : "True";
                }
            }
        });
    }

    private HashSet<string> Busy() => [.. World.Kubernetes.Store.List(Kinds.Pod)
        .Where(pod => (string?)pod.Json["status"]?["phase"] == "Running" && !pod.Deleting)
        .Select(pod => (string?)pod.Json["spec"]?["nodeName"])
        .OfType<string>()];

    private string Reason(Instance machine) =>
        (string?)World.Kubernetes.Store.Get(Kinds.Node, "", World.NodeName(machine))?.Metadata["annotations"]?[Marks.Reason] ?? "";
}
