using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Ebb.Sandbox.Machines;
using Ebb.Simulation;

namespace Ebb.Tests.Sandbox.World;

public sealed class SandboxWorldTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private SandboxWorld _world;

    public SandboxWorldTests() => _world = new SandboxWorld(_time, new SandboxOptions());

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Machines_of_a_scale_set_become_nodes()
    {
        Make(2, ("ebb-label_example.com_disk", "fast"), ("ebb-taint_gpu", "yes:NoSchedule"));

        Pass(120);

        var nodes = _world.Kubernetes.Store.List(Kinds.Node).ToList();
        var node = NodeView.Of(nodes[0]);
        Assert.Equal(["agents000000", "agents000001"], nodes.Select(n => n.Name));
        Assert.Equal("True", node.Ready);
        Assert.Equal(
            $"azure:///subscriptions/{_world.Cloud.Options.SubscriptionId}/resourceGroups/group/providers/Microsoft.Compute/virtualMachineScaleSets/agents/virtualMachines/0",
            nodes[0].Json["spec"].Text("providerID"));
        Assert.Equal("agents", node.Labels["ebb.dev/pool"]);
        Assert.Equal("fast", node.Labels["example.com/disk"]);
        Assert.Equal("eastus", node.Labels["topology.kubernetes.io/region"]);
        Assert.Equal("Standard_D2s_v3", node.Labels["node.kubernetes.io/instance-type"]);
        Assert.Equal(("gpu", "yes", "NoSchedule"), Assert.Single(node.Taints.Select(t => (t.Key, t.Value, t.Effect))));
        Assert.Equal(2000, node.Allocatable.CpuMilli);
    }

    [Fact]
    public void What_a_deleted_machine_ran_is_lost_and_its_node_object_stays()
    {
        var lost = new List<Interruption>();
        _world.Kubernetes.Kubelets.Interrupted += lost.Add;
        Make(1);
        Pass(120);
        _world.Kubernetes.Store.Create(Kinds.Pod, JsonNode.Parse(
            "{\"metadata\":{\"name\":\"frame\"},\"spec\":{" + WorldUnderTest.Runs("sleep 10000") + "}}")!.AsObject());
        Pass(10);

        _world.Cloud.DeleteInstances("group", "agents", ["0"], force: false);
        Pass(120);

        var interruption = Assert.Single(lost);
        Assert.Equal(("frame", InterruptionCause.MachineGone, true), (interruption.Pod, interruption.Cause, interruption.Started));
        Assert.Equal("Unknown", NodeView.Of(_world.Kubernetes.Store.Get(Kinds.Node, "", "agents000000")!).Ready);
    }

    [Fact]
    public void A_cloud_controller_deletes_the_nodes_of_machines_that_are_gone()
    {
        _world.Dispose();
        _world = new SandboxWorld(
            _time, new SandboxOptions { Machines = new HollowMachineOptions { DeleteNodesOfGoneMachines = true } });
        Make(1);
        Pass(120);

        _world.Cloud.DeleteInstances("group", "agents", ["0"], force: false);
        Pass(120);

        Assert.Empty(_world.Kubernetes.Store.List(Kinds.Node));
    }

    [Fact]
    public void A_reimaged_machine_joins_again_under_its_name()
    {
        Make(1);
        Pass(120);
        var before = _world.Kubernetes.Store.Get(Kinds.Node, "", "agents000000")!;

        _world.Cloud.Reimage("group", "agents", ["0"]);
        Pass(300);

        var after = _world.Kubernetes.Store.Get(Kinds.Node, "", "agents000000")!;
        Assert.Equal(before.Uid, after.Uid);
        Assert.Equal("True", NodeView.Of(after).Ready);
    }

    [Fact]
    public void What_a_machine_runs_when_it_boots_can_be_chosen()
    {
        var log = new List<string>();
        _world.Machines.Boot = machine =>
        {
            log.Add("boot " + machine.Instance.Name);
            return () => log.Add("cut " + machine.Instance.Name);
        };
        Make(1);
        Pass(120);

        _world.Cloud.DeleteInstances("group", "agents", ["0"], force: false);
        Pass(120);

        Assert.Equal(["boot agents_0", "cut agents_0"], log);
        Assert.Empty(_world.Kubernetes.Store.List(Kinds.Node));
    }

    [Fact]
    public void A_machine_is_as_busy_as_what_its_pods_request()
    {
        Make(1);
        Pass(120);
        _world.Kubernetes.Store.Create(Kinds.Pod, JsonNode.Parse(
            "{\"metadata\":{\"name\":\"frame\"},\"spec\":{" + WorldUnderTest.Runs("sleep 10000", cpu: "500m") + "}}")!.AsObject());
        Pass(10);

        var percent = _world.Cloud.CpuPercent!(_world.Cloud.Find("group", "agents")!.Instances[0]);

        Assert.Equal(25, percent);
    }

    private void Pass(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private void Make(int capacity, params (string Name, string Value)[] tags)
    {
        var spec = new ScaleSetSpec
        {
            Size = "Standard_D2s_v3",
            Capacity = capacity,
            Tags = tags.ToImmutableSortedDictionary(t => t.Name, t => t.Value),
        };
        Assert.True(_world.Cloud.PutResourceGroup("Group", "eastus", null).Ok);
        Assert.True(_world.Cloud.CreateOrUpdateScaleSet("Group", "agents", spec.ToModel("eastus")).Ok);
    }
}
