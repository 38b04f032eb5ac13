namespace Ebb.Acting;

/// <summary>Wakes one waiter. Wakes that come while nobody waits are kept, as one.</summary>
internal sealed class Wake(TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<bool>? _waiter;
    private bool _woken;

    public void Set()
    {
        lock (_lock)
        {
            _woken = _waiter is null;
            _waiter?.SetResult(true);
            _waiter = null;
        }
    }

    /// <returns>True when woken, false when <paramref name="atMost"/> passed without.</returns>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_woken)
            {
                _woken = false;
                return true;
            }

            if (atMost <= TimeSpan.Zero)
            {
                return false;
            }

            _waiter = waiter;
        }

        // A wait that came to its end by the clock is no exception: it is how most waits end.
        await using var timer = time.CreateTimer(_ => End(waiter), null, atMost, Timeout.InfiniteTimeSpan);
        using var cancelled = ct.UnsafeRegister(_ => End(waiter), null);
        var woken = await waiter.Task;
        ct.ThrowIfCancellationRequested();
        return woken;
    }

    private void End(TaskCompletionSource<bool> waiter)
    {
        lock (_lock)
        {
            if (_waiter == waiter)
            {
                _waiter = null;
                waiter.SetResult(false);
            }
        }
    }
}
