namespace Ebb.Simulation;

/// <summary>A clock that moves only when told to; timers fire in order of their due time, then of their making.</summary>
public sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private readonly PriorityQueue<VirtualTimer, (DateTimeOffset Due, long Order)> _timers = new();
    private readonly Lock _lock = new();
    private DateTimeOffset _now = start;
    private long _order;

    public VirtualTime()
        : this(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>When the next timer is due; null when none is set.</summary>
    public DateTimeOffset? NextDue()
    {
        lock (_lock)
        {
            Prune();
            return _timers.TryPeek(out _, out var key) ? key.Due : null;
        }
    }

    /// <summary>Moves the clock on by <paramref name="span"/>, firing on the way all that becomes due.</summary>
    public void Advance(TimeSpan span)
    {
        var until = GetUtcNow() + span;
        while (NextDue() is { } due && due <= until)
        {
            FireNext();
        }

        lock (_lock)
        {
            _now = until;
        }
    }

    /// <summary>Moves the clock to the next timer and fires that one only; false when none is set.</summary>
    public bool FireNext()
    {
        VirtualTimer? timer;
        lock (_lock)
        {
            Prune();
            if (!_timers.TryDequeue(out timer, out var key))
            {
                return false;
            }

            if (key.Due > _now)
            {
                _now = key.Due;
            }

            timer.Fired();
        }

        timer.Callback(timer.State);
        return true;
    }

    private void Prune()
    {
        while (_timers.TryPeek(out var timer, out var key) && timer.Order != key.Order)
        {
            _timers.Dequeue();
        }
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public TimerCallback Callback { get; } = callback;

        public object? State { get; } = state;

        /// <summary>The order of its valid entry in the queue; any other entry of this timer is stale.</summary>
        public long Order { get; private set; } = -1;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                _period = period;
                Order = -1;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Enqueue(dueTime);
                }

                return true;
            }
        }

        public void Fired()
        {
            Order = -1;
            if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero)
            {
                Enqueue(_period);
            }
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Enqueue(TimeSpan dueTime)
        {
            Order = time._order++;
            time._timers.Enqueue(this, (time._now + dueTime, Order));
        }
    }
}
