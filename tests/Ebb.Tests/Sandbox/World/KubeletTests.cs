using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class KubeletTests : IDisposable
{
    private readonly WorldUnderTest _world = new(new KubernetesOptions
    {
        Hollow = new HollowOptions { Notice = new(TimeSpan.Zero, TimeSpan.Zero), Start = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)) },
    });

    public KubeletTests() => _world.Nodes(1);

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_pod_passes_through_creation_running_and_success()
    {
        var phases = new List<string>();
        _world.Store.Subscribe(change =>
        {
            if (change.Object.Kind == Kinds.Pod)
            {
                var waiting = change.Object.Json["status"].Objects("containerStatuses").FirstOrDefault().At("state", "waiting").Text("reason");
                phases.Add(PodView.Of(change.Object).Phase + (waiting is null ? "" : "/" + waiting));
            }
        });

        _world.Pod("frame", WorldUnderTest.Runs("echo hello; sleep 30; echo bye") + ",\"restartPolicy\":\"Never\"");
        _world.Pass(20);
        var running = _world.PodNamed("frame")!;
        var log = _world.World.Kubelets.Log(_world.Get(Kinds.Pod, "frame")!, "main", previous: false)!;
        _world.Pass(20);

        Assert.Equal(["Pending", "Pending", "Pending/ContainerCreating", "Running", "Succeeded"], phases);
        Assert.True(running.Ready);
        Assert.Equal("hello", Assert.Single(log).Text);
        Assert.Equal(
            ["hello", "bye"],
            _world.World.Kubelets.Log(_world.Get(Kinds.Pod, "frame")!, "main", previous: false)!.Select(line => line.Text));
        var ended = _world.Get(Kinds.Pod, "frame")!.Json["status"].Objects("containerStatuses").Single().At("state", "terminated")!;
        Assert.Equal(
            TimeSpan.FromSeconds(30), ended.Time("finishedAt") - ended.Time("startedAt"));
    }

    [Fact]
    public void A_kubelet_that_is_started_by_another_release_shows_it_and_its_pods_run_on()
    {
        _world.Pod("frame", WorldUnderTest.Runs("sleep 60") + ",\"restartPolicy\":\"Never\"");
        _world.Pass(20);

        _world.World.RunRelease("node-0", "v1.34.5+k3s1");
        _world.Pass(60);

        Assert.Equal("v1.34.5+k3s1", _world.Store.Get(Kinds.Node, "", "node-0")!.Json.At("status", "nodeInfo").Text("kubeletVersion"));
        Assert.Equal("Succeeded", _world.PodNamed("frame")!.Phase);
        Assert.Empty(_world.Interruptions);
    }

    [Theory]
    [InlineData("sleep 3; exit 3", "Failed", 3)]
    [InlineData("for i in 1 2 3; do sleep 1; done", "Succeeded", 0)]
    [InlineData("for i in $(seq 1 3); do sleep 1; done; false", "Failed", 1)]
    [InlineData("X=2; sleep $((X * 2 - 1)); [ $X -eq 2 ] && exit 7", "Failed", 7)]
    [InlineData("if [ \"$FRAME\" = 12 ]; then sleep 3; else sleep 1000; fi", "Succeeded", 0)]
    [InlineData("sleep 1m", "Running", 0)]
    [InlineData("while true; do date; sleep 5; done", "Running", 0)]
    [InlineData("./render --frame 12", "Running", 0)]
    [InlineData("((((", "Running", 0)]
    public void Scripts_decide_how_long_a_pod_runs_and_how_it_ends(string script, string phase, int exitCode)
    {
        _world.Pod("frame", WorldUnderTest.Runs(script).Replace(
            "\"command\"", "\"env\":[{\"name\":\"FRAME\",\"value\":\"12\"}],\"command\"", StringComparison.Ordinal) + ",\"restartPolicy\":\"Never\"");

        _world.Pass(6);

        Assert.Equal(phase, _world.PodNamed("frame")!.Phase);
        var state = _world.Get(Kinds.Pod, "frame")!.Json["status"].Objects("containerStatuses").Single().At("state");
        Assert.Equal(exitCode, state.Number("terminated", "exitCode") ?? 0);
    }

    [Theory]
    [InlineData("\"command\":[\"sleep\",\"3\"]", "Succeeded")]
    [InlineData("\"args\":[\"sleep\",\"3\"]", "Succeeded")]
    [InlineData("\"command\":[\"/bin/sleep\"],\"args\":[\"2\"]", "Succeeded")]
    [InlineData("\"command\":[\"sleep\",\"soon\"]", "Failed")]
    [InlineData("\"image\":\"nginx\"", "Running")]
    public void Commands_without_a_shell_are_understood_too(string container, string phase)
    {
        _world.Pod("frame", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"main\"," + container + "}]");

        _world.Pass(6);

        Assert.Equal(phase, _world.PodNamed("frame")!.Phase);
    }

    [Fact]
    public void Annotations_decide_over_the_command()
    {
        _world.Pod(
            "frame",
            "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"main\",\"image\":\"blender\"}]",
            "\"annotations\":{\"sandbox.ebb.dev/duration\":\"90s\",\"sandbox.ebb.dev/exit-code\":\"2\"}");

        _world.Pass(80);
        var early = _world.PodNamed("frame")!.Phase;
        _world.Pass(15);

        Assert.Equal(("Running", "Failed"), (early, _world.PodNamed("frame")!.Phase));
    }

    [Fact]
    public void Init_containers_run_first_and_in_order()
    {
        _world.Pod("frame", "\"initContainers\":["
            + "{\"name\":\"one\",\"image\":\"x\",\"command\":[\"sleep\",\"10\"]},{\"name\":\"two\",\"image\":\"x\",\"command\":[\"sleep\",\"10\"]}],"
            + WorldUnderTest.Runs("sleep 1000"));

        _world.Pass(15);
        var inits = _world.Get(Kinds.Pod, "frame")!.Json["status"].Objects("initContainerStatuses").ToList();
        _world.Pass(10);

        Assert.NotNull(inits[0].At("state", "terminated"));
        Assert.NotNull(inits[1].At("state", "running"));
        Assert.Equal("Running", _world.PodNamed("frame")!.Phase);
    }

    [Fact]
    public void A_container_that_crashes_is_restarted_more_and_more_slowly()
    {
        _world.Pod("web", WorldUnderTest.Runs("sleep 1; exit 1"));

        _world.Pass(5);
        var early = _world.Get(Kinds.Pod, "web")!.Json["status"].Objects("containerStatuses").Single();
        _world.Pass(40);

        Assert.Equal((1, "CrashLoopBackOff"), ((int)early.Number("restartCount")!, early.At("state", "waiting").Text("reason")));
        Assert.Equal(1, early.At("lastState").Number("terminated", "exitCode"));
        Assert.Equal(3, _world.Get(Kinds.Pod, "web")!.Json["status"].Objects("containerStatuses").Single().Number("restartCount"));
    }

    [Fact]
    public void A_pod_past_its_deadline_fails()
    {
        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000") + ",\"activeDeadlineSeconds\":20,\"restartPolicy\":\"Never\"");

        _world.Pass(25);

        Assert.Equal("Failed", _world.PodNamed("frame")!.Phase);
        Assert.Equal("DeadlineExceeded", _world.Get(Kinds.Pod, "frame")!.Json["status"].Text("reason"));
        Assert.Empty(_world.Interruptions);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("\"annotations\":{\"sandbox.ebb.dev/stop\":\"12s\"}", 12)]
    [InlineData("\"annotations\":{\"sandbox.ebb.dev/stop\":\"10m\"}", 30)]
    public void A_deleted_pod_ends_within_its_grace_period(string metadata, int seconds)
    {
        _world.Pod("frame", WorldUnderTest.Runs("sleep 1000"), metadata);
        _world.Pass(10);

        _world.Delete(Kinds.Pod, "frame");
        _world.Pass(seconds - 0.5);
        var before = _world.PodNamed("frame");
        _world.Pass(1);

        Assert.True(before!.Terminating);
        Assert.Null(_world.PodNamed("frame"));
        var interruption = Assert.Single(_world.Interruptions);
        Assert.Equal(("frame", InterruptionCause.Deletion), (interruption.Pod, interruption.Cause));
    }

    [Fact]
    public void A_pod_that_finishes_while_it_is_stopped_was_not_interrupted()
    {
        _world.Pod("frame", WorldUnderTest.Runs("sleep 20") + ",\"restartPolicy\":\"Never\"", "\"annotations\":{\"sandbox.ebb.dev/stop\":\"25s\"}");
        _world.Pass(10);

        _world.Delete(Kinds.Pod, "frame");
        _world.Pass(20);

        Assert.Null(_world.PodNamed("frame"));
        Assert.Empty(_world.Interruptions);
    }

    [Fact]
    public void A_pod_bound_to_a_node_without_room_is_refused()
    {
        _world.Pod("big", WorldUnderTest.Runs("sleep 1000", cpu: "64") + ",\"nodeName\":\"node-0\"");
        _world.Pod("picky", WorldUnderTest.Runs("sleep 1000") + ",\"nodeName\":\"node-0\",\"nodeSelector\":{\"disk\":\"fast\"}");

        _world.Pass(5);

        Assert.Equal(("Failed", "OutOfcpu"), (_world.PodNamed("big")!.Phase, _world.Get(Kinds.Pod, "big")!.Json["status"].Text("reason")));
        Assert.Equal(("Failed", "NodeAffinity"), (_world.PodNamed("picky")!.Phase, _world.Get(Kinds.Pod, "picky")!.Json["status"].Text("reason")));
    }

    [Fact]
    public void After_a_restart_of_its_machine_a_pod_runs_again()
    {
        _world.Pod("web", WorldUnderTest.Runs("sleep 100000"));
        _world.Pod("frame", WorldUnderTest.Runs("sleep 100000") + ",\"restartPolicy\":\"Never\"");
        _world.Pass(10);

        _world.Node(new HollowNode { Name = "node-0" });
        _world.Pass(10);

        Assert.Equal("Running", _world.PodNamed("web")!.Phase);
        Assert.Equal(1, _world.Get(Kinds.Pod, "web")!.Json["status"].Objects("containerStatuses").Single().Number("restartCount"));
        Assert.Equal("Failed", _world.PodNamed("frame")!.Phase);
        Assert.Equal(["frame", "web"], _world.Interruptions.Select(i => i.Pod).Order());
    }

    [Fact]
    public void A_nodes_load_is_what_its_running_pods_request()
    {
        _world.Pod("one", WorldUnderTest.Runs("sleep 30", cpu: "500m") + ",\"restartPolicy\":\"Never\"");
        _world.Pod("two", WorldUnderTest.Runs("sleep 1000", cpu: "250m"));
        _world.Pass(10);
        var both = _world.World.Kubelets.Find("node-0")!.CpuMilli;

        _world.Pass(30);

        Assert.Equal((750, 250), (both, _world.World.Kubelets.Find("node-0")!.CpuMilli));
    }
}
