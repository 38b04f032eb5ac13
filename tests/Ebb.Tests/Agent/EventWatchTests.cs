using System.Text.Json;
using Ebb.Agent;
using Ebb.Clouds.Azure;
using Ebb.Joining;
using Ebb.Sandbox.Certificates;
using Ebb.Simulation;
using Ebb.Tests.Joining.Asking;
using Microsoft.AspNetCore.Http;

namespace Ebb.Tests.Agent;

/// <summary>What a machine does about each kind of event that the cloud announces.</summary>
public sealed partial class EventWatchTests : IAsyncLifetime
{
    private readonly Authority _authority = Authority.Create("join", TimeProvider.System);
    private readonly Announcements _announced = new();
    private readonly PauseClock _log = new();
    private readonly VirtualTime _time = new();
    private readonly CancellationTokenSource _stop = new();
    /// <summary>An eviction in 30 s, of which the server takes so long to hear.</summary>
    private async Task PreemptHeardAfterAsync(int seconds)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Answer(JoinPaths.Notice, async http =>
        {
            await heard.Task.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync("""{"node":"n1","leave":true}""", http.RequestAborted);
        });
        _announced.Put("e1", "Preempt", _time.GetUtcNow().AddSeconds(30), "agents_1");

        Watch();
        await UntilAsync(() => _server.Count(JoinPaths.Notice) == 1);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        heard.SetResult();
    }

    private ScriptedJoinServer _server = null!;
    private JoinClient _client = null!;
    private Task _watching = Task.CompletedTask;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedJoinServer.StartAsync(_authority);
        _client = new JoinClient(ScriptedJoinServer.Configuration(_authority, _server.Address), new Proofs(), null, _log.Time, new Random(1), _log);
        _server.Answer(JoinPaths.Leave, 200, """{"node":"n1","evicted":2,"left":0}""");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _watching);
        _client.Dispose();
        await _server.DisposeAsync();
        await _log.DisposeAsync();
        _stop.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [InlineData("Preempt", 30, true, 27, true)]
    [InlineData("Terminate", 300, true, 297, true)]
    [InlineData("Reboot", 900, true, 897, true)]
    [InlineData("Redeploy", 600, true, 597, true)]
    [InlineData("Reboot", 900, false, 0, true)]
    [InlineData("Freeze", 900, true, 0, true)]
    public async Task Each_kind_is_told_then_left_for_where_the_server_says_so_and_then_agreed_to(string kind, int seconds, bool leave, int leaves, bool agrees)
    {
        Notice(leave);
        _announced.Put("e1", kind, _time.GetUtcNow().AddSeconds(seconds), "agents_1");

        Watch();
        await UntilAsync(() => leaves == 0 || Leaves().Count == 1);
        await TickUntilAsync(() => agrees && _announced.Agreed.Contains("e1"));

        Assert.Equal(leaves > 0 ? [(kind, leaves)] : [], Leaves());
        Assert.Contains($"\"kind\":\"{kind}\"", _server.Asked.First(asked => asked.Path == JoinPaths.Notice).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_takes_its_time_to_hear_of_it_leaves_as_much_less_for_the_pods()
    {
        await PreemptHeardAfterAsync(seconds: 17);
        await UntilAsync(() => Leaves().Count == 1);

        Assert.Equal([("Preempt", 10)], Leaves());
    }

    [Fact]
    public async Task An_event_of_other_machines_is_none_of_its_business()
    {
        Notice(leave: true);
        _announced.Put("e1", "Preempt", _time.GetUtcNow().AddSeconds(30), "agents_2");

        Watch();
        await TickAsync(5);

        Assert.Empty(_server.Asked);
        Assert.Empty(_announced.Agreed);
    }

    [Theory]
    [InlineData("Reboot", 1)]
    [InlineData("Freeze", 0)]
    public async Task What_strikes_others_too_is_left_for_but_comes_at_its_time(string kind, int leaves)
    {
        Notice(leave: true);
        _announced.Put("e1", kind, _time.GetUtcNow().AddMinutes(15), "agents_1", "agents_2");

        Watch();
        await TickUntilAsync(() => _server.Count(JoinPaths.Notice) == 1 && Leaves().Count == leaves);
        await TickAsync(5);

        Assert.Empty(_announced.Agreed);
    }

    [Fact]
    public async Task A_server_that_is_away_is_told_when_it_is_back_and_nothing_is_agreed_to_before()
    {
        _server.Answer(JoinPaths.Notice, 500, "");
        _announced.Put("e1", "Terminate", _time.GetUtcNow().AddMinutes(15), "agents_1");

        Watch();
        await TickUntilAsync(() => _server.Count(JoinPaths.Notice) >= 4);
        Assert.Empty(_announced.Agreed);
        Notice(leave: true);

        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));
        Assert.Single(Leaves());
    }

    [Fact]
    public async Task It_is_told_once_until_something_changes_and_again_when_it_is_called_off()
    {
        Notice(leave: true);
        _announced.Put("e1", "Reboot", _time.GetUtcNow().AddMinutes(15), "agents_1");
        Watch();
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));
        await TickAsync(10);
        var told = _server.Count(JoinPaths.Notice);
        _announced.Clear();
        await TickUntilAsync(() => _server.Count(JoinPaths.Notice) == 2);
        await TickAsync(3);

        Assert.Equal((1, 2), (told, _server.Count(JoinPaths.Notice)));
        Assert.Contains("\"notices\":[]", _server.Asked.Last(asked => asked.Path == JoinPaths.Notice).Body, StringComparison.Ordinal);
        Assert.Single(Leaves());
    }

    [Fact]
    public async Task What_is_called_off_is_no_longer_left_for_nor_agreed_to()
    {
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Forget(JoinPaths.Leave);
        _server.Answer(JoinPaths.Leave, http =>
        {
            http.RequestAborted.Register(() => hungUp.TrySetResult());
            return hungUp.Task;
        });
        Notice(leave: true);
        _announced.Put("e1", "Reboot", _time.GetUtcNow().AddMinutes(15), "agents_1");
        Watch();
        await UntilAsync(() => Leaves().Count == 1);

        _announced.Clear();
        await TickUntilAsync(() => hungUp.Task.IsCompleted && _server.Count(JoinPaths.Notice) == 2);
        await TickAsync(3);

        Assert.Contains("\"notices\":[]", _server.Asked.Last().Body, StringComparison.Ordinal);
        Assert.Empty(_announced.Agreed);
    }

    [Fact]
    public async Task A_leave_that_nobody_does_is_not_agreed_to()
    {
        _server.Forget(JoinPaths.Leave);
        _server.Answer(JoinPaths.Leave, 403, """{"error":"refused","message":"no"}""");
        Notice(leave: true);
        _announced.Put("e1", "Preempt", _time.GetUtcNow().AddSeconds(30), "agents_1");

        Watch();
        await TickUntilAsync(() => _server.Count(JoinPaths.Leave) == 1);
        await TickAsync(5);

        Assert.Empty(_announced.Agreed);
        Assert.Equal(1, _server.Count(JoinPaths.Leave));
    }

    [Fact]
    public async Task A_consent_that_the_metadata_service_does_not_take_is_given_again()
    {
        Notice(leave: true);
        _announced.Deaf = 2;
        _announced.Put("e1", "Terminate", _time.GetUtcNow().AddMinutes(5), "agents_1");

        Watch();
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));

        Assert.Single(Leaves());
    }

    [Theory]
    [InlineData("no JSON at all")]
    [InlineData("null")]
    [InlineData("""{"Events":null}""")]
    [InlineData("""{"Events":[{},{"EventId":"","EventType":"Preempt","Resources":["agents_1"]}]}""")]
    [InlineData("""{"Events":[{"EventId":"x","EventType":"Reboot","Resources":null,"NotBefore":"yesterday"}]}""")]
    public async Task What_the_metadata_service_says_that_makes_no_sense_is_passed_over_and_the_next_look_counts(string nonsense)
    {
        Notice(leave: true);
        _announced.Nonsense = nonsense;
        Watch();
        await TickAsync(3);
        Assert.Empty(_server.Asked);

        _announced.Nonsense = null;
        _announced.Put("e1", "Preempt", _time.GetUtcNow().AddSeconds(30), "agents_1");

        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));
    }

    [Fact]
    public async Task Of_several_events_each_is_left_for_and_agreed_to_by_itself()
    {
        Notice(leave: true);
        _announced.Put("e1", "Reboot", _time.GetUtcNow().AddMinutes(15), "agents_1");
        Watch();
        await TickUntilAsync(() => _announced.Agreed.Contains("e1"));
        _announced.Put("e2", "Preempt", _time.GetUtcNow().AddSeconds(30), "agents_1");

        await TickUntilAsync(() => _announced.Agreed.Contains("e2"));

        Assert.Equal(["Reboot", "Preempt"], Leaves().Select(leave => leave.Reason));
        Assert.Equal(["e1", "e2"], _announced.Agreed);
    }

    private void Watch(bool tellsAtOnce = false) => _watching = new EventWatch(
        new ScheduledEvents(new HttpMessageInvoker(_announced), new Uri("http://metadata.test/"), _time, new Random(1)),
        _ => Task.FromResult("agents_1"),
        _client,
        _ => { },
        _time,
        _log).RunAsync(tellsAtOnce, _stop.Token);

    private void Notice(bool leave)
    {
        _server.Forget(JoinPaths.Notice);
        _server.Answer(JoinPaths.Notice, 200, $$"""{"node":"n1","leave":{{(leave ? "true" : "false")}}}""");
    }

    private List<(string Reason, int Seconds)> Leaves() =>
    [
        .. from asked in _server.Asked
           where asked.Path == JoinPaths.Leave
           let body = JsonDocument.Parse(asked.Body).RootElement
           select (body.GetProperty("reason").GetString(), body.GetProperty("secondsLeft").GetInt32()),
    ];

    private Task TickUntilAsync(Func<bool> holds) => UntilAsync(holds, () => TickAsync(1));

    /// <summary>Without a second of the watch passing meanwhile.</summary>
    private Task UntilAsync(Func<bool> holds) => UntilAsync(holds, () => Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Ct));

    private async Task UntilAsync(Func<bool> holds, Func<Task> passAsync)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"It did not come to hold. {string.Join('\n', _log.Lines)}");
            await passAsync();
        }
    }

    /// <summary>A second of the watch passes once all that the last one began has had a moment of real time.</summary>
    private async Task TickAsync(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            var looks = _announced.Looks;
            _time.Advance(TimeSpan.FromSeconds(1));
            for (var left = 10; left > 0; left = _announced.Looks == looks ? left - 1 : 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Ct);
            }
        }
    }

    private sealed class Proofs : IProofOfIdentity
    {
        public Task<Proof> ProveAsync(string nonce, string path, CancellationToken ct) =>
            Task.FromResult(new Proof { Kind = ProofKinds.AzureAttestedDocument, Nonce = nonce, Document = "d" });
    }
}
