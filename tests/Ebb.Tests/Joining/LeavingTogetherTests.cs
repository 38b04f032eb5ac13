using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>A machine that has more than one reason to leave at the same time.</summary>
public sealed class LeavingTogetherTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(NoticeKinds.Terminate, NoticeKinds.Reboot)]
    [InlineData(NoticeKinds.Preempt, NoticeKinds.Reboot)]
    [InlineData(NoticeKinds.Redeploy, NoticeKinds.Reboot)]
    [InlineData(NoticeKinds.Terminate, LeaveReasons.Reboot)]
    public async Task What_is_less_grave_does_not_end_that_the_node_is_emptied_for_something_graver(string grave, string lesser)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AddAsync(lab);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);
        var at = TimeProvider.System.GetUtcNow().AddMinutes(5);
        using var told = await lab.NoticeAsync(
            machine, new Notice { Id = "1", Kind = grave, At = at }, new Notice { Id = "2", Kind = NoticeKinds.Reboot, At = at.AddMinutes(5) });
        var leaving = lab.LeaveAsync(machine, grave, seconds: 300);
        await JoinLab.UntilAsync(async () => await lab.PodAsync("web") is null or { Metadata.DeletionTimestamp: not null });
        await lab.EndPodAsync("web");

        // It marks nothing that could be looked for; so many looks at the pods take longer than it takes to begin.
        var looks = 0;
        lab.ApiHolds = request =>
        {
            Interlocked.Add(ref looks, request.RequestUri!.Query.Contains("spec.nodeName", StringComparison.Ordinal) ? 1 : 0);
            return Task.CompletedTask;
        };
        var booting = lab.LeaveAsync(machine, lesser, seconds: 300);
        await JoinLab.UntilAsync(() => Task.FromResult(booting.IsCompleted || Volatile.Read(ref looks) > 8));
        var meanwhile = (await lab.NodeAsync(machine))!;
        await lab.EndPodAsync("alone");
        using var goes = await leaving;
        using var boots = await booting;

        // The cloud's boot waits for what runs, the machine's own does not.
        Assert.Equal((0, lesser == LeaveReasons.Reboot ? 1 : 0, false), Of(await JoinLab.ReadAsync(boots, JoinJson.Default.LeaveAnswer)));
        Assert.Equal(grave, Marked(meanwhile));
        Assert.Contains(meanwhile.Spec.Taints!, taint => taint is { Key: Marks.Leaving, Effect: "NoSchedule" });
        Assert.Equal((1, 0, false), Of(await JoinLab.ReadAsync(goes, JoinJson.Default.LeaveAnswer)));
        Assert.DoesNotContain("called off", lab.Audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_that_begin_at_once_the_graver_stays_marked_whichever_is_written_last()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AddAsync(lab);
        var writes = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var marked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lab.ApiHolds = async request =>
        {
            if (request.Method == HttpMethod.Patch && (await request.Content!.ReadAsStringAsync(Ct)).Contains("\"Reboot ", StringComparison.Ordinal))
            {
                writes.TrySetResult();
                await marked.Task;
            }
        };

        var boots = lab.LeaveAsync(machine, NoticeKinds.Reboot, seconds: 300);
        await writes.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);
        var goes = lab.LeaveAsync(machine, NoticeKinds.Terminate, seconds: 300);
        await JoinLab.UntilAsync(async () => Marked(await lab.NodeAsync(machine)) == NoticeKinds.Terminate);
        marked.SetResult();
        var meanwhile = await lab.NodeAsync(machine);
        await lab.EndPodAsync("alone");
        using var booted = await boots;
        using var gone = await goes;

        Assert.Equal(NoticeKinds.Terminate, Marked(meanwhile));
        Assert.False((await JoinLab.ReadAsync(booted, JoinJson.Default.LeaveAnswer)).CalledOff);
        var answer = await JoinLab.ReadAsync(gone, JoinJson.Default.LeaveAnswer);
        Assert.Equal((true, false), (answer.Deleted, answer.CalledOff));
    }

    [Theory]
    [InlineData(null, NoticeKinds.Reboot, NoticeKinds.Reboot)]
    [InlineData("Freeze", NoticeKinds.Reboot, NoticeKinds.Reboot)]
    [InlineData("Reboot", NoticeKinds.Terminate, NoticeKinds.Terminate)]
    [InlineData("Terminate", NoticeKinds.Terminate, NoticeKinds.Terminate)]
    [InlineData("Terminate", NoticeKinds.Redeploy, NoticeKinds.Terminate)]
    [InlineData("Preempt", NoticeKinds.Terminate, NoticeKinds.Preempt)]
    [InlineData("Preempt", LeaveReasons.Reboot, NoticeKinds.Preempt)]
    [InlineData("Reboot", LeaveReasons.Reboot, LeaveReasons.Reboot)]
    [InlineData("Terminate", LeaveReasons.Shutdown, LeaveReasons.Shutdown)]
    [InlineData("shutdown", NoticeKinds.Reboot, NoticeKinds.Reboot)]
    [InlineData("Freeze", LeaveReasons.Shutdown, LeaveReasons.Shutdown)]
    [InlineData("Reboot", LeaveReasons.Shutdown, NoticeKinds.Reboot)]
    [InlineData("Redeploy", LeaveReasons.Shutdown, NoticeKinds.Redeploy)]
    public void A_leave_is_marked_unless_something_graver_is(string? marked, string reason, string then)
    {
        var at = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var node = new V1Node
        {
            Metadata = new() { Annotations = marked is null ? null : new Dictionary<string, string> { [Marks.Notice] = $"{marked} 2026-03-01T11:00:00Z" } },
            Spec = new(),
        };

        var change = LeavingMarks.Leaves(node, reason, at);

        Assert.Equal("NoSchedule", change.Leaving);
        Assert.Equal(then, (change.Annotations.GetValueOrDefault(Marks.Notice) ?? marked)!.Split(' ')[0]);
    }

    /// <summary>A node with a pod that nothing would start again elsewhere: it stays for a boot, and goes as late as it can for what is graver.</summary>
    private static async Task<Machine> AddAsync(JoinLab lab)
    {
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await lab.AddPodAsync("alone", machine, owner: null, grace: 1);
        return machine;
    }

    private static string? Marked(V1Node? node) => node?.Metadata.Annotations?.GetValueOrDefault(Marks.Notice)?.Split(' ')[0];

    private static (int Evicted, int Left, bool CalledOff) Of(LeaveAnswer answer) => (answer.Evicted, answer.Left, answer.CalledOff);
}
