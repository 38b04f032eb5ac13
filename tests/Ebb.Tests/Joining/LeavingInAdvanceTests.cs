using System.Net;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>Machines whose cloud has announced something that is days off: what may be moved goes, what works has until then.</summary>
public sealed class LeavingInAdvanceTests
{
    private static readonly TimeSpan ThreeDays = TimeSpan.FromDays(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(NoticeKinds.Redeploy)]
    [InlineData(NoticeKinds.Reboot)]
    [InlineData(NoticeKinds.Terminate)]
    public async Task What_may_be_moved_goes_and_what_must_not_be_interrupted_goes_on_on_a_node_that_takes_nothing_new(string kind)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AnnouncedAsync(lab, kind);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);
        await lab.AddPodAsync("frame", machine, "Job", grace: 60);
        await lab.AddPodAsync("alone", machine, owner: null, grace: 1);

        var first = await LeaveAsync(lab, machine, kind, ThreeDays);
        var node = (await lab.NodeAsync(machine))!;
        await lab.EndPodAsync("web");
        var second = await LeaveAsync(lab, machine, kind, ThreeDays - TimeSpan.FromMinutes(1));

        Assert.Equal((1, 3, false, false), (first.Evicted, first.Left, first.Deleted, first.CalledOff));
        Assert.Equal((0, 2), (second.Evicted, second.Left));
        Assert.Null((await lab.PodAsync("frame"))!.Metadata.DeletionTimestamp);
        Assert.Null((await lab.PodAsync("alone"))!.Metadata.DeletionTimestamp);
        Assert.Contains(node.Spec.Taints!, taint => taint is { Key: Marks.Leaving, Effect: "NoSchedule" });
        Assert.Contains($"{kind} in advance: 1 pods told to go, 3 left", lab.Audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_has_become_empty_says_so_and_stays_a_node()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AnnouncedAsync(lab, NoticeKinds.Terminate);

        var answer = await LeaveAsync(lab, machine, NoticeKinds.Terminate, ThreeDays);

        Assert.Equal((0, 0, false), (answer.Evicted, answer.Left, answer.Deleted));
        Assert.False((await lab.NodeAsync(machine))!.Metadata.Annotations!.ContainsKey(Marks.Left));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 0)]
    public async Task What_needs_days_to_end_is_told_so_days_ahead(int days, int evicted)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AnnouncedAsync(lab, NoticeKinds.Redeploy);
        await lab.AddPodAsync("model", machine, "Job", grace: (long)ThreeDays.TotalSeconds);

        var answer = await LeaveAsync(lab, machine, NoticeKinds.Redeploy, TimeSpan.FromDays(days));

        Assert.Equal((evicted, 1), (answer.Evicted, answer.Left));
    }

    [Fact]
    public async Task What_needs_longer_than_until_it_is_asked_for_again_is_not_left_for_then()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AnnouncedAsync(lab, NoticeKinds.Redeploy);
        await lab.AddPodAsync("model", machine, "Job", grace: (long)ThreeDays.TotalSeconds);

        var answer = await LeaveAsync(lab, machine, NoticeKinds.Redeploy, ThreeDays + LeaveRequest.AsksAgainWithin);

        Assert.Equal((1, 1), (answer.Evicted, answer.Left));
    }

    [Fact]
    public async Task What_has_been_called_off_moves_nothing_and_leaves_no_mark()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AnnouncedAsync(lab, NoticeKinds.Redeploy);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);
        using var off = await lab.NoticeAsync(machine);

        var answer = await LeaveAsync(lab, machine, NoticeKinds.Redeploy, ThreeDays);

        Assert.Equal((0, 1, true), (answer.Evicted, answer.Left, answer.CalledOff));
        Assert.False(LeavingMarks.On((await lab.NodeAsync(machine))!));
    }

    [Theory]
    [InlineData(NoticeKinds.Redeploy, 901, false)]
    [InlineData(NoticeKinds.Redeploy, -1, true)]
    [InlineData(NoticeKinds.Redeploy, int.MaxValue, true)]
    [InlineData(LeaveReasons.Shutdown, 3600, true)]
    [InlineData("Holiday", 3600, true)]
    [InlineData("Holiday", 60, false)]
    public async Task Times_and_reasons_that_make_no_sense_are_refused(string reason, int seconds, bool inAdvance)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AnnouncedAsync(lab, NoticeKinds.Redeploy);
        await lab.AddPodAsync("web", machine, "ReplicaSet", grace: 1);

        using var response = await lab.LeaveAsync(machine, reason, seconds, inAdvance);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Null((await lab.PodAsync("web"))!.Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task The_farthest_time_that_is_taken_works()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await AnnouncedAsync(lab, NoticeKinds.Redeploy);
        await lab.AddPodAsync("frame", machine, "Job", grace: 60);

        var answer = await LeaveAsync(lab, machine, NoticeKinds.Redeploy, LeaveRequest.FarthestAhead);

        Assert.Equal((0, 1), (answer.Evicted, answer.Left));
    }

    private static async Task<Machine> AnnouncedAsync(JoinLab lab, string kind)
    {
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        using var told = await lab.NoticeAsync(machine, new Notice { Id = "1", Kind = kind, At = TimeProvider.System.GetUtcNow() + ThreeDays });
        Assert.Equal(HttpStatusCode.OK, told.StatusCode);
        return machine;
    }

    private static async Task<LeaveAnswer> LeaveAsync(JoinLab lab, Machine machine, string kind, TimeSpan left)
    {
        using var response = await lab.LeaveAsync(machine, kind, (int)left.TotalSeconds, inAdvance: true).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Ct);
        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit + lab.Loggers.Text);
        return await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
    }
}
