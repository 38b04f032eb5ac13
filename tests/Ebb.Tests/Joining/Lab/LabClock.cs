namespace Ebb.Tests.Joining.Lab;

/// <summary>The system's clock, which a test may set forward or hold. Timers that run do not notice; those that are made while it is held begin when it goes on.</summary>
internal sealed class LabClock : TimeProvider
{
    private readonly Lock _lock = new();
    private TimeSpan _ahead;
    private readonly List<Action> _begin = [];
    private long? _heldAt;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return base.GetUtcNow() + _ahead;
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _heldAt ?? base.GetTimestamp() + (long)(_ahead.TotalSeconds * TimestampFrequency);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            if (_heldAt is null)
            {
                return base.CreateTimer(callback, state, dueTime, period);
            }

            var timer = base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _begin.Add(() => timer.Change(dueTime, period));
            return timer;
        }
    }

    public void SetForward(TimeSpan by)
    {
        lock (_lock)
        {
            _ahead += by;
        }
    }

    /// <summary>No time passes for whoever measures it, until it goes on from where it would be by then.</summary>
    public void Hold()
    {
        var now = GetTimestamp();
        lock (_lock)
        {
            _heldAt = now;
        }
    }

    public void GoOn()
    {
        lock (_lock)
        {
            _heldAt = null;
            _begin.ForEach(begin => begin());
            _begin.Clear();
        }
    }
}
