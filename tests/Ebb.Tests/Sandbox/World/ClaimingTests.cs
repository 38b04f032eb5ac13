using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

/// <summary>Whose a pod is, and after which template it was made. Held against the real controllers in the system tests.</summary>
public sealed class ClaimingTests : IDisposable
{
    private const string Container = "\"containers\":[{\"name\":\"c\",\"image\":\"x:1\"}]";

    private readonly WorldUnderTest _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_stray_pod_that_the_selector_matches_is_adopted_instead_of_making_one()
    {
        _world.Pod("stray", Container, "\"labels\":{\"app\":\"web\"}");

        var set = Create(Kinds.ReplicaSet, 2);

        Assert.Equal(2, _world.Pods().Count);
        Assert.Equal(set.Uid, _world.PodNamed("stray")!.Owner!.Uid);
    }

    [Fact]
    public void A_stray_that_comes_later_is_one_too_many()
    {
        Create(Kinds.ReplicaSet, 1);

        _world.Pod("stray", Container, "\"labels\":{\"app\":\"web\"}");
        _world.Pass(1);

        Assert.Single(_world.Pods());
    }

    [Fact]
    public void A_pod_that_loses_its_label_is_let_go_and_replaced()
    {
        Create(Kinds.ReplicaSet, 1);
        var pod = _world.Pods().Single().Name;

        _world.Edit(Kinds.Pod, pod, json => json["metadata"]!["labels"]!["app"] = "other");
        _world.Pass(1);

        Assert.Null(_world.PodNamed(pod)!.Owner);
        Assert.Equal(2, _world.Pods().Count);
    }

    [Fact]
    public void Below_its_partition_a_stateful_set_makes_pods_after_the_revision_before()
    {
        _world.Nodes(1);
        Create(Kinds.StatefulSet, 2);
        _world.Pass(20);

        _world.Edit(Kinds.StatefulSet, "web", json =>
        {
            json["spec"]!["updateStrategy"] = new JsonObject { ["rollingUpdate"] = new JsonObject { ["partition"] = 1 } };
            json["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { ["v"] = "2" };
        });
        _world.Pass(60);
        _world.Delete(Kinds.Pod, "web-0");
        _world.Pass(60);

        Assert.Equal((null, "2"), (Version("web-0"), Version("web-1")));
        Assert.Equal(2, _world.Store.List(Kinds.ControllerRevision).Count());
    }

    [Theory]
    [InlineData("StatefulSet")]
    [InlineData("DaemonSet")]
    public void Going_back_to_an_earlier_template_makes_its_revision_the_newest(string kind)
    {
        var set = kind == "DaemonSet" ? Kinds.DaemonSet : Kinds.StatefulSet;
        Create(set, 1);

        foreach (var version in new[] { "2", null })
        {
            _world.Edit(set, "web", json => json["spec"]!["template"]!["metadata"]!["annotations"] =
                version is null ? null : new JsonObject { ["v"] = version });
            _world.Pass(1);
        }

        Assert.Equal([2, 3], _world.Store.List(Kinds.ControllerRevision).Select(revision => revision.Json.Number("revision")!.Value).Order());
    }

    private string? Version(string pod) => _world.Get(Kinds.Pod, pod)!.Metadata.At("annotations").Text("v");

    private KubeObject Create(Kind kind, int replicas)
    {
        var created = _world.Create(
            kind,
            "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":" + replicas + ",\"selector\":{\"matchLabels\":{\"app\":\"web\"}},"
            + "\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{" + Container + "}}}}");
        _world.Pass(1);
        return created;
    }
}
