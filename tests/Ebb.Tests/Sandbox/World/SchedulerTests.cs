using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class SchedulerTests : IDisposable
{
    private readonly WorldUnderTest _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_pod_that_fits_nowhere_learns_why_in_the_schedulers_words()
    {
        _world.Nodes(5, node => node.Name is "node-0" or "node-1" ? node : node with { CpuMilli = 8000 });
        for (var i = 2; i < 5; i++)
        {
            _world.Store.Update(_world.Store.Get(Kinds.Node, "", $"node-{i}")!, node => node["spec"]!["unschedulable"] = true);
        }

        _world.Pass(1);
        _world.Pod("big", WorldUnderTest.Runs("sleep 1", cpu: "4"));
        _world.Pass(1);

        var condition = _world.Get(Kinds.Pod, "big")!.Json.Condition("PodScheduled");
        Assert.Equal(("False", "Unschedulable"), (condition.Text("status"), condition.Text("reason")));
        Assert.Equal(
            "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were unschedulable. preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.",
            condition.Text("message"));
        var told = _world.Store.List(Kinds.Event).Single(e => e.Json.Text("reason") == "FailedScheduling");
        Assert.Equal("Warning", told.Json.Text("type"));
    }

    [Fact]
    public void Without_nodes_a_pod_waits_and_is_placed_when_one_comes()
    {
        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000"));
        _world.Pass(5);
        var message = _world.Get(Kinds.Pod, "frame")!.Json.Condition("PodScheduled").Text("message");

        _world.Nodes(1);
        _world.Pass(20);

        Assert.Equal("no nodes available to schedule pods", message);
        Assert.Equal("Running", _world.PodNamed("frame")!.Phase);
    }

    [Fact]
    public void A_waiting_pod_is_placed_when_another_finishes()
    {
        _world.Nodes(1, node => node with { CpuMilli = 1000 });
        _world.Pod("first", WorldUnderTest.Runs("sleep 60", cpu: "1") + ",\"restartPolicy\":\"Never\"");
        _world.Pass(1);
        _world.Pod("second", WorldUnderTest.Runs("sleep 60", cpu: "1"));
        _world.Pass(30);
        var before = _world.PodNamed("second")!.NodeName;

        _world.Pass(60);

        Assert.Equal("", before);
        Assert.Equal("node-0", _world.PodNamed("second")!.NodeName);
    }

    [Fact]
    public void Pods_of_a_job_are_spread_over_the_emptiest_nodes()
    {
        _world.Nodes(4);
        _world.Job("frames", "\"completions\":8,\"parallelism\":8", WorldUnderTest.Runs("sleep 1000", cpu: "400m"));

        _world.Pass(10);

        Assert.All(_world.Pods().CountBy(pod => pod.NodeName), node => Assert.Equal(2, node.Value));
    }

    [Fact]
    public void A_gated_pod_is_left_alone_until_its_gates_are_gone()
    {
        _world.Nodes(1);
        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000") + ",\"schedulingGates\":[{\"name\":\"example.com/wait\"}]");
        _world.Pass(5);
        var reason = _world.Get(Kinds.Pod, "frame")!.Json.Condition("PodScheduled").Text("reason");

        _world.Edit(Kinds.Pod, "frame", pod => pod["spec"]!.AsObject().Remove("schedulingGates"));
        _world.Pass(5);

        Assert.Equal("SchedulingGated", reason);
        Assert.Equal("node-0", _world.PodNamed("frame")!.NodeName);
    }

    [Fact]
    public void A_pod_for_another_scheduler_is_left_alone()
    {
        _world.Nodes(1);
        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000") + ",\"schedulerName\":\"mine\"");

        _world.Pass(10);

        Assert.Equal("", _world.PodNamed("frame")!.NodeName);
    }

    [Fact]
    public void A_more_important_pod_takes_the_place_of_a_lesser_one()
    {
        _world.Nodes(2, node => node with { CpuMilli = 1000 });
        _world.Create(Kinds.PriorityClass, """{"metadata":{"name":"low"},"value":1}""");
        _world.Create(Kinds.PriorityClass, """{"metadata":{"name":"high"},"value":100}""");
        _world.Pod("lesser", WorldUnderTest.Runs("sleep 1000", cpu: "1") + ",\"priorityClassName\":\"low\"");
        _world.Pod("least", WorldUnderTest.Runs("sleep 1000", cpu: "1"));
        _world.Pass(10);
        var place = _world.PodNamed("least")!.NodeName;

        _world.Pod("more", WorldUnderTest.Runs("sleep 1000", cpu: "1") + ",\"priorityClassName\":\"high\"");
        _world.Pass(30);

        Assert.Equal(place, _world.PodNamed("more")!.NodeName);
        Assert.Null(_world.PodNamed("least"));
        Assert.Equal(("least", InterruptionCause.Preemption), (_world.Interruptions[0].Pod, _world.Interruptions[0].Cause));
    }

    [Fact]
    public void Of_pods_equally_important_the_one_that_runs_the_longest_is_spared_whichever_was_created_first()
    {
        _world.Nodes(1, node => node with { CpuMilli = 1000 });
        _world.Create(Kinds.PriorityClass, """{"metadata":{"name":"high"},"value":100}""");
        foreach (var name in new[] { "created-first", "created-last" })
        {
            _world.Pod(name, WorldUnderTest.Runs("sleep 1000", cpu: "500m"));
            _world.Pass(10);
        }

        _world.Edit(Kinds.Pod, "created-last", pod => pod["status"]!["startTime"] = "2020-01-01T00:00:00Z");
        _world.Pod("more", WorldUnderTest.Runs("sleep 1000", cpu: "500m") + ",\"priorityClassName\":\"high\"");
        _world.Pass(60);

        Assert.Equal("created-first", Assert.Single(_world.Interruptions).Pod);
    }

    [Theory]
    [InlineData("In", "[\"fast\"]", "node-0")]
    [InlineData("NotIn", "[\"fast\"]", "node-1")]
    [InlineData("Exists", "[]", "node-0")]
    [InlineData("DoesNotExist", "[]", "node-1")]
    public void Node_affinity_is_heeded(string op, string values, string expected)
    {
        TwoNodes(("disk", "fast"));

        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000")
            + ",\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{\"matchExpressions\":"
            + "[{\"key\":\"disk\",\"operator\":\"" + op + "\",\"values\":" + values + "}]}]}}}");
        _world.Pass(5);

        Assert.Equal(expected, _world.PodNamed("frame")!.NodeName);
    }

    [Theory]
    [InlineData("Gt", "node-0")]
    [InlineData("Lt", "node-1")]
    public void Node_affinity_compares_numbers(string op, string expected)
    {
        _world.Nodes(2, node => node with
        {
            Labels = node.Labels.Add("cards", node.Name == "node-0" ? "8" : "2"),
        });

        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000")
            + ",\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{\"matchExpressions\":"
            + "[{\"key\":\"cards\",\"operator\":\"" + op + "\",\"values\":[\"4\"]}]}]}}}");
        _world.Pass(5);

        Assert.Equal(expected, _world.PodNamed("frame")!.NodeName);
    }

    [Fact]
    public void A_node_can_be_chosen_by_its_name_field()
    {
        _world.Nodes(3);

        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000")
            + ",\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{\"matchFields\":"
            + "[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"node-2\"]}]}]}}}");
        _world.Pass(5);

        Assert.Equal("node-2", _world.PodNamed("frame")!.NodeName);
    }

    [Fact]
    public void A_preferred_node_wins_while_it_fits()
    {
        TwoNodes(("disk", "fast"));

        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000")
            + ",\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":100,\"preference\":{\"matchExpressions\":"
            + "[{\"key\":\"disk\",\"operator\":\"In\",\"values\":[\"fast\"]}]}}]}}");
        _world.Pass(5);

        Assert.Equal("node-0", _world.PodNamed("frame")!.NodeName);
    }

    [Fact]
    public void Extended_resources_are_counted()
    {
        _world.Nodes(2, node => node.Name == "node-1" ? node with { Extended = node.Extended.Add("nvidia.com/gpu", 1) } : node);
        const string Gpu = "\"containers\":[{\"name\":\"main\",\"image\":\"x\",\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"1\"}}}]";

        _world.Pod("one", Gpu);
        _world.Pod("two", Gpu);
        _world.Pass(5);

        Assert.Equal("node-1", _world.PodNamed("one")!.NodeName);
        Assert.StartsWith("0/2 nodes are available: 2 Insufficient nvidia.com/gpu.", Message("two"), StringComparison.Ordinal);
    }

    [Fact]
    public void Host_ports_are_taken_once_per_node()
    {
        _world.Nodes(2);
        const string Port = "\"containers\":[{\"name\":\"main\",\"image\":\"x\",\"ports\":[{\"containerPort\":80,\"hostPort\":80}]}]";

        _world.Pod("one", Port);
        _world.Pod("two", Port);
        _world.Pod("three", Port);
        _world.Pass(5);

        Assert.Equal(["node-0", "node-1"], new[] { "one", "two" }.Select(name => _world.PodNamed(name)!.NodeName).Order());
        Assert.StartsWith(
            "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.", Message("three"), StringComparison.Ordinal);
    }

    private static string Spread(string key, string extra) => WorldUnderTest.Runs("sleep 1000", cpu: "10m")
        + ",\"topologySpreadConstraints\":[{\"topologyKey\":\"" + key + "\",\"maxSkew\":1,\"whenUnsatisfiable\":\"DoNotSchedule\","
        + "\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}" + extra + "}]";

    private string Message(string pod) => _world.Get(Kinds.Pod, pod)!.Json.Condition("PodScheduled").Text("message") ?? "";

    private void TwoNodes((string Key, string Value) label) => _world.Nodes(2, node => node.Name == "node-0"
        ? node with { Labels = node.Labels.Add(label.Key, label.Value) }
        : node);
}
