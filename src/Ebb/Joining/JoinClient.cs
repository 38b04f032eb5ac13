using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Ebb.Joining;

/// <summary>
/// Asks join servers on behalf of one machine: a nonce, a proof made with it, then the request. Tries one server after the other,
/// and again, until one grants, all refuse, or time is up.
/// </summary>
/// <param name="dial">How servers are reached; null: as the system does.</param>
public sealed partial class JoinClient(
    AgentConfiguration configuration, IProofOfIdentity proof, Dial? dial, TimeProvider time, Random random, ILogger logger) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // A server that is there answers in a fraction of this, unless thousands ask at once.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    // A machine that is being taken away has half a minute in all: one server that is stuck must leave time for the others.
    private static readonly TimeSpan UrgentWithin = TimeSpan.FromSeconds(5);

    // Whoever asks in advance asks again: no server is waited for that has not answered by then.
    private static readonly TimeSpan InAdvanceWithin = TimeSpan.FromSeconds(30);

    // In less than this a node is not emptied.
    private static readonly TimeSpan WorthWaiting = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan ForTheAnswer = TimeSpan.FromSeconds(1);

    // Many machines may have been told the same, and must not all come back at the same instant.
    private const double Spread = 0.25;

    private readonly JoinTransport _transport = new(configuration.Pin, dial);

    // Several requests may be under way at once: a machine tells of one event while it leaves for another.
    private ImmutableArray<Uri> _servers = [.. configuration.Servers.Select(server => new Uri(server))];

    /// <summary>Asks to become a node.</summary>
    /// <exception cref="JoinException">No server granted it.</exception>
    public Task<JoinAnswer> JoinAsync(Func<Proof, JoinRequest> request, TimeSpan within, CancellationToken ct) => AskAsync(
        JoinPaths.Join, AnswerWithin, AnswerWithin, _ => request, JoinJson.Default.JoinRequest, JoinJson.Default.JoinAnswer, within, ct);

    /// <summary>Has the machine's node emptied before the machine stops.</summary>
    /// <param name="left">What time there is; the answer comes within it.</param>
    /// <exception cref="JoinException">No server did it.</exception>
    public Task<LeaveAnswer> LeaveAsync(string reason, TimeSpan left, CancellationToken ct)
    {
        return AskAsync(JoinPaths.Leave, UrgentWithin, left, Request, JoinJson.Default.LeaveRequest, JoinJson.Default.LeaveAnswer, left, ct);

        // Each attempt says what is left by then, less what the answer takes.
        Func<Proof, LeaveRequest> Request(TimeSpan remaining) => p =>
            new LeaveRequest { Proof = p, Reason = reason, SecondsLeft = Math.Max(0, (int)(remaining - ForTheAnswer).TotalSeconds) };
    }

    /// <summary>Has moved off the machine's node what may be moved, long before the machine goes.</summary>
    /// <param name="left">What time there is; the answer comes within half a minute of it.</param>
    /// <exception cref="JoinException">No server did it.</exception>
    public Task<LeaveAnswer> LeaveInAdvanceAsync(string reason, TimeSpan left, CancellationToken ct)
    {
        return AskAsync(
            JoinPaths.Leave, UrgentWithin, InAdvanceWithin, Request, JoinJson.Default.LeaveRequest, JoinJson.Default.LeaveAnswer, InAdvanceWithin, ct);

        Func<Proof, LeaveRequest> Request(TimeSpan remaining) => p => new LeaveRequest
        {
            Proof = p,
            Reason = reason,
            SecondsLeft = (int)(left - (InAdvanceWithin - remaining) - ForTheAnswer).TotalSeconds,
            InAdvance = true,
        };
    }

    /// <summary>Tells all that is announced to the machine now.</summary>
    /// <exception cref="JoinException">No server took it.</exception>
    public Task<NoticeAnswer> NoticeAsync(IReadOnlyList<Notice> notices, TimeSpan within, CancellationToken ct) => AskAsync(
        JoinPaths.Notice,
        UrgentWithin,
        UrgentWithin,
        _ => p => new NoticeRequest { Proof = p, Notices = notices },
        JoinJson.Default.NoticeRequest,
        JoinJson.Default.NoticeAnswer,
        within,
        ct);

    public void Dispose() => _transport.Dispose();

    private async Task<TAnswer> AskAsync<TRequest, TAnswer>(
        string path,
        TimeSpan nonceWithin,
        TimeSpan answerWithin,
        Func<TimeSpan, Func<Proof, TRequest>> request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TAnswer> answerType,
        TimeSpan within,
        CancellationToken ct)
        where TRequest : class
        where TAnswer : class
    {
        var started = time.GetTimestamp();
        var backoff = new Backoff(FirstPause, LongestPause, time, random);
        while (true)
        {
            var last = "";
            var heals = false;
            TimeSpan? told = null;
            foreach (var server in _servers)
            {
                var remaining = within - time.GetElapsedTime(started);
                if (remaining <= TimeSpan.Zero)
                {
                    break;
                }

                var answer = await OnceAsync(server, path, nonceWithin, answerWithin, request, requestType, answerType, remaining, ct);
                if (answer.Granted is { } granted)
                {
                    // Whoever granted is asked first the next time, and whoever was silent last.
                    ImmutableInterlocked.Update(ref _servers, (all, one) => [one, .. all.Remove(one)], server);
                    return granted;
                }

                if (answer.Silent)
                {
                    ImmutableInterlocked.Update(ref _servers, (all, one) => [.. all.Remove(one), one], server);
                }

                var error = answer.Error;
                last = $"{server.Authority}: {error!.Message}";
                heals |= error.RetryAfterSeconds is not null;
                if (error.RetryAfterSeconds is > 0 and var seconds)
                {
                    told = Min(told ?? TimeSpan.MaxValue, TimeSpan.FromSeconds(Math.Min(seconds, 300)));
                }
            }

            if (!heals && last.Length > 0)
            {
                throw new JoinException($"{path} was refused. {last}", refused: true);
            }

            // A server that says when to ask again knows why: what it waits for is over by then. Silence is answered by more and more patience.
            var pause = told is { } wait ? wait * (1 + (Spread * random.NextDouble())) : backoff.Next();
            var left = within - time.GetElapsedTime(started);
            if (pause >= left && nonceWithin == UrgentWithin && left / 2 >= WorthWaiting)
            {
                // The machine goes, whatever the server waits for: better asked too early than never again.
                pause = left / 2;
            }

            if (pause >= left)
            {
                throw new JoinException($"{path} was not granted within {within.TotalSeconds:0} s. {last}", refused: false);
            }

            LogAgain(path, last, pause.TotalSeconds);
            await Task.Delay(pause, time, ct);
        }
    }

    private async Task<Answer<TAnswer>> OnceAsync<TRequest, TAnswer>(
        Uri server,
        string path,
        TimeSpan nonceWithin,
        TimeSpan answerWithin,
        Func<TimeSpan, Func<Proof, TRequest>> request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TAnswer> answerType,
        TimeSpan within,
        CancellationToken ct)
        where TRequest : class
        where TAnswer : class
    {
        var started = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            var nonce = await WithinAsync(nonceWithin, stop => _transport.PostAsync<NonceAnswer, NonceAnswer>(
                server, JoinPaths.Nonce, null, JoinJson.Default.NonceAnswer, JoinJson.Default.NonceAnswer, stop));
            if (nonce.Granted is not { } given)
            {
                return new(null, nonce.Error);
            }

            var proven = await proof.ProveAsync(given.Nonce, path, either.Token);
            var body = request(within - time.GetElapsedTime(started))(proven);
            return await WithinAsync(answerWithin, stop => _transport.PostAsync(server, path, body, requestType, answerType, stop));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Failed($"no answer for {time.GetElapsedTime(started).TotalSeconds:0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or Clouds.CloudException)
        {
            return Failed(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
        }

        async Task<T> WithinAsync<T>(TimeSpan most, Func<CancellationToken, Task<T>> askAsync)
        {
            using var tooLong = new CancellationTokenSource(most, time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(either.Token, tooLong.Token);
            return await askAsync(stop.Token);
        }

        // What heals by itself is worth another attempt, when the backoff says so.
        static Answer<TAnswer> Failed(string why) =>
            new(null, new JoinError { Error = "failed", Message = why, RetryAfterSeconds = 0 }) { Silent = true };
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    [LoggerMessage(LogLevel.Warning, "{Path} was not granted yet ({Reason}); the next attempt is in {Seconds:0.0} s")]
    private partial void LogAgain(string path, string reason, double seconds);
}
