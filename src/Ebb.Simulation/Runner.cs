namespace Ebb.Simulation;

/// <summary>
/// Runs asynchronous code on one thread and on virtual time: what can go on goes on, in the order in which it became able to;
/// when nothing can, the clock jumps to the next timer. The same code and the same seed give the same run.
/// </summary>
/// <remarks>
/// All code under it must come back here after an await: what slips to the thread pool would race with the clock. Such a
/// slip is noticed and ends the run.
/// </remarks>
public sealed class Runner(VirtualTime time) : SynchronizationContext
{
    // A timer that sets itself anew for no time at all would hold the clock for ever.
    private const int MostStepsAtOneInstant = 1_000_000;

    private readonly Queue<(SendOrPostCallback Callback, object? State)> _ready = new();
    private readonly List<Task> _tasks = [];
    private int _thread;
    private int _stepsNow;
    private string? _slip;

    public VirtualTime Time { get; } = time;

    /// <summary>After each timer that fired, when all that it let go on has come to a stop.</summary>
    public event Action? Stepped;

    /// <summary>Starts <paramref name="body"/>; its failure ends the run with an exception from <see cref="RunUntil"/>.</summary>
    public void Start(Func<Task> body) => _tasks.Add(Inside(body));

    /// <summary>Runs everything that happens up to and including <paramref name="until"/> and leaves the clock there.</summary>
    public void RunUntil(DateTimeOffset until) =>
        Inside(() =>
        {
            RunReady();
            while (Time.NextDue() is { } due && due <= until)
            {
                Step(due);
            }

            if (until > Time.GetUtcNow())
            {
                Time.Advance(until - Time.GetUtcNow());
            }

            return 0;
        });

    /// <summary>Runs for this long.</summary>
    public void Run(TimeSpan span) => RunUntil(Time.GetUtcNow() + span);

    /// <summary>Runs until the task that <paramref name="body"/> starts has ended, and gives its result.</summary>
    /// <exception cref="TimeoutException">It did not end within <paramref name="atMost"/> of virtual time.</exception>
    public T Complete<T>(Func<Task<T>> body, TimeSpan atMost)
    {
        var until = Time.GetUtcNow() + atMost;
        return Inside(() =>
        {
            var task = body();
            RunReady();
            while (!task.IsCompleted)
            {
                if (Time.NextDue() is not { } due || due > until)
                {
                    throw new TimeoutException($"Not done after {atMost} of virtual time.");
                }

                Step(due);
            }

            return Result(task);
        });
    }

    /// <summary>As the other, for a task without result.</summary>
    public void Complete(Func<Task> body, TimeSpan atMost) =>
        Complete(
            async () =>
            {
                await body();
                return 0;
            },
            atMost);

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (_thread != 0 && _thread != Environment.CurrentManagedThreadId)
        {
            // Kept, not thrown: an exception here would be lost on a thread of the pool.
            _slip ??= $"{d.Method.DeclaringType}.{d.Method.Name} came back from another thread.";
        }

        lock (_ready)
        {
            _ready.Enqueue((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    private void Step(DateTimeOffset due)
    {
        _stepsNow = due > Time.GetUtcNow() ? 0 : _stepsNow + 1;
        if (_stepsNow > MostStepsAtOneInstant)
        {
            throw new InvalidOperationException($"The clock stands still at {due:O}.");
        }

        Time.FireNext();
        RunReady();
        Stepped?.Invoke();
    }

    private void RunReady()
    {
        while (TryTake(out var next))
        {
            next.Callback(next.State);
        }

        if (_slip is { } slip)
        {
            throw new InvalidOperationException($"Simulated code left the simulation's thread: {slip}");
        }

        for (var i = _tasks.Count - 1; i >= 0; i--)
        {
            if (_tasks[i].IsCompleted)
            {
                var task = _tasks[i];
                _tasks.RemoveAt(i);
                if (task.IsFaulted)
                {
                    task.GetAwaiter().GetResult();
                }
            }
        }
    }

    private bool TryTake(out (SendOrPostCallback Callback, object? State) next)
    {
        lock (_ready)
        {
            return _ready.TryDequeue(out next);
        }
    }

    private T Inside<T>(Func<T> body)
    {
        var outer = Current;
        var outerThread = _thread;
        _thread = Environment.CurrentManagedThreadId;
        SetSynchronizationContext(this);
        try
        {
            return body();
        }
        finally
        {
            SetSynchronizationContext(outer);
            _thread = outerThread;
        }
    }

#pragma warning disable VSTHRD002 // The task has ended: this takes its result or its exception, and waits for nothing.
    private static T Result<T>(Task<T> ended) => ended.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
}
