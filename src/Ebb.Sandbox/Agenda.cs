namespace Ebb.Sandbox;

/// <summary>
/// What a world has to do and when: the one clock and the one lock of everything in a sandbox. Entries run one at a time
/// under <see cref="Gate"/>, ordered by due time, then by the order in which they were made. On a virtual clock the same
/// calls give the same run.
/// </summary>
public sealed class Agenda : IDisposable
{
    private readonly TimeProvider _time;
    private readonly PriorityQueue<Entry, (DateTimeOffset Due, long Order)> _entries = new();
    private readonly ITimer _timer;
    private DateTimeOffset _armedFor = DateTimeOffset.MaxValue;
    private long _order;
    private bool _running;

    public Agenda(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(_ => RunDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Guards all state of all worlds on this agenda. Whoever reads or changes a world from outside holds it.</summary>
    public Lock Gate { get; } = new();

    public TimeProvider Time => _time;

    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Runs <paramref name="action"/> once, after <paramref name="delay"/>; zero: after what is due already.</summary>
    /// <returns>Cancels the entry when it has not run yet.</returns>
    public Entry In(TimeSpan delay, Action action)
    {
        lock (Gate)
        {
            var entry = new Entry(action);
            _entries.Enqueue(entry, (Now + delay, _order++));
            Arm();
            return entry;
        }
    }

    /// <summary>Reads something under the gate.</summary>
    public T Held<T>(Func<T> read)
    {
        lock (Gate)
        {
            return read();
        }
    }

    public void Dispose() => _timer.Dispose();

    private void RunDue()
    {
        lock (Gate)
        {
            _armedFor = DateTimeOffset.MaxValue;
            _running = true;
            try
            {
                while (_entries.TryPeek(out var entry, out var key) && key.Due <= Now)
                {
                    _entries.Dequeue();
                    entry.Run();
                }
            }
            finally
            {
                _running = false;
                Arm();
            }
        }
    }

    private void Arm()
    {
        while (_entries.TryPeek(out var entry, out _) && entry.Cancelled)
        {
            _entries.Dequeue();
        }

        if (_running || !_entries.TryPeek(out _, out var next) || next.Due >= _armedFor)
        {
            return;
        }

        _armedFor = next.Due;
        var wait = next.Due - Now;

        // Timers count whole milliseconds: rounded up, so that the entry is due when the timer fires.
        var milliseconds = wait <= TimeSpan.Zero ? 0 : Math.Ceiling(wait.TotalMilliseconds);
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }

    /// <summary>One thing to do.</summary>
    public sealed class Entry(Action action)
    {
        private Action? _action = action;

        public bool Cancelled => _action is null;

        public void Cancel() => _action = null;

        internal void Run()
        {
            var action = _action;
            _action = null;
            action?.Invoke();
        }
    }
}
