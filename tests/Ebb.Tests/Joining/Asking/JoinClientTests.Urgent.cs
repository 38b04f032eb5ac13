using System.Net.Sockets;
using System.Text.Json;
using Ebb.Joining;
using Microsoft.AspNetCore.Http;

namespace Ebb.Tests.Joining.Asking;

/// <summary>A machine that is going has no time for servers that are stuck.</summary>
public sealed partial class JoinClientTests
{
    [Fact]
    public async Task A_leave_says_how_much_time_is_left_less_what_the_answer_takes_and_less_at_each_attempt()
    {
        _server.Answer(JoinPaths.Leave, 503, "", retryAfter: 10);
        _server.Answer(JoinPaths.Leave, 503, "", retryAfter: 10);
        _server.Answer(JoinPaths.Leave, 200, """{"node":"agents000001","evicted":3,"left":1}""");

        var left = await Client().LeaveAsync(NoticeKinds.Preempt, TimeSpan.FromSeconds(60), Ct);

        var seconds = _server.Asked.Where(asked => asked.Path == JoinPaths.Leave)
            .Select(asked => JsonDocument.Parse(asked.Body).RootElement.GetProperty("secondsLeft").GetInt32()).ToList();
        Assert.Equal((3, 1), (left.Evicted, left.Left));
        Assert.Equal(59, seconds[0]);
        Assert.InRange(seconds[1], 46, 49);
        Assert.InRange(seconds[2], 33, 39);
    }

    [Fact]
    public async Task A_notice_waits_for_no_server_that_is_stuck_and_such_a_one_is_asked_last_from_then_on()
    {
        await using var other = await ScriptedJoinServer.StartAsync(_authority);
        _server.Answer(JoinPaths.Notice, StuckAsync);
        other.Answer(JoinPaths.Notice, 409, """{"error":"not-yet","message":"later","retryAfterSeconds":1}""");
        other.Answer(JoinPaths.Notice, 200, """{"node":"agents000001","leave":true}""");
        var client = Client(_server.Address, other.Address);

        var asking = client.NoticeAsync([], TimeSpan.FromSeconds(20), Ct);
        await UntilAsync(() => _server.Count(JoinPaths.Notice) == 1);
        _clock.Time.Advance(TimeSpan.FromSeconds(5));
        var answer = await asking.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);

        Assert.True(answer.Leave);
        Assert.Equal((1, 2), (_server.Count(JoinPaths.Notice), other.Count(JoinPaths.Notice)));
    }

    [Theory]
    [InlineData(JoinPaths.Nonce, 5)]
    [InlineData(JoinPaths.Leave, 20)]
    public async Task What_a_server_that_is_stuck_or_dies_leaves_of_the_time_is_another_s_to_drain_in(string path, int seconds)
    {
        await using var other = await ScriptedJoinServer.StartAsync(_authority);
        var dies = new CancellationTokenSource();
        _server.Forget(path);
        _server.Answer(path, async http =>
        {
            await Task.WhenAny(StuckAsync(http), Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, dies.Token));
            http.Abort();
        });
        other.Answer(JoinPaths.Leave, 200, """{"node":"agents000001","evicted":3,"left":1}""");
        var client = Client(_server.Address, other.Address);

        var asking = client.LeaveAsync(NoticeKinds.Terminate, TimeSpan.FromSeconds(60), Ct);
        await UntilAsync(() => _server.Count(path) == 1);
        _clock.Time.Advance(TimeSpan.FromSeconds(seconds));
        if (path == JoinPaths.Leave)
        {
            await dies.CancelAsync();
        }

        await asking.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);

        var body = JsonDocument.Parse(other.Asked.Single(asked => asked.Path == JoinPaths.Leave).Body).RootElement;
        Assert.Equal(59 - seconds, body.GetProperty("secondsLeft").GetInt32());
        dies.Dispose();
    }

    [Fact]
    public async Task A_connection_on_which_nothing_is_said_for_long_is_kept_in_view()
    {
        await using var stream = await JoinTransport.ConnectAsync("127.0.0.1", new Uri(_server.Address).Port, Ct);

        var socket = ((NetworkStream)stream).Socket;
        Assert.Equal(1, (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!);
        Assert.Equal(
            (3, 1, 3),
            (Of(SocketOptionName.TcpKeepAliveTime), Of(SocketOptionName.TcpKeepAliveInterval), Of(SocketOptionName.TcpKeepAliveRetryCount)));

        int Of(SocketOptionName option) => (int)socket.GetSocketOption(SocketOptionLevel.Tcp, option)!;
    }

    [Fact]
    public async Task A_machine_that_goes_before_its_server_wants_to_be_asked_again_asks_half_way()
    {
        _server.Answer(JoinPaths.Leave, 503, "", retryAfter: 60);
        _server.Answer(JoinPaths.Leave, 200, """{"node":"agents000001","evicted":3,"left":1}""");

        var left = await Client().LeaveAsync(NoticeKinds.Preempt, TimeSpan.FromSeconds(28), Ct);

        Assert.Equal(3, left.Evicted);
        Assert.Equal(13, JsonDocument.Parse(_server.Asked.Last(asked => asked.Path == JoinPaths.Leave).Body).RootElement.GetProperty("secondsLeft").GetInt32());
    }

    [Fact]
    public async Task A_leave_for_which_there_is_no_time_is_not_begun_late()
    {
        _server.Answer(JoinPaths.Leave, 503, "", retryAfter: 10);

        await Assert.ThrowsAsync<JoinException>(() => Client().LeaveAsync(NoticeKinds.Preempt, TimeSpan.FromSeconds(5), Ct));

        Assert.Equal(1, _server.Count(JoinPaths.Leave));
    }

    /// <summary>Until whoever asked has gone.</summary>
    private static async Task StuckAsync(HttpContext http)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registered = http.RequestAborted.Register(() => gone.TrySetResult());
        await gone.Task;
    }
}
