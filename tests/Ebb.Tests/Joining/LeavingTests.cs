using System.Net;
using System.Text;
using Ebb.Acting;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Tests.Joining;

/// <summary>Machines that leave, and what the cloud announces about them.</summary>
public sealed class LeavingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_is_told_to_go_by_value_and_the_node_goes_with_a_machine_that_is_taken_back()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await lab.AddPodAsync("frame", machine, "Job", grace: 1);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);
        await lab.AddPodAsync("log", machine, "DaemonSet", grace: 1);

        using var response = await lab.LeaveAsync(machine, NoticeKinds.Preempt, seconds: 5);

        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit + lab.Loggers.Text);
        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
        Assert.Equal(("agents000001", 2, true, false), (answer.Node, answer.Evicted, answer.Deleted, answer.CalledOff));
        Assert.Null(await lab.NodeAsync(machine));
        Assert.Null((await lab.PodAsync("log"))?.Metadata.DeletionTimestamp);
    }

    [Theory]
    [InlineData(LeaveReasons.Reboot, 300)]
    [InlineData(NoticeKinds.Reboot, 4)]
    public async Task A_machine_that_boots_keeps_its_node_and_the_pods_that_nothing_else_would_start(string reason, int seconds)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await lab.AddPodAsync("alone", machine, owner: null, grace: 1);

        // Its own wish waits for no pod that stays: the machine stops when it has its answer.
        using var response = await lab.LeaveAsync(machine, reason, seconds).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Ct);

        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
        Assert.Equal((0, 1, false), (answer.Evicted, answer.Left, answer.Deleted));
        var node = (await lab.NodeAsync(machine))!;
        Assert.Contains(node.Spec.Taints!, taint => taint is { Key: Marks.Leaving, Effect: "NoSchedule" });
        Assert.True(node.Metadata.Annotations!.ContainsKey(Marks.Left));
        Assert.Null((await lab.PodAsync("alone"))!.Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task A_boot_of_the_cloud_s_has_its_consent_once_the_pods_that_nothing_else_would_start_have_ended_by_themselves()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await lab.AddPodAsync("alone", machine, owner: null, grace: 1);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);

        var leaving = lab.LeaveAsync(machine, NoticeKinds.Reboot, seconds: 300);
        await JoinLab.UntilAsync(async () => await lab.PodAsync("web") is null or { Metadata.DeletionTimestamp: not null });
        await lab.EndPodAsync("web");
        Assert.False(leaving.IsCompleted);
        await lab.EndPodAsync("alone");
        using var response = await leaving.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Ct);

        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
        Assert.Equal((1, 0), (answer.Evicted, answer.Left));
    }

    [Theory]
    [InlineData(MachineState.Deleting, true)]
    [InlineData(MachineState.Stopping, false)]
    public async Task What_is_switched_off_is_deleted_only_when_the_cloud_says_so(MachineState state, bool deleted)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1, state: state);
        await lab.AddNodeAsync(machine, ready: true);

        using var response = await lab.LeaveAsync(machine, LeaveReasons.Shutdown, seconds: 3);

        Assert.Equal(deleted, (await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer)).Deleted);
        Assert.Equal(deleted, await lab.NodeAsync(machine) is null);
    }

    [Fact]
    public async Task A_budget_is_kept_until_keeping_it_would_lose_the_pod_anyway()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);
        const string budget = """{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"web"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}""";
        await lab.Client.PatchAsync(
            Resources.PodDisruptionBudgets, "default", "web", PatchKind.Apply, Encoding.UTF8.GetBytes(budget),
            WriteOptions.Default with { FieldManager = "test" }, Ct);

        using var response = await lab.LeaveAsync(machine, LeaveReasons.Shutdown, seconds: 7);

        Assert.Equal(1, (await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer)).Evicted);
    }

    [Theory]
    [InlineData(NoticeKinds.Preempt, true)]
    [InlineData(NoticeKinds.Terminate, true)]
    [InlineData(NoticeKinds.Redeploy, true)]
    [InlineData(NoticeKinds.Reboot, true)]
    [InlineData(NoticeKinds.Freeze, false)]
    public async Task A_notice_is_marked_and_taken_off_when_it_is_called_off(string kind, bool leave)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);

        using var told = await lab.NoticeAsync(
            machine, new Notice { Id = "1", Kind = NoticeKinds.Freeze }, new Notice { Id = "2", Kind = kind, At = Noon });
        var node = (await lab.NodeAsync(machine))!;
        using var off = await lab.NoticeAsync(machine);
        var after = (await lab.NodeAsync(machine))!;

        Assert.Equal(leave, (await JoinLab.ReadAsync(told, JoinJson.Default.NoticeAnswer)).Leave);
        Assert.StartsWith(kind, node.Metadata.Annotations![Marks.Notice], StringComparison.Ordinal);
        Assert.Equal(leave, node.Spec.Taints?.Any(taint => taint.Key == Marks.Leaving) == true);
        Assert.False(LeavingMarks.On(after));
    }

    [Theory]
    [InlineData(NoticeKinds.Preempt, null)]
    [InlineData(NoticeKinds.Preempt, NoticeKinds.Reboot)]
    [InlineData(NoticeKinds.Reboot, null)]
    public async Task What_is_called_off_while_the_node_is_emptied_ends_that_and_leaves_it_a_node_like_any_other(string kind, string? stays)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);
        await lab.AddPodAsync("frame", machine, "Job", grace: 1);
        var at = TimeProvider.System.GetUtcNow().AddMinutes(5);
        using var told = await lab.NoticeAsync(machine, new Notice { Id = "1", Kind = kind, At = at });

        var leaving = lab.LeaveAsync(machine, kind, seconds: 300);
        await JoinLab.UntilAsync(async () => await lab.PodAsync("web") is null or { Metadata.DeletionTimestamp: not null });
        using var off = await lab.NoticeAsync(machine, stays is null ? [] : [new Notice { Id = "2", Kind = stays, At = at }]);
        using var response = await leaving;

        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
        Assert.Equal((1, false, true), (answer.Evicted, answer.Deleted, answer.CalledOff));
        Assert.Null((await lab.PodAsync("frame"))!.Metadata.DeletionTimestamp);
        var node = (await lab.NodeAsync(machine))!;
        Assert.Equal(stays, node.Metadata.Annotations?.GetValueOrDefault(Marks.Notice)?.Split(' ')[0]);
        Assert.Equal(stays is not null, LeavingMarks.On(node));
        Assert.False(node.Metadata.Annotations?.ContainsKey(Marks.Left) == true);
        Assert.Contains("called off", lab.Audit, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NoticeKinds.Reboot, "Preempt", true, true)]
    [InlineData(NoticeKinds.Reboot, "Reboot", true, true)]
    [InlineData(NoticeKinds.Reboot, "shutdown", true, true)]
    [InlineData(NoticeKinds.Reboot, "Freeze", false, false)]
    [InlineData(NoticeKinds.Terminate, "Reboot", true, false)]
    [InlineData(NoticeKinds.Terminate, null, false, false)]
    [InlineData(LeaveReasons.Shutdown, null, false, true)]
    public void A_node_is_emptied_as_long_as_it_is_marked_with_something_as_grave(string reason, string? marked, bool tainted, bool stands)
    {
        var node = new V1Node
        {
            Metadata = new() { Annotations = marked is null ? null : new Dictionary<string, string> { [Marks.Notice] = $"{marked} 2026-03-01T12:00:00Z" } },
            Spec = new() { Taints = tainted ? [new V1Taint { Key = Marks.Leaving, Effect = "NoSchedule" }] : null },
        };

        Assert.Equal(stands, LeavingMarks.Stand(node, reason));
    }

    [Fact]
    public void The_most_valuable_work_is_told_first()
    {
        V1Pod[] pods =
        [
            Pod("young", priority: 0, started: Noon), Pod("old", priority: 0, started: Noon.AddHours(-9)),
            Pod("important", priority: 1000, started: Noon), Pod("waiting", priority: 0, started: null),
        ];

        Assert.Equal(["important", "old", "young", "waiting"], NodeDrain.InOrder(pods).Select(pod => pod.Metadata.Name));
    }

    [Fact]
    public void What_should_not_be_interrupted_is_told_as_late_as_its_grace_allows()
    {
        var deadline = Noon.AddMinutes(15);

        Assert.Equal(deadline.AddSeconds(-62), NodeDrain.MustGoAt(Pod("frame", 0, Noon, owner: "Job", grace: 60), deadline));
        Assert.Equal(DateTimeOffset.MinValue, NodeDrain.MustGoAt(Pod("web", 0, Noon, owner: "ReplicaSet"), deadline));
        Assert.True(NodeDrain.MustGoAt(Pod("ever", 0, Noon, owner: "Job", grace: long.MaxValue), deadline) < Noon.AddDays(-300));
    }

    [Theory]
    [InlineData("Preempt 2026-03-01T11:59:00Z", null, false)]
    [InlineData("Preempt 2026-03-01T11:49:00Z", null, true)]
    [InlineData("Reboot 2026-03-01T11:59:00Z", "2026-03-01T11:30:00Z", true)]
    [InlineData("Reboot 2026-03-01T11:59:00Z", "2026-03-01T11:58:00Z", false)]
    public void Marks_are_over_when_the_machine_came_back_or_never_went(string notice, string? left, bool over)
    {
        var annotations = new Dictionary<string, string> { [Marks.Notice] = notice };
        if (left is not null)
        {
            annotations[Marks.Left] = left;
        }

        var node = new V1Node
        {
            Metadata = new() { Annotations = annotations },
            Status = new() { Conditions = [new V1Condition { Type = "Ready", Status = "True", LastTransitionTime = Noon.AddMinutes(-20) }] },
        };

        Assert.Equal(over, LeavingMarks.AreOver(node, Noon));
    }

    private static V1Pod Pod(string name, int priority, DateTimeOffset? started, string? owner = "Job", long? grace = null) => new()
    {
        Metadata = new()
        {
            Name = name,
            Uid = name,
            OwnerReferences = owner is null ? null : [new V1OwnerReference { Kind = owner, Name = "o", Uid = "o", Controller = true, ApiVersion = "v1" }],
        },
        Spec = new() { Priority = priority, TerminationGracePeriodSeconds = grace },
        Status = new() { StartTime = started },
    };
}
