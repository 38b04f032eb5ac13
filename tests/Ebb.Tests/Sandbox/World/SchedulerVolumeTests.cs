using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class SchedulerVolumeTests : IDisposable
{
    private readonly WorldUnderTest _world = new();

    public void Dispose() => _world.Dispose();

    private string Message(string pod) => _world.Get(Kinds.Pod, pod)!.Json.Condition("PodScheduled").Text("message") ?? "";

    private void TwoNodes((string Key, string Value) label) => _world.Nodes(2, node => node.Name == "node-0"
        ? node with { Labels = node.Labels.Add(label.Key, label.Value) }
        : node);

    [Fact]
    public void A_volume_binds_its_pod_to_its_zone()
    {
        _world.Nodes(2, node => node with { Zone = node.Name == "node-0" ? "z-1" : "z-2" });
        _world.Create(Kinds.StorageClass, """
            {"metadata":{"name":"disk"},"provisioner":"x","volumeBindingMode":"WaitForFirstConsumer",
             "allowedTopologies":[{"matchLabelExpressions":[{"key":"topology.kubernetes.io/zone","values":["z-2"]}]}]}
            """);
        _world.Create(Kinds.PersistentVolumeClaim, """
            {"metadata":{"name":"data"},"spec":{"storageClassName":"disk","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
            """);
        _world.Pass(1);
        var before = _world.Get(Kinds.PersistentVolumeClaim, "data")!.Json["spec"].Text("volumeName");

        _world.Pod("db", WorldUnderTest.Runs("sleep 1000") + ",\"volumes\":[{\"name\":\"d\",\"persistentVolumeClaim\":{\"claimName\":\"data\"}}]");
        _world.Pass(5);
        _world.Store.Update(_world.Store.Get(Kinds.Node, "", "node-1")!, node => node["spec"]!["unschedulable"] = true);
        _world.Pod("again", WorldUnderTest.Runs("sleep 1000") + ",\"volumes\":[{\"name\":\"d\",\"persistentVolumeClaim\":{\"claimName\":\"data\"}}]");
        _world.Pass(5);

        Assert.Null(before);
        Assert.Equal("node-1", _world.PodNamed("db")!.NodeName);
        Assert.StartsWith(
            "0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable.",
            Message("again"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_without_its_claim_waits_for_it()
    {
        _world.Nodes(1);
        _world.Pod("db", WorldUnderTest.Runs("sleep 1000") + ",\"volumes\":[{\"name\":\"d\",\"persistentVolumeClaim\":{\"claimName\":\"data\"}}]");
        _world.Pass(5);
        var message = Message("db");

        _world.Create(Kinds.PersistentVolumeClaim, """{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""");
        _world.Pass(20);

        Assert.StartsWith("0/1 nodes are available: persistentvolumeclaim \"data\" not found.", message, StringComparison.Ordinal);
        Assert.Equal("node-0", _world.PodNamed("db")!.NodeName);
    }

    [Fact]
    public void That_all_claims_exist_is_looked_at_before_whether_they_are_bound()
    {
        _world.Nodes(1);
        _world.Create(Kinds.PersistentVolumeClaim, """{"metadata":{"name":"data"},"spec":{"storageClassName":"","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""");

        _world.Pod("db", WorldUnderTest.Runs("sleep 1000")
            + ",\"volumes\":[{\"name\":\"d\",\"persistentVolumeClaim\":{\"claimName\":\"data\"}},{\"name\":\"e\",\"persistentVolumeClaim\":{\"claimName\":\"other\"}}]");
        _world.Pass(5);

        Assert.StartsWith("0/1 nodes are available: persistentvolumeclaim \"other\" not found.", Message("db"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_claim_to_a_local_disk_draws_its_pod_to_where_one_is_free()
    {
        _world.Nodes(3);
        _world.Create(Kinds.StorageClass, """{"metadata":{"name":"local"},"provisioner":"kubernetes.io/no-provisioner","volumeBindingMode":"WaitForFirstConsumer"}""");
        _world.Create(Kinds.PersistentVolume, """
            {"metadata":{"name":"disk"},
             "spec":{"capacity":{"storage":"2Gi"},"accessModes":["ReadWriteOnce"],"storageClassName":"local",
                     "nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["node-1"]}]}]}}}}
            """);
        foreach (var name in new[] { "first", "second" })
        {
            _world.Create(Kinds.PersistentVolumeClaim, $$$"""
                {"metadata":{"name":"{{{name}}}"},
                 "spec":{"storageClassName":"local","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }
                """);
            _world.Pod(name, WorldUnderTest.Runs("sleep 1000") + ",\"volumes\":[{\"name\":\"d\",\"persistentVolumeClaim\":{\"claimName\":\"" + name + "\"}}]");
            _world.Pass(5);
        }

        Assert.Equal("node-1", _world.PodNamed("first")!.NodeName);
        Assert.Equal("disk", _world.Get(Kinds.PersistentVolumeClaim, "first")!.Json["spec"].Text("volumeName"));
        Assert.StartsWith("0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.", Message("second"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_claim_that_is_to_be_bound_at_once_comes_before_a_volume_that_is_gone()
    {
        _world.Nodes(1);
        _world.Create(Kinds.PersistentVolumeClaim, """
            {"metadata":{"name":"lost","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"status":{"phase":"Bound"},
             "spec":{"volumeName":"gone","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
            """);
        _world.Create(Kinds.StorageClass, """{"metadata":{"name":"none"},"provisioner":"kubernetes.io/no-provisioner","volumeBindingMode":"Immediate"}""");
        _world.Create(Kinds.PersistentVolumeClaim, """
            {"metadata":{"name":"unbound"},"spec":{"storageClassName":"none","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
            """);

        _world.Pod("db", WorldUnderTest.Runs("sleep 1000")
            + ",\"volumes\":[{\"name\":\"d\",\"persistentVolumeClaim\":{\"claimName\":\"lost\"}},{\"name\":\"e\",\"persistentVolumeClaim\":{\"claimName\":\"unbound\"}}]");
        _world.Pass(5);

        Assert.StartsWith("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", Message("db"), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_node_says_its_zone_a_volumes_zone_does_not_matter()
    {
        _world.Nodes(1, node => node with { Zone = "" });
        _world.Create(Kinds.PersistentVolume, """
            {"metadata":{"name":"pv","labels":{"topology.kubernetes.io/zone":"z-1"}},
             "spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"claimRef":{"namespace":"default","name":"data"}}}
            """);
        _world.Create(Kinds.PersistentVolumeClaim, """
            {"metadata":{"name":"data","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},
             "spec":{"volumeName":"pv","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
            """);

        _world.Pod("db", WorldUnderTest.Runs("sleep 1000") + ",\"volumes\":[{\"name\":\"d\",\"persistentVolumeClaim\":{\"claimName\":\"data\"}}]");
        _world.Pass(5);

        Assert.Equal("node-0", _world.PodNamed("db")!.NodeName);
    }
}
