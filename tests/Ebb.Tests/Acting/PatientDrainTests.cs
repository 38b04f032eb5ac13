using Ebb.Acting.Draining;
using Ebb.Kubernetes.Objects;
using Ebb.Simulation;

namespace Ebb.Tests.Acting;

public class PatientDrainTests
{
    private readonly FakeCluster _cluster = new();
    private readonly Runner _runner = new(new VirtualTime());
    private readonly List<string> _told = [];

    [Fact]
    public void Pods_that_run_on_elsewhere_are_asked_to_leave_and_Jobs_are_waited_for()
    {
        _cluster.AddPod("web", "n1", "ReplicaSet");
        _cluster.AddPod("frame", "n1", "Job");
        _cluster.AddPod("logs", "n1", "DaemonSet");
        _cluster.AddPod("etcd", "n1", "Mirror");
        _cluster.AddPod("done", "n1", "Job", phase: "Succeeded");
        _cluster.AddPod("leaving", "n1", "ReplicaSet", deleted: DateTimeOffset.UnixEpoch);

        var look = DrainLook.Of(_cluster.Pods);

        Assert.Equal(["web"], look.ToEvict.Select(p => p.Metadata.Name));
        Assert.Equal(["frame", "leaving"], look.ToWaitFor.Select(p => p.Metadata.Name));
        Assert.Equal("pod default/frame and 2 more", look.Describe());
    }

    [Fact]
    public void It_ends_when_the_last_pod_has_gone()
    {
        _cluster.AddPod("web", "n1", "ReplicaSet");
        _cluster.AddPod("frame", "n1", "Job");
        _cluster.Before = call => _cluster.Pods.RemoveAll(p => call.StartsWith("evict default/web", StringComparison.Ordinal) && p.Metadata.Name == "web");
        var ended = false;
        _runner.Start(async () => ended = await RunAsync(TimeSpan.FromMinutes(10)) is null);
        _runner.Run(TimeSpan.FromMinutes(2));
        var endedBefore = ended;
        _cluster.Pods.Clear();
        _runner.Run(TimeSpan.FromMinutes(1));

        Assert.Equal((false, true), (endedBefore, ended));
        Assert.Single(_cluster.Calls, call => call.StartsWith("evict", StringComparison.Ordinal));
        Assert.Equal(["pod default/frame and 1 more", "pod default/frame"], _told);
    }

    [Fact]
    public void What_does_not_leave_in_time_is_left_and_told()
    {
        _cluster.AddPod("frame", "n1", "Job");
        var started = _runner.Time.GetUtcNow();

        var left = _runner.Complete(() => RunAsync(TimeSpan.FromMinutes(5)), TimeSpan.FromHours(1));

        Assert.Equal("pod default/frame", left!.Describe());
        Assert.InRange(_runner.Time.GetUtcNow() - started, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5.1));
    }

    [Fact]
    public void A_pod_that_stays_is_not_asked_at_every_look()
    {
        _cluster.AddPod("web", "n1", "ReplicaSet");

        _runner.Complete(() => RunAsync(TimeSpan.FromSeconds(20)), TimeSpan.FromHours(1));

        Assert.InRange(_cluster.Calls.Count(call => call.StartsWith("evict", StringComparison.Ordinal)), 4, 5);
    }

    [Fact]
    public void A_pod_that_was_being_bound_when_the_cordon_went_on_is_waited_for()
    {
        DrainLook? left = null;
        _runner.Start(async () => left = await RunAsync(TimeSpan.FromSeconds(30)));
        _runner.Run(TimeSpan.FromSeconds(1.5));
        _cluster.AddPod("late", "n1", "Job");
        _runner.Run(TimeSpan.FromMinutes(1));

        Assert.Equal("pod default/late", left?.Describe());
    }

    [Fact]
    public void A_node_that_somebody_uncordons_meanwhile_is_never_called_empty()
    {
        _cluster.Add("n1");
        _cluster.Nodes["n1"] = _cluster.Nodes["n1"] with { Spec = new V1NodeSpec { Unschedulable = true } };
        _cluster.AddPod("frame", "n1", "Job");
        DrainLook? left = null;
        _runner.Start(async () => left = await RunAsync(TimeSpan.FromMinutes(10)));
        _runner.Run(TimeSpan.FromMinutes(1));
        _cluster.Add("n1");
        _cluster.Pods.Clear();
        _runner.Run(TimeSpan.FromMinutes(1));

        Assert.True(left?.Uncordoned);
    }

    private Task<DrainLook?> RunAsync(TimeSpan within) =>
        new PatientDrain(_cluster, _runner.Time).RunAsync("n1", within, _told.Add, TestContext.Current.CancellationToken);
}
