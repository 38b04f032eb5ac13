namespace Ebb;

/// <summary>Waits between attempts: longer after each failure, never longer than <paramref name="max"/>, jittered.</summary>
public sealed class Backoff(TimeSpan first, TimeSpan max, TimeProvider time, Random random)
{
    // 2^16 times any sensible first delay is past any sensible maximum, and cannot overflow on the way there.
    private const int MaxDoublings = 16;

    private int _failures;

    /// <summary>Starts over with the first delay.</summary>
    public void Succeeded() => _failures = 0;

    /// <summary>Waits for <see cref="Next"/>.</summary>
    public Task FailedAsync(CancellationToken ct) => Task.Delay(Next(), time, ct);

    /// <summary>Counts a failure and gives the delay that is due now, for a caller with something else to do meanwhile.</summary>
    /// <returns>Between half and the whole of the delay.</returns>
    public TimeSpan Next()
    {
        var doubled = first * Math.Pow(2, Math.Min(_failures++, MaxDoublings));
        var delay = doubled < max ? doubled : max;
        return delay * (0.5 + (random.NextDouble() / 2));
    }
}
