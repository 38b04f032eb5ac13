using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class NodeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_whose_kubelet_is_silent_becomes_unknown_and_its_pods_are_evicted_after_their_time(bool leases)
    {
        using var world = new WorldUnderTest(new KubernetesOptions
        {
            Hollow = leases ? new HollowOptions() : new HollowOptions { LeaseEvery = null },
        });
        world.Nodes(1);
        world.Pod("frame", WorldUnderTest.Runs("sleep 100000") + Tolerations(300));
        world.Pass(10);

        world.World.Kubelets.Kill("node-0");
        world.Pass(25);
        var early = world.NodeNamed("node-0").Ready;
        world.Pass(25);
        var late = world.NodeNamed("node-0");
        var during = world.PodNamed("frame")!;
        world.Pass(310);

        Assert.Equal("True", early);
        Assert.Equal("Unknown", late.Ready);
        Assert.Contains(late.Taints, t => t is { Key: Taint.Unreachable, Effect: Taint.NoExecute });
        Assert.Contains(late.Taints, t => t is { Key: Taint.Unreachable, Effect: Taint.NoSchedule });
        Assert.False(during.Terminating);
        Assert.False(during.Ready);
        Assert.True(world.PodNamed("frame")!.Terminating);
        Assert.Equal("DeletionByTaintManager", world.Get(Kinds.Pod, "frame")!.Json.Condition("DisruptionTarget").Text("reason"));
        Assert.Equal(InterruptionCause.MachineGone, Assert.Single(world.Interruptions).Cause);
    }

    [Fact]
    public void Pods_of_a_node_that_is_deleted_go_after_a_while()
    {
        using var world = new WorldUnderTest();
        world.Nodes(1);
        world.Pod("frame", WorldUnderTest.Runs("sleep 100000"));
        world.Pass(10);

        world.World.Kubelets.Kill("node-0");
        world.Store.Delete(Kinds.Node, "", "node-0", DeleteOptions.Default);
        world.Pass(30);
        var early = world.PodNamed("frame");
        world.Pass(20);

        Assert.NotNull(early);
        Assert.Null(world.PodNamed("frame"));
    }

    [Fact]
    public void A_noexecute_taint_evicts_what_does_not_tolerate_it()
    {
        using var world = new WorldUnderTest();
        world.Nodes(1);
        world.Pod("leaves", WorldUnderTest.Runs("sleep 100000"));
        world.Pod("stays", WorldUnderTest.Runs("sleep 100000") + ",\"tolerations\":[{\"operator\":\"Exists\"}]");
        world.Pass(10);

        world.Store.Update(world.Store.Get(Kinds.Node, "", "node-0")!, node =>
            node["spec"]!["taints"] = new System.Text.Json.Nodes.JsonArray(new Taint("maintenance", "", Taint.NoExecute).ToJson()));
        world.Pass(10);

        Assert.Equal("stays", Assert.Single(world.Pods()).Name);
        Assert.Equal(("leaves", InterruptionCause.Taint), (world.Interruptions[0].Pod, world.Interruptions[0].Cause));
    }

    [Fact]
    public void A_cordoned_node_carries_the_taint_and_loses_it_again()
    {
        using var world = new WorldUnderTest();
        world.Nodes(1);

        world.Store.Update(world.Store.Get(Kinds.Node, "", "node-0")!, node => node["spec"]!["unschedulable"] = true);
        world.Pass(1);
        var cordoned = world.NodeNamed("node-0").Taints;
        world.Store.Update(world.Store.Get(Kinds.Node, "", "node-0")!, node => node["spec"]!.AsObject().Remove("unschedulable"));
        world.Pass(1);

        Assert.Equal((Taint.Unschedulable, Taint.NoSchedule), Assert.Single(cordoned.Select(t => (t.Key, t.Effect))));
        Assert.Empty(world.NodeNamed("node-0").Taints);
    }

    [Fact]
    public void A_node_is_tainted_until_it_is_ready()
    {
        using var world = new WorldUnderTest(new KubernetesOptions
        {
            Hollow = new HollowOptions { Register = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)), Ready = new(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(9)) },
        });
        world.World.Kubelets.Start(new HollowNode { Name = "node-0" });
        world.Pass(5);
        var early = world.NodeNamed("node-0");
        world.Pass(10);

        Assert.Equal("False", early.Ready);
        Assert.Contains(early.Taints, t => t is { Key: Taint.NotReady, Effect: Taint.NoSchedule });
        Assert.Equal("True", world.NodeNamed("node-0").Ready);
        Assert.Empty(world.NodeNamed("node-0").Taints);
    }

    private static string Tolerations(int seconds) =>
        ",\"tolerations\":[{\"key\":\"" + Taint.Unreachable + "\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":" + seconds + "}]";
}
