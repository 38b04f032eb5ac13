using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class SchedulerSpreadTests : IDisposable
{
    private readonly WorldUnderTest _world = new();

    public void Dispose() => _world.Dispose();

    private static string Spread(string key, string extra) => WorldUnderTest.Runs("sleep 1000", cpu: "10m")
        + ",\"topologySpreadConstraints\":[{\"topologyKey\":\"" + key + "\",\"maxSkew\":1,\"whenUnsatisfiable\":\"DoNotSchedule\","
        + "\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}" + extra + "}]";

    private string Message(string pod) => _world.Get(Kinds.Pod, pod)!.Json.Condition("PodScheduled").Text("message") ?? "";

    private void TwoNodes((string Key, string Value) label) => _world.Nodes(2, node => node.Name == "node-0"
        ? node with { Labels = node.Labels.Add(label.Key, label.Value) }
        : node);

    [Fact]
    public void A_hard_spread_constraint_keeps_the_skew()
    {
        _world.Nodes(4, node => node with { Zone = node.Name is "node-0" ? "z-1" : "z-2" });

        for (var i = 0; i < 6; i++)
        {
            _world.Pod($"web-{i}", Spread("topology.kubernetes.io/zone", ""), "\"labels\":{\"app\":\"web\"}");
            _world.Pass(2);
        }

        Assert.Equal(3, _world.Pods().Count(pod => pod.NodeName == "node-0"));
    }

    [Fact]
    public void A_pod_that_left_or_changed_its_labels_no_longer_counts_for_the_spread()
    {
        TwoNodes(("disk", "ssd"));
        string[] names = ["a", "b", "c", "d"];
        foreach (var name in names)
        {
            _world.Pod(name, Spread("kubernetes.io/hostname", ""), "\"labels\":{\"app\":\"web\"}");
        }

        _world.Pass(5);
        foreach (var pod in names.Where(name => _world.PodNamed(name)!.NodeName == "node-0").Take(1))
        {
            _world.Delete(Kinds.Pod, pod, DeleteOptions.Now);
        }

        foreach (var pod in names.Where(name => _world.PodNamed(name)?.NodeName == "node-0"))
        {
            _world.Edit(Kinds.Pod, pod, json => json["metadata"]!["labels"]!["app"] = "other");
        }

        names = ["e", "f"];
        foreach (var name in names)
        {
            _world.Pod(name, Spread("kubernetes.io/hostname", ""), "\"labels\":{\"app\":\"web\"}");
        }

        _world.Pass(5);

        Assert.All(names, name => Assert.Equal("node-0", _world.PodNamed(name)!.NodeName));
    }

    [Fact]
    public void Fewer_domains_than_wanted_count_as_empty()
    {
        _world.Nodes(1, node => node with { Zone = "z-1" });

        _world.Pod("web-0", Spread("topology.kubernetes.io/zone", ",\"minDomains\":2"), "\"labels\":{\"app\":\"web\"}");
        _world.Pass(2);
        _world.Pod("web-1", Spread("topology.kubernetes.io/zone", ",\"minDomains\":2"), "\"labels\":{\"app\":\"web\"}");
        _world.Pass(2);

        Assert.Equal("node-0", _world.PodNamed("web-0")!.NodeName);
        Assert.StartsWith(
            "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.", Message("web-1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Tainted_nodes_count_for_the_spread_unless_it_honours_taints()
    {
        _world.Nodes(2, node => node.Name == "node-1" ? node with { Taints = ["gpu:NoSchedule"] } : node);
        const string Key = "kubernetes.io/hostname";

        _world.Pod("a-0", Spread(Key, ""), "\"labels\":{\"app\":\"web\"}");
        _world.Pass(2);
        _world.Pod("a-1", Spread(Key, ""), "\"labels\":{\"app\":\"web\"}");
        _world.Pod("b-1", Spread(Key, ",\"nodeTaintsPolicy\":\"Honor\""), "\"labels\":{\"app\":\"web\"}");
        _world.Pass(5);

        Assert.Equal("", _world.PodNamed("a-1")!.NodeName);
        Assert.Equal("node-0", _world.PodNamed("b-1")!.NodeName);
    }

    [Fact]
    public void Pods_kept_apart_land_on_different_nodes_and_keep_others_off()
    {
        _world.Nodes(2);
        const string Apart = ",\"affinity\":{\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":"
            + "[{\"topologyKey\":\"kubernetes.io/hostname\",\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}}]}}";

        _world.Pod("one", WorldUnderTest.Runs("sleep 1000") + Apart, "\"labels\":{\"app\":\"web\"}");
        _world.Pod("two", WorldUnderTest.Runs("sleep 1000") + Apart, "\"labels\":{\"app\":\"web\"}");
        _world.Pass(2);
        _world.Pod("plain", WorldUnderTest.Runs("sleep 1000"), "\"labels\":{\"app\":\"web\"}");
        _world.Pod("three", WorldUnderTest.Runs("sleep 1000") + Apart, "\"labels\":{\"app\":\"web\"}");
        _world.Pass(2);

        Assert.Equal(["node-0", "node-1"], new[] { "one", "two" }.Select(name => _world.PodNamed(name)!.NodeName).Order());
        Assert.StartsWith(
            "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.", Message("plain"), StringComparison.Ordinal);
        Assert.StartsWith(
            "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.", Message("three"), StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_that_want_to_be_together_follow_the_first_of_them()
    {
        _world.Nodes(4);
        const string Near = ",\"affinity\":{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":"
            + "[{\"topologyKey\":\"kubernetes.io/hostname\",\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}}]}}";

        for (var i = 0; i < 3; i++)
        {
            _world.Pod($"web-{i}", WorldUnderTest.Runs("sleep 1000") + Near, "\"labels\":{\"app\":\"web\"}");
        }

        _world.Pod("lonely", WorldUnderTest.Runs("sleep 1000") + Near.Replace("web", "none", StringComparison.Ordinal));
        _world.Pass(5);

        Assert.Single(_world.Pods().Where(pod => pod.Name != "lonely").Select(pod => pod.NodeName).Distinct());
        Assert.StartsWith(
            "0/4 nodes are available: 4 node(s) didn't match pod affinity rules.", Message("lonely"), StringComparison.Ordinal);
    }

    [Fact]
    public void Terms_may_speak_of_other_namespaces()
    {
        _world.Nodes(3);
        _world.Create(Kinds.Namespace, """{"metadata":{"name":"other","labels":{"team":"a"}},"spec":{"finalizers":["kubernetes"]}}""");
        var cache = JsonNode.Parse("{\"metadata\":{\"name\":\"cache\",\"namespace\":\"other\",\"labels\":{\"app\":\"cache\"}},\"spec\":{"
            + WorldUnderTest.Runs("sleep 1000") + "}}")!.AsObject();
        var placed = _world.Store.Create(Kinds.Pod, cache);
        _world.Pass(5);

        _world.Pod("web", WorldUnderTest.Runs("sleep 1000")
            + ",\"affinity\":{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"kubernetes.io/hostname\","
            + "\"namespaceSelector\":{\"matchLabels\":{\"team\":\"a\"}},\"labelSelector\":{\"matchLabels\":{\"app\":\"cache\"}}}]}}");
        _world.Pass(5);

        Assert.Equal(PodView.Of(_world.Store.Get(Kinds.Pod, "other", placed.Name)!).NodeName, _world.PodNamed("web")!.NodeName);
    }
}
