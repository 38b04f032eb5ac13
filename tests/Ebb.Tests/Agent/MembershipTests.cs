using Ebb.Agent;
using Ebb.Clouds.Azure;
using Ebb.Joining;
using Ebb.Sandbox.Certificates;
using Ebb.Tests.Joining.Asking;

namespace Ebb.Tests.Agent;

/// <summary>How a machine becomes a node at its boot, what it does when nobody admits it, and how it leaves.</summary>
public sealed partial class MembershipTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Authority _authority = Authority.Create("join", TimeProvider.System);
    private readonly PauseClock _clock = new();
    private readonly Disk _disk = new();
    private readonly Silence _silence = new();
    private ScriptedJoinServer _server = null!;
    private JoinClient _client = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedJoinServer.StartAsync(_authority);
        _client = new JoinClient(ScriptedJoinServer.Configuration(_authority, _server.Address), new Proofs(), null, _clock.Time, new Random(1), _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _clock.DisposeAsync();
        _authority.Dispose();
    }

    [Theory]
    [InlineData(false, "true")]
    [InlineData(true, "false")]
    public async Task A_machine_that_was_no_node_yet_says_that_it_is_fresh_and_starts_as_what_it_was_granted(bool wasNode, string fresh)
    {
        _disk.WasNode = wasNode;
        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);

        await RunAsync(() => _disk.Did.Count > 0);

        Assert.Equal(["start agents000001"], _disk.Did);
        Assert.Contains($"\"fresh\":{fresh}", _server.Asked.Last().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_was_a_node_goes_on_as_that_when_nobody_answers_for_a_minute()
    {
        _disk.WasNode = true;
        _server.Answer(JoinPaths.Join, 503, "");

        await RunAsync(() => _disk.Did.Count > 0);

        Assert.Equal(["resume"], _disk.Did);
        Assert.InRange(_clock.Pauses.Sum(), 20, 60);
    }

    [Fact]
    public async Task An_agent_that_cannot_know_what_was_told_before_it_tells_that_nothing_is_announced_any_more()
    {
        _disk.WasNode = true;
        _server.Answer(JoinPaths.Join, 503, "");
        _server.Answer(JoinPaths.Notice, 200, """{"node":"n1","leave":false}""");

        await RunAsync(NewMembership(new Announcements()), () => _server.Count(JoinPaths.Notice) > 0);

        Assert.Equal(["resume"], _disk.Did);
        Assert.Contains("\"notices\":[]", _server.Asked.Last().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_was_just_admitted_has_nothing_to_tell()
    {
        _disk.WasNode = true;
        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);
        var announced = new Announcements();

        await RunAsync(NewMembership(announced), () => announced.Looks > 0);

        Assert.Equal(0, _server.Count(JoinPaths.Notice));
    }

    [Fact]
    public async Task A_machine_that_was_no_node_asks_for_a_quarter_of_an_hour_and_then_ends()
    {
        _server.Answer(JoinPaths.Join, 503, "");

        var late = await Assert.ThrowsAsync<JoinException>(() => NewMembership().RunAsync(Ct));

        Assert.False(late.Refused);
        Assert.Empty(_disk.Did);
        Assert.InRange(_clock.Pauses.Sum(), 800, 900);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_machine_that_is_refused_starts_nothing_also_where_it_was_a_node(bool wasNode)
    {
        _disk.WasNode = wasNode;
        _server.Answer(JoinPaths.Join, 403, """{"error":"refused","message":"no"}""");

        var refused = await Assert.ThrowsAsync<JoinException>(() => NewMembership().RunAsync(Ct));

        Assert.True(refused.Refused);
        Assert.Empty(_disk.Did);
    }

    [Fact]
    public async Task A_machine_whose_program_fails_says_so_and_asks_anew_when_it_is_started_again()
    {
        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);
        _disk.Fails = true;
        var membership = NewMembership();
        await Assert.ThrowsAsync<IOException>(() => membership.RunAsync(Ct));
        _disk.Fails = false;

        await RunAsync(membership, () => _disk.Did.Count > 1);

        Assert.Equal(["start agents000001", "start agents000001"], _disk.Did);
        Assert.Equal(2, _server.Count(JoinPaths.Join));
    }

    [Fact]
    public async Task A_machine_that_has_no_certificate_when_its_token_expires_asks_for_another()
    {
        _server.Answer(JoinPaths.Join, 200, Expiring("2026-01-01T00:10:00Z"));
        _server.Answer(JoinPaths.Join, 200, Expiring("2026-01-01T01:00:00Z"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var running = NewMembership().RunAsync(stop.Token);

        await UntilAsync(() => _disk.Did.Count == 1);
        await LooksAsync(TimeSpan.FromMinutes(9));
        Assert.Equal(1, _server.Count(JoinPaths.Join));
        await UntilExpiredAsync(TimeSpan.FromSeconds(20));
        await UntilAsync(() => _disk.Did.Count == 2);
        _disk.WasNode = true;
        await UntilAsync(() => _silence.Asked > 0, TimeSpan.FromSeconds(1));
        await PassAsync(TimeSpan.FromHours(2));

        Assert.Equal(2, _server.Count(JoinPaths.Join));
        Assert.All(_server.Asked.Where(asked => asked.Path == JoinPaths.Join), asked => Assert.Contains("\"fresh\":true", asked.Body, StringComparison.Ordinal));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_token_that_is_over_by_the_machine_s_own_clock_is_given_half_a_minute_all_the_same()
    {
        _server.Answer(JoinPaths.Join, 200, Expiring("2025-12-31T23:00:00Z"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var running = NewMembership().RunAsync(stop.Token);

        await UntilAsync(() => _disk.Did.Count == 1);
        await LooksAsync(TimeSpan.FromSeconds(25));

        Assert.Equal(1, _server.Count(JoinPaths.Join));
        await UntilExpiredAsync(TimeSpan.FromSeconds(1));
        await UntilAsync(() => _disk.Did.Count == 2);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_stop_is_not_held_up_by_a_server_that_refuses_or_is_away()
    {
        _server.Answer(JoinPaths.Leave, 403, """{"error":"refused","message":"no"}""");
        await NewMembership().LeaveAsync(LeaveReasons.Shutdown, TimeSpan.FromSeconds(25), Ct);
        _server.Forget(JoinPaths.Leave);
        _server.Answer(JoinPaths.Leave, 503, "");
        await NewMembership().LeaveAsync(LeaveReasons.Shutdown, TimeSpan.FromSeconds(25), Ct);

        Assert.Equal(2, _clock.Lines.Count(line => line.StartsWith("The node was not emptied before the stop", StringComparison.Ordinal)));
        Assert.InRange(_clock.Pauses.Sum(), 5, 25);
    }

    private static string Expiring(string at) => ScriptedJoinServer.Granted[..^1] + $",\"tokenExpiresAt\":\"{at}\"}}";

    private async Task UntilAsync(Func<bool> holds, TimeSpan? passes = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "It did not come to hold.");
            await PassAsync(passes ?? TimeSpan.Zero);
        }
    }

    /// <summary>
    /// Lets time pass at once, then some seconds one by one, each of which the machine uses to look for its certificate. One that asks the
    /// server instead looks no more before it has its answer.
    /// </summary>
    private async Task LooksAsync(TimeSpan first)
    {
        foreach (var passes in new[] { first, Second, Second, Second })
        {
            // It waits for the next look.
            await UntilAsync(() => _clock.Time.NextDue() is not null);
            var looks = _disk.Looks;
            _clock.Time.Advance(passes);
            await UntilAsync(() => _disk.Looks > looks);
        }
    }

    /// <summary>No time passes once that is so: the request that follows has all that it may take.</summary>
    private Task UntilExpiredAsync(TimeSpan passes) => UntilAsync(
        () =>
        {
            lock (_clock.Lines)
            {
                return _clock.Lines.Any(line => line.Contains("its token has expired", StringComparison.Ordinal));
            }
        },
        passes);

    /// <summary>What that begins has a moment of real time.</summary>
    private async Task PassAsync(TimeSpan span)
    {
        _clock.Time.Advance(span);
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Ct);
    }

    private Task RunAsync(Func<bool> done) => RunAsync(NewMembership(), done);

    private static async Task RunAsync(Membership membership, Func<bool> done)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var running = membership.RunAsync(stop.Token);
        var started = TimeProvider.System.GetTimestamp();
        while (!done() && !running.IsCompleted)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "Nothing was started.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Ct);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private Membership NewMembership(HttpMessageHandler? metadata = null)
    {
        var events = new EventWatch(
            new ScheduledEvents(new HttpMessageInvoker(metadata ?? _silence), new Uri("http://metadata.test/"), _clock.Time, new Random(1)),
            _ => Task.FromResult("agents_1"), _client, _ => { }, _clock.Time, _clock);
        return new Membership(_client, _disk, events, status: null, _clock.Time, _clock);
    }
}
