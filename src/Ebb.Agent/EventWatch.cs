using System.Collections.Immutable;
using Ebb.Clouds.Azure;
using Ebb.Joining;
using Microsoft.Extensions.Logging;

namespace Ebb.Agent;

/// <summary>
/// Looks every second for what Azure announces to the machine; tells the join server of all of it, has the node emptied where the
/// server says so, and then agrees that it may begin.
/// </summary>
internal sealed partial class EventWatch(
    ScheduledEvents events, Func<CancellationToken, Task<string>> name, JoinClient server, Action<IReadOnlyList<Notice>> noticed, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A server that is away for longer than this is asked again when the next look finds the event still there.
    private static readonly TimeSpan TellWithin = TimeSpan.FromSeconds(20);

    // What is announced days ahead leaves time for this; a node that has become empty by then can be agreed to.
    private static readonly TimeSpan AskAgain = LeaveRequest.AsksAgainWithin / 2;

    // Nothing depends on how soon a server hears that nothing is announced.
    private static readonly TimeSpan TellOfNothingAgain = TimeSpan.FromMinutes(1);

    // An event that is not there any more needs no consent, and one that is comes at its time without. Of one that is far off there is
    // time to ask again later.
    private const int MostAttempts = 5;

    /// <summary>Events for which nothing is left to do, unless they move to another time.</summary>
    private readonly Dictionary<string, DateTimeOffset?> _done = new(StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, Doing> _doing = new(StringComparer.OrdinalIgnoreCase);
    private ImmutableArray<Notice> _told = [];

    // What the server knew of it is gone there, or is not known here.
    private bool _tellAnew;

    private long? _notToldAt;
    private string? _name;

    /// <summary>Until it is cancelled.</summary>
    /// <param name="tellsAtOnce">
    /// Also that nothing is announced: an agent that ran before this one may have told of something that has been called off since, and
    /// its node would be spared new work until the time of that.
    /// </param>
    public async Task RunAsync(bool tellsAtOnce, CancellationToken ct)
    {
        _tellAnew |= tellsAtOnce;
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                await LookAsync(ct);
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        finally
        {
            // Each ends with the same token, and says itself what became of it.
            await Task.WhenAll(_doing.Values.Select(doing => doing.Over));
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        if (await events.ReadAsync(ct) is not { } announced)
        {
            return;
        }

        // Most looks find nothing, and need not even know who this is.
        ImmutableArray<Duty> duties = [];
        if (announced.Length > 0)
        {
            _name ??= await name(ct);
            duties = [.. announced.Select(e => Duty.Of(e, _name)).OfType<Duty>()];
        }

        ImmutableArray<Notice> notices = [.. duties.Select(duty => duty.Notice)];
        foreach (var id in _done.Keys.Where(id => !announced.Any(e => e.Id.Equals(id, StringComparison.OrdinalIgnoreCase))).ToList())
        {
            _done.Remove(id);
        }

        foreach (var (id, doing) in _doing.ToList())
        {
            var duty = duties.FirstOrDefault(duty => duty.Notice.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
            if (duty?.Notice.At != doing.At || duty is null)
            {
                // Called off: before the server is told so, or the last of this would put back what that takes away. Or it comes at
                // another time than it was left for.
                await doing.End.CancelAsync();
            }
            else if (!doing.Over.IsCompleted)
            {
                continue;
            }

            _doing.Remove(id);
            switch (await doing.Over)
            {
                case Ended.Done:
                    _done[id] = doing.At;
                    break;
                case Ended.CalledOff:
                    _tellAnew = true;
                    break;
            }

            doing.End.Dispose();
        }

        var patient = notices.Length == 0 && _notToldAt is { } at && time.GetElapsedTime(at) < TellOfNothingAgain;
        if (!patient && (_tellAnew || !notices.SequenceEqual(_told)))
        {
            await TellAsync(notices, duties, ct);
        }
    }

    private async Task TellAsync(ImmutableArray<Notice> notices, ImmutableArray<Duty> duties, CancellationToken ct)
    {
        foreach (var notice in notices.Except(_told))
        {
            LogNotice(notice.Kind, notice.Id, notice.At);
        }

        noticed(notices);
        NoticeAnswer answer;
        try
        {
            answer = await server.NoticeAsync(notices, TellWithin, ct);
        }
        catch (JoinException e)
        {
            // The next look tries again; without an answer nothing is agreed to, and the cloud waits as long as it promised.
            LogNotTold(e.Message);
            _notToldAt = time.GetTimestamp();
            return;
        }

        _notToldAt = null;
        _told = notices;
        _tellAnew = false;
        foreach (var duty in duties.Where(d => !IsDone(d.Notice) && !_doing.ContainsKey(d.Notice.Id)))
        {
            // A freeze costs seconds: nothing is moved for it, whatever else is announced.
            var leave = answer.Leave && duty.Notice.Kind != NoticeKinds.Freeze;
            var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
            _doing[duty.Notice.Id] = new Doing(duty.Notice.At, DoAsync(duty, leave, end.Token), end);
        }
    }

    private bool IsDone(Notice notice) => _done.TryGetValue(notice.Id, out var at) && at == notice.At;

    private async Task<Ended> DoAsync(Duty duty, bool leave, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                if (leave && await EmptyAsync(duty, ct) is { } ended)
                {
                    return ended;
                }

                if (!duty.Acknowledge || await AgreeAsync(duty, ct) || duty.LeftAt(time.GetUtcNow()) <= LeaveRequest.Longest)
                {
                    return Ended.Done;
                }

                // Until the event's own time the node would take nothing; by then it may not be empty any more.
                await Task.Delay(AskAgain, time, ct);
            }
        }
        catch (JoinException e)
        {
            // Not agreed to: what time is left is the pods' own.
            LogNotLeft(duty.Notice.Kind, e.Message);
            return Ended.Undone;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // It is called off; or the machine is being stopped, which is a leave of its own.
            return Ended.Undone;
        }
    }

    /// <returns>Null when nothing is left on the node, so that the event may begin.</returns>
    private async Task<Ended?> EmptyAsync(Duty duty, CancellationToken ct)
    {
        var kind = duty.Notice.Kind;
        int? there = null;

        // What is left now: the server may have taken long to hear of it.
        while (duty.LeftAt(time.GetUtcNow()) is var left && left > TimeSpan.Zero)
        {
            var inAdvance = left > LeaveRequest.Longest;
            var answer = inAdvance ? await LeaveInAdvanceAsync(kind, left, ct) : await server.LeaveAsync(kind, left, ct);
            if (answer is { CalledOff: true })
            {
                // To the cloud it is not: consent to any kind would have it begin at once, with pods still at work.
                LogCalledOff(kind, answer.Left);
                return Ended.CalledOff;
            }

            if (answer is not null && (!inAdvance || answer.Evicted > 0 || answer.Left != there))
            {
                LogLeft(kind, answer.Evicted, answer.Left, left);
            }

            there = answer?.Left ?? there;
            if (answer is { Left: 0 } && (duty.Acknowledge || !inAdvance))
            {
                return null;
            }

            if (!inAdvance)
            {
                break;
            }

            var between = left - LeaveRequest.Longest;
            await Task.Delay(between < AskAgain ? between : AskAgain, time, ct);
        }

        // Consent would take from the pods that are left what time there still is.
        return Ended.Done;
    }

    /// <returns>Null when it could not be done now: there is time to ask again.</returns>
    private async Task<LeaveAnswer?> LeaveInAdvanceAsync(string kind, TimeSpan left, CancellationToken ct)
    {
        try
        {
            return await server.LeaveInAdvanceAsync(kind, left, ct);
        }
        catch (JoinException e)
        {
            LogNotLeft(kind, e.Message);
            return null;
        }
    }

    /// <returns>Whether the consent was taken.</returns>
    private async Task<bool> AgreeAsync(Duty duty, CancellationToken ct)
    {
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            if (await events.AcknowledgeAsync(duty.Notice.Id, ct))
            {
                LogAcknowledged(duty.Notice.Kind, duty.Notice.Id);
                return true;
            }

            await Task.Delay(Interval, time, ct);
        }

        LogNotAcknowledged(duty.Notice.Kind, duty.Notice.Id);
        return false;
    }

    /// <summary>What is being done about one event.</summary>
    /// <param name="At">The event's time as it was when this began.</param>
    private sealed record Doing(DateTimeOffset? At, Task<Ended> Over, CancellationTokenSource End);

    private enum Ended
    {
        /// <summary>Nothing is left to do for it.</summary>
        Done,

        Undone,

        /// <summary>By the join server, while the cloud still announces it.</summary>
        CalledOff,
    }

    [LoggerMessage(LogLevel.Warning, "Azure announces {Kind} ({Id}), not before {At:u}")]
    private partial void LogNotice(string kind, string id, DateTimeOffset? at);

    [LoggerMessage(LogLevel.Warning, "The join server could not be told of what Azure announces: {Reason}")]
    private partial void LogNotTold(string reason);

    [LoggerMessage(LogLevel.Information, "For {Kind} in {Time} the node is emptied: {Evicted} pods told to go, {Left} still there")]
    private partial void LogLeft(string kind, int evicted, int left, TimeSpan time);

    [LoggerMessage(LogLevel.Warning, "For {Kind} the join server no longer empties the node, with {Left} pods still there; it is told again what is announced")]
    private partial void LogCalledOff(string kind, int left);

    [LoggerMessage(LogLevel.Information, "Agreed that {Kind} ({Id}) may begin")]
    private partial void LogAcknowledged(string kind, string id);

    [LoggerMessage(LogLevel.Warning, "The metadata service takes no consent to {Kind} ({Id}), which comes at its time unless it takes it later")]
    private partial void LogNotAcknowledged(string kind, string id);

    [LoggerMessage(LogLevel.Warning, "For {Kind} the node was not emptied: {Reason}")]
    private partial void LogNotLeft(string kind, string reason);
}
