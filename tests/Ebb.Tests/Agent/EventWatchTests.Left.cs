using Ebb.Joining;
using Microsoft.AspNetCore.Http;

namespace Ebb.Tests.Agent;

/// <summary>What is still on the machine when the join server answers.</summary>
public sealed partial class EventWatchTests
{
    [Theory]
    [InlineData("Terminate", 300)]
    [InlineData("Reboot", 900)]
    public async Task While_pods_are_left_nothing_is_agreed_to(string kind, int seconds)
    {
        _server.Forget(JoinPaths.Leave);
        _server.Answer(JoinPaths.Leave, 200, """{"node":"n1","evicted":1,"left":1}""");
        Notice(leave: true);
        _announced.Put("e1", kind, _time.GetUtcNow().AddSeconds(seconds), "agents_1");

        Watch();
        await TickUntilAsync(() => Leaves().Count == 1);
        await TickAsync(5);

        Assert.Empty(_announced.Agreed);
        Assert.Single(Leaves());
    }

    [Theory]
    [InlineData("Preempt", 30)]
    [InlineData("Terminate", 300)]
    [InlineData("Redeploy", 600)]
    [InlineData("Reboot", 900)]
    public async Task What_the_server_ceases_to_empty_the_node_for_and_is_announced_still_is_told_anew_before_it_is_agreed_to(string kind, int seconds)
    {
        _server.Forget(JoinPaths.Leave);
        _server.Answer(JoinPaths.Leave, 200, """{"node":"n1","evicted":1,"left":1,"calledOff":true}""");
        var emptied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Answer(JoinPaths.Leave, async http =>
        {
            await emptied.Task.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync("""{"node":"n1","evicted":2,"left":0,"calledOff":false}""", http.RequestAborted);
        });
        Notice(leave: true);
        _announced.Put("e1", kind, _time.GetUtcNow().AddSeconds(seconds), "agents_1");

        Watch();
        await TickUntilAsync(() => Leaves().Count == 2);
        await TickAsync(3);
        Assert.Empty(_announced.Agreed);
        emptied.SetResult();
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));

        Assert.Equal((2, 2), (_server.Count(JoinPaths.Notice), Leaves().Count));
    }

    [Fact]
    public async Task A_server_that_cannot_be_told_anew_at_once_is_told_at_the_next_look()
    {
        _server.Forget(JoinPaths.Leave);
        _server.Answer(JoinPaths.Leave, 200, """{"node":"n1","evicted":1,"left":1,"calledOff":true}""");
        _server.Answer(JoinPaths.Leave, 200, """{"node":"n1","evicted":2,"left":0}""");
        _server.Answer(JoinPaths.Notice, 200, """{"node":"n1","leave":true}""");
        _server.Answer(JoinPaths.Notice, 403, """{"error":"refused","message":"no"}""");
        _server.Answer(JoinPaths.Notice, 200, """{"node":"n1","leave":true}""");
        _announced.Put("e1", "Terminate", _time.GetUtcNow().AddSeconds(300), "agents_1");

        Watch();
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));

        Assert.Equal((3, 2), (_server.Count(JoinPaths.Notice), Leaves().Count));
    }
}
