using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class JobTests : IDisposable
{
    private readonly WorldUnderTest _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_job_runs_its_pods_and_completes()
    {
        _world.Nodes(2);
        _world.Job("frames", "\"completions\":6,\"parallelism\":3", WorldUnderTest.Runs("sleep 20"));

        _world.Pass(10);
        var running = _world.Pods();
        _world.Pass(60);

        Assert.Equal(3, running.Count(pod => pod.Phase == "Running"));
        Assert.Equal("True", _world.Condition(Kinds.Job, "frames", "Complete"));
        Assert.Equal(6, _world.Pods().Count(pod => pod.Phase == "Succeeded"));
        Assert.Equal(6, _world.Get(Kinds.Job, "frames")!.Json["status"].Number("succeeded"));
        Assert.Equal(0, _world.Get(Kinds.Job, "frames")!.Json["status"].Number("active"));
    }

    [Fact]
    public void An_indexed_job_gives_each_pod_its_index()
    {
        _world.Nodes(2);
        _world.Job(
            "frames",
            "\"completions\":4,\"parallelism\":4,\"completionMode\":\"Indexed\"",
            WorldUnderTest.Runs("echo frame $JOB_COMPLETION_INDEX; sleep $((10 + JOB_COMPLETION_INDEX % 2 * 30))"));

        _world.Pass(30);
        var early = _world.Get(Kinds.Job, "frames")!.Json["status"].Text("completedIndexes");
        _world.Pass(30);

        Assert.Equal("0,2", early);
        Assert.Equal("0-3", _world.Get(Kinds.Job, "frames")!.Json["status"].Text("completedIndexes"));
        Assert.Equal("True", _world.Condition(Kinds.Job, "frames", "Complete"));
        var third = _world.Store.List(Kinds.Pod).Single(pod => pod.Name.StartsWith("frames-3-", StringComparison.Ordinal));
        Assert.Equal("frame 3", Assert.Single(_world.World.Kubelets.Log(third, "main", previous: false)!).Text);
    }

    [Fact]
    public void A_job_fails_when_its_pods_fail_too_often_and_waits_longer_each_time()
    {
        _world.Nodes(1);
        _world.Job("frames", "\"backoffLimit\":2", WorldUnderTest.Runs("sleep 1; exit 3"));

        _world.Pass(11);
        var early = _world.Pods().Count;
        _world.Pass(60);

        Assert.Equal(1, early);
        Assert.Equal("BackoffLimitExceeded", _world.Get(Kinds.Job, "frames")!.Json.Condition("Failed").Text("reason"));
        Assert.Equal(3, _world.Get(Kinds.Job, "frames")!.Json["status"].Number("failed"));
        Assert.Equal(3, _world.Pods().Count);
    }

    [Fact]
    public void A_job_past_its_deadline_fails_and_its_pods_go()
    {
        _world.Nodes(1);
        _world.Job("frames", "\"activeDeadlineSeconds\":30", WorldUnderTest.Runs("sleep 600"));

        _world.Pass(45);

        Assert.Equal("DeadlineExceeded", _world.Get(Kinds.Job, "frames")!.Json.Condition("Failed").Text("reason"));
        Assert.Empty(_world.Pods());
    }

    [Fact]
    public void A_suspended_job_has_no_pods_and_goes_on_when_resumed()
    {
        _world.Nodes(1);
        _world.Job("frames", "\"completions\":2,\"parallelism\":2", WorldUnderTest.Runs("sleep 60"));
        _world.Pass(20);

        _world.Edit(Kinds.Job, "frames", job => job["spec"]!["suspend"] = true);
        _world.Pass(20);
        var suspended = (_world.Pods().Count, _world.Condition(Kinds.Job, "frames", "Suspended"));
        _world.Edit(Kinds.Job, "frames", job => job["spec"]!["suspend"] = false);
        _world.Pass(80);

        Assert.Equal((0, "True"), suspended);
        Assert.Equal("True", _world.Condition(Kinds.Job, "frames", "Complete"));
        Assert.Equal(0, _world.Get(Kinds.Job, "frames")!.Json["status"].Number("failed"));
    }

    [Fact]
    public void A_finished_job_is_deleted_when_its_time_is_over()
    {
        _world.Nodes(1);
        _world.Job("frames", "\"ttlSecondsAfterFinished\":60", WorldUnderTest.Runs("sleep 5"));

        _world.Pass(40);
        var before = _world.Get(Kinds.Job, "frames");
        _world.Pass(40);

        Assert.NotNull(before);
        Assert.Null(_world.Get(Kinds.Job, "frames"));
    }

    [Fact]
    public void Containers_that_are_started_again_fail_a_job_once_they_reach_its_limit()
    {
        _world.Nodes(1);
        var most = 0L;
        _world.Store.Subscribe(change => most = Math.Max(most, change.Object.Kind == Kinds.Pod
            ? change.Object.Json["status"].Objects("containerStatuses").Sum(status => status.Number("restartCount") ?? 0)
            : 0));
        _world.Create(Kinds.Job, "{\"metadata\":{\"name\":\"frames\"},\"spec\":{\"backoffLimit\":2,\"template\":{\"spec\":{"
            + "\"restartPolicy\":\"OnFailure\"," + WorldUnderTest.Runs("exit 1") + "}}}}");

        _world.Pass(600);

        Assert.Equal("True", _world.Condition(Kinds.Job, "frames", "Failed"));
        Assert.Equal(2, most);
    }

    [Fact]
    public void A_pod_that_is_lost_is_replaced()
    {
        _world.Nodes(2);
        _world.Job("frames", "", WorldUnderTest.Runs("sleep 100"));
        _world.Pass(20);
        var first = Assert.Single(_world.Pods());

        _world.Delete(Kinds.Pod, first.Name);
        _world.Pass(200);

        Assert.Equal("True", _world.Condition(Kinds.Job, "frames", "Complete"));
        Assert.Equal(1, _world.Get(Kinds.Job, "frames")!.Json["status"].Number("failed"));
        Assert.NotEqual(first.Uid, Assert.Single(_world.Pods()).Uid);
        Assert.Equal(first.Uid, Assert.Single(_world.Interruptions).Uid);
    }
}
