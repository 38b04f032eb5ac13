using Ebb.Joining;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>The scheduler may have decided on a node just before its taint, and still be binding: a first look that finds nothing proves nothing.</summary>
public sealed class LateBindingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(NoticeKinds.Reboot)]
    [InlineData(NoticeKinds.Redeploy)]
    [InlineData(NoticeKinds.Terminate)]
    public async Task A_pod_that_was_being_bound_when_the_taint_went_on_is_waited_for(string kind)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        var looks = BindBeforeLook(lab, 2, () => lab.AddPodAsync("late", machine, "Job", grace: 1));

        var leaving = lab.LeaveAsync(machine, kind, seconds: 300);
        await JoinLab.UntilAsync(() => Task.FromResult(leaving.IsCompleted || looks() > 2));
        Assert.False(leaving.IsCompleted);
        await lab.EndPodAsync("late");
        using var response = await leaving.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Ct);

        Assert.Equal(0, (await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer)).Left);
    }

    [Fact]
    public async Task Likewise_of_what_is_days_ahead()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        var at = TimeProvider.System.GetUtcNow().AddDays(3);
        using var told = await lab.NoticeAsync(machine, new Notice { Id = "1", Kind = NoticeKinds.Redeploy, At = at });
        BindBeforeLook(lab, 2, () => lab.AddPodAsync("late", machine, "Job", grace: 1));

        using var response = await lab.LeaveAsync(machine, NoticeKinds.Redeploy, (int)TimeSpan.FromDays(3).TotalSeconds, inAdvance: true);

        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
        Assert.Equal((0, 1, false), (answer.Evicted, answer.Left, answer.CalledOff));
    }

    [Theory]
    [InlineData(NoticeKinds.Preempt, 300)]
    [InlineData(NoticeKinds.Terminate, 8)]
    public async Task What_is_taken_back_and_what_has_seconds_left_waits_for_no_second_look(string kind, int seconds)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        var looks = BindBeforeLook(lab, 2, () => Task.CompletedTask);

        using var response = await lab.LeaveAsync(machine, kind, seconds);

        Assert.True((await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer)).Deleted);
        Assert.Equal(1, looks());
    }

    /// <returns>How many looks at the node's pods have begun.</returns>
    private static Func<int> BindBeforeLook(JoinLab lab, int number, Func<Task> bind)
    {
        var looks = 0;
        lab.ApiHolds = async request =>
        {
            if (request.RequestUri!.Query.Contains("spec.nodeName", StringComparison.Ordinal) && Interlocked.Increment(ref looks) == number)
            {
                await bind();
            }
        };
        return () => Volatile.Read(ref looks);
    }
}
