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

    // An event that is not there any more needs no consent, and one that is comes at its time without.
    private const int MostAttempts = 5;

    private readonly HashSet<string> _done = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Doing> _doing = new(StringComparer.OrdinalIgnoreCase);
    private ImmutableArray<Notice> _told = [];

    // What the server knew of it is gone there.
    private bool _tellAnew;

    private string? _name;

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
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
        _done.IntersectWith(announced.Select(e => e.Id));
        foreach (var (id, doing) in _doing.ToList())
        {
            if (!duties.Any(duty => duty.Notice.Id.Equals(id, StringComparison.OrdinalIgnoreCase)))
            {
                // Called off: before the server is told so, or the last of this would put back what that takes away.
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
                    _done.Add(id);
                    break;
                case Ended.CalledOff:
                    _tellAnew = true;
                    break;
            }

            doing.End.Dispose();
        }

        if (_tellAnew || !notices.SequenceEqual(_told))
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
            return;
        }

        _told = notices;
        _tellAnew = false;
        foreach (var duty in duties.Where(d => !_done.Contains(d.Notice.Id) && !_doing.ContainsKey(d.Notice.Id)))
        {
            // A freeze costs seconds: nothing is moved for it, whatever else is announced.
            var leave = answer.Leave && duty.Notice.Kind != NoticeKinds.Freeze;
            var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
            _doing[duty.Notice.Id] = new Doing(DoAsync(duty, leave, end.Token), end);
        }
    }

    private async Task<Ended> DoAsync(Duty duty, bool leave, CancellationToken ct)
    {
        try
        {
            // What is left now: the server may have taken long to hear of it.
            if (leave && duty.LeftAt(time.GetUtcNow()) is var left && left > TimeSpan.Zero)
            {
                var answer = await server.LeaveAsync(duty.Notice.Kind, left, ct);
                if (answer.CalledOff)
                {
                    // To the cloud it is not: consent to any kind would have it begin at once, with pods still at work.
                    LogCalledOff(duty.Notice.Kind, answer.Left);
                    return Ended.CalledOff;
                }

                LogLeft(duty.Notice.Kind, answer.Evicted, answer.Left);
                if (answer.Left > 0)
                {
                    // Consent would take from them what time there still is.
                    return Ended.Done;
                }
            }

            if (duty.Acknowledge)
            {
                await AgreeAsync(duty, ct);
            }

            return Ended.Done;
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

    private async Task AgreeAsync(Duty duty, CancellationToken ct)
    {
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            if (await events.AcknowledgeAsync(duty.Notice.Id, ct))
            {
                LogAcknowledged(duty.Notice.Kind, duty.Notice.Id);
                return;
            }

            await Task.Delay(Interval, time, ct);
        }

        LogNotAcknowledged(duty.Notice.Kind, duty.Notice.Id);
    }

    /// <summary>What is being done about one event.</summary>
    private sealed record Doing(Task<Ended> Over, CancellationTokenSource End);

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

    [LoggerMessage(LogLevel.Information, "For {Kind} the node was emptied: {Evicted} pods told to go, {Left} still there")]
    private partial void LogLeft(string kind, int evicted, int left);

    [LoggerMessage(LogLevel.Warning, "For {Kind} the join server no longer empties the node, with {Left} pods still there; it is told again what is announced")]
    private partial void LogCalledOff(string kind, int left);

    [LoggerMessage(LogLevel.Information, "Agreed that {Kind} ({Id}) may begin")]
    private partial void LogAcknowledged(string kind, string id);

    [LoggerMessage(LogLevel.Warning, "{Kind} ({Id}) comes at its time: the metadata service took no consent")]
    private partial void LogNotAcknowledged(string kind, string id);

    [LoggerMessage(LogLevel.Warning, "For {Kind} the node was not emptied: {Reason}")]
    private partial void LogNotLeft(string kind, string reason);
}
