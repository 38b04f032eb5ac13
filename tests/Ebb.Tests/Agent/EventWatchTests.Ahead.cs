using System.Text.Json;
using Ebb.Joining;
using Microsoft.AspNetCore.Http;

namespace Ebb.Tests.Agent;

/// <summary>Events that are announced days ahead, as Azure does when it expects a host to fail.</summary>
public sealed partial class EventWatchTests
{
    private static readonly TimeSpan ThreeDays = TimeSpan.FromDays(3);

    // What a leave says at once: less what belongs to the cut and to the answer.
    private static readonly int ThreeDaysLeft = (int)ThreeDays.TotalSeconds - 3;

    [Theory]
    [InlineData("Redeploy")]
    [InlineData("Reboot")]
    public async Task What_is_days_ahead_is_left_for_again_and_again_and_agreed_to_when_nothing_is_left_by_then(string kind)
    {
        var left = 1;
        AnswerLeaves(() => left);
        Notice(leave: true);
        _announced.Put("e1", kind, _time.GetUtcNow() + ThreeDays, "agents_1");

        Watch();
        await UntilAsync(() => Leaves().Count == 1);
        await TickUntilAsync(() => Leaves().Count == 2);
        Assert.Empty(_announced.Agreed);
        left = 0;
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));

        Assert.Equal((kind, ThreeDaysLeft), Leaves()[0]);
        Assert.All(Leaves(), leave => Assert.InRange(leave.Seconds, ThreeDaysLeft - 600, ThreeDaysLeft));
        Assert.All(InAdvance(), Assert.True);
        Assert.Equal(1, _server.Count(JoinPaths.Notice));
    }

    [Fact]
    public async Task Work_is_interrupted_in_the_last_quarter_of_an_hour_alone()
    {
        AnswerLeaves(() => 1);
        Notice(leave: true);
        _announced.Put("e1", "Redeploy", _time.GetUtcNow().AddHours(1), "agents_1");

        Watch();
        await TickUntilAsync(() => Leaves().Count == 1);
        _time.Advance(TimeSpan.FromMinutes(44));
        await TickUntilAsync(() => InAdvance().Contains(false));
        await TickAsync(90);

        Assert.Equal([.. Enumerable.Repeat(true, Leaves().Count - 1), false], InAdvance());
        Assert.InRange(Leaves()[^1].Seconds, 850, 899);
        Assert.Empty(_announced.Agreed);
    }

    [Theory]
    [InlineData(403, """{"error":"refused","message":"no"}""")]
    [InlineData(200, """{"node":"n1","evicted":1,"left":1,"calledOff":true}""")]
    public async Task What_does_not_come_to_be_now_has_days_to_be_done_in(int status, string answer)
    {
        _server.Forget(JoinPaths.Leave);
        _server.Answer(JoinPaths.Leave, status, answer);
        _server.Answer(JoinPaths.Leave, 200, """{"node":"n1","evicted":1,"left":0}""");
        Notice(leave: true);
        _announced.Put("e1", "Redeploy", _time.GetUtcNow() + ThreeDays, "agents_1");

        Watch();
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));

        Assert.Equal(2, Leaves().Count);
    }

    [Fact]
    public async Task A_consent_that_is_not_taken_days_ahead_is_given_again_once_nothing_is_left_then_either()
    {
        var left = 0;
        AnswerLeaves(() => left);
        Notice(leave: true);
        _announced.Deaf = 7;
        _announced.Put("e1", "Redeploy", _time.GetUtcNow() + ThreeDays, "agents_1");

        Watch();
        await TickUntilAsync(() => _announced.Deaf <= 2);
        left = 1;
        await TickUntilAsync(() => Leaves().Count == 3);
        Assert.Empty(_announced.Agreed);
        left = 0;
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));

        Assert.All(InAdvance(), Assert.True);
        Assert.Equal(1, _server.Count(JoinPaths.Notice));
    }

    [Fact]
    public async Task What_is_called_off_days_before_is_told_and_no_longer_left_for()
    {
        AnswerLeaves(() => 1);
        Notice(leave: true);
        _announced.Put("e1", "Redeploy", _time.GetUtcNow() + ThreeDays, "agents_1");
        Watch();
        await TickUntilAsync(() => Leaves().Count == 1);

        _announced.Clear();
        await TickUntilAsync(() => _server.Count(JoinPaths.Notice) == 2);
        await TickAsync(90);

        Assert.Contains("\"notices\":[]", _server.Asked.Last().Body, StringComparison.Ordinal);
        Assert.Single(Leaves());
        Assert.Empty(_announced.Agreed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task What_is_brought_forward_is_left_for_by_its_new_time(int left)
    {
        AnswerLeaves(() => left);
        Notice(leave: true);
        _announced.Put("e1", "Redeploy", _time.GetUtcNow() + ThreeDays, "agents_1", "agents_2");
        Watch();
        await TickUntilAsync(() => Leaves().Count == 1);

        _announced.Put("e1", "Redeploy", _time.GetUtcNow().AddMinutes(10), "agents_1", "agents_2");
        await TickUntilAsync(() => Leaves().Count == 2);
        await TickAsync(90);

        Assert.Equal([true, false], InAdvance());
        Assert.InRange(Leaves()[1].Seconds, 590, 597);
        Assert.Empty(_announced.Agreed);
    }

    [Fact]
    public async Task What_begins_before_its_time_is_no_longer_left_for_nor_agreed_to()
    {
        AnswerLeaves(() => 1);
        Notice(leave: true);
        _announced.Put("e1", "Redeploy", _time.GetUtcNow() + ThreeDays, "agents_1");
        Watch();
        await TickUntilAsync(() => Leaves().Count == 1);

        _announced.Put("e1", "Redeploy", null, "agents_1");
        await TickUntilAsync(() => _server.Count(JoinPaths.Notice) == 2);
        await TickAsync(90);

        Assert.Single(Leaves());
        Assert.Empty(_announced.Agreed);
    }

    [Fact]
    public async Task A_node_that_is_empty_days_before_an_event_of_several_machines_is_looked_after_until_then()
    {
        AnswerLeaves(() => 0);
        Notice(leave: true);
        _announced.Put("e1", "Redeploy", _time.GetUtcNow() + ThreeDays, "agents_1", "agents_2");

        Watch();
        await TickUntilAsync(() => Leaves().Count == 3);

        Assert.Empty(_announced.Agreed);
        Assert.Equal(1, _server.Count(JoinPaths.Notice));
    }

    [Fact]
    public async Task What_there_is_no_time_left_for_comes_without_consent()
    {
        await PreemptHeardAfterAsync(seconds: 29);
        await TickAsync(5);

        Assert.Empty(Leaves());
        Assert.Empty(_announced.Agreed);
    }

    [Fact]
    public async Task That_nothing_is_announced_is_told_at_once_where_it_may_not_be_known_and_patiently_where_it_is_refused()
    {
        _server.Answer(JoinPaths.Notice, 403, """{"error":"refused","message":"no"}""");
        _server.Answer(JoinPaths.Notice, 200, """{"node":"n1","leave":false}""");

        Watch(tellsAtOnce: true);
        await TickUntilAsync(() => _server.Count(JoinPaths.Notice) == 1);
        await TickAsync(50);
        Assert.Equal(1, _server.Count(JoinPaths.Notice));
        await TickAsync(90);

        Assert.Equal(2, _server.Count(JoinPaths.Notice));
        Assert.Contains("\"notices\":[]", _server.Asked.Last().Body, StringComparison.Ordinal);
    }

    private void AnswerLeaves(Func<int> left)
    {
        _server.Forget(JoinPaths.Leave);
        _server.Answer(
            JoinPaths.Leave, http => http.Response.WriteAsync($$"""{"node":"n1","evicted":0,"left":{{left()}}}""", http.RequestAborted));
    }

    private List<bool> InAdvance() =>
    [
        .. from asked in _server.Asked
           where asked.Path == JoinPaths.Leave
           select JsonDocument.Parse(asked.Body).RootElement.TryGetProperty("inAdvance", out var inAdvance) && inAdvance.GetBoolean(),
    ];
}
