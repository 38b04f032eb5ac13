namespace Ebb.Acting;

/// <summary>The right to act, for one term. Ask <see cref="Holds"/> right before every action.</summary>
public sealed class Leadership
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _deadline;
    private readonly Lock _lock = new();
    private (long Timestamp, DateTimeOffset Wall) _renewed;
    private bool _lost;

    internal Leadership(TimeProvider time, TimeSpan deadline, int term)
    {
        (_time, _deadline, Term) = (time, deadline, term);
        _renewed = Mark();
    }

    /// <summary>Grows with each change of leader; what an earlier term began is told by it.</summary>
    public int Term { get; }

    /// <summary>False for ever once a renewal is overdue or someone else leads: nothing may be done any more.</summary>
    public bool Holds => Left > TimeSpan.Zero;

    /// <summary>How long it holds without a further renewal.</summary>
    public TimeSpan Left
    {
        get
        {
            lock (_lock)
            {
                if (_lost)
                {
                    return TimeSpan.Zero;
                }

                // The steady clock stands still while a machine is suspended, the wall clock may be set: the longer time counts.
                var steady = _time.GetElapsedTime(_renewed.Timestamp);
                var wall = _time.GetUtcNow() - _renewed.Wall;
                var left = _deadline - (steady > wall ? steady : wall);
                _lost = left <= TimeSpan.Zero;
                return _lost ? TimeSpan.Zero : left;
            }
        }
    }

    /// <summary>Now, to be handed to <see cref="Renewed"/>.</summary>
    internal (long Timestamp, DateTimeOffset Wall) Mark() => (_time.GetTimestamp(), _time.GetUtcNow());

    internal void Renewed((long Timestamp, DateTimeOffset Wall) at)
    {
        lock (_lock)
        {
            _renewed = at;
        }
    }

    /// <summary>To be called right before a request that changes something leaves: a process may have been frozen since it decided on it.</summary>
    /// <exception cref="TermOverException">It does not hold any more.</exception>
    public void ThrowIfOver()
    {
        if (!Holds)
        {
            throw new TermOverException();
        }
    }

    internal void Lose()
    {
        lock (_lock)
        {
            _lost = true;
        }
    }
}

/// <summary>What was to be done is not done: by now someone else may act.</summary>
public sealed class TermOverException() : OperationCanceledException("The term is over: someone else may act by now.");
