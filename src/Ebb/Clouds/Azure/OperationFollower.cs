using System.Collections.Immutable;
using System.Threading.Channels;
using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Clouds.Azure;

/// <summary>Follows accepted operations to their end and keeps how they ended until someone reads it.</summary>
internal sealed partial class OperationFollower(ArmClient arm, TimeProvider time, ILogger logger)
{
    // Azure's own time limit for an operation on a scale set is about this long: whatever takes longer has no end.
    private static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly List<Followed> _followed = [];
    private readonly Dictionary<string, Ends> _ended = new(StringComparer.OrdinalIgnoreCase);
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<TaskCompletionSource> _waiting = [];
    private bool _news;
    private long _numbers;

    public void Follow(AzureOperation operation, TimeSpan? retryAfter)
    {
        lock (_lock)
        {
            operation = operation with { StartedAt = time.GetUtcNow(), Number = ++_numbers };
            _followed.Add(new Followed(operation, time.GetTimestamp()) { Wait = retryAfter ?? OperationProgress.PollEvery, AskedAt = time.GetTimestamp() });
        }

        _bell.Writer.TryWrite(true);
    }

    /// <summary>No operation to follow, but a read is due that looks at the machines.</summary>
    public void LookAgain(Pool pool) => Note(pool, growth: null, []);

    /// <summary>Completes once an operation has ended since the last <see cref="Reading"/>.</summary>
    public async Task ChangedAsync(CancellationToken ct)
    {
        // Awaited as it is: Task.WaitAsync would come back by way of the thread pool, away from a simulation's one thread.
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_news)
            {
                return;
            }

            _waiting.Add(changed);
        }

        using var cancelled = ct.UnsafeRegister(_ => Forget(changed, ct), null);
        await changed.Task;
    }

    /// <summary>A read begins: it will show whatever ended before.</summary>
    public void Reading()
    {
        lock (_lock)
        {
            _news = false;
        }
    }

    public ImmutableArray<AzureOperation> InFlight(string pool)
    {
        lock (_lock)
        {
            return [.. from f in _followed where f.Operation.Pool.Name.Equals(pool, StringComparison.OrdinalIgnoreCase) select f.Operation];
        }
    }

    /// <summary>Whether an operation on this pool ended since this was last asked.</summary>
    public bool TakeEnded(string pool)
    {
        lock (_lock)
        {
            var ended = _ended.TryGetValue(pool, out var ends) && ends.Unseen;
            if (ended)
            {
                ends!.Unseen = false;
            }

            return ended;
        }
    }

    public ImmutableArray<GrowFailure> TakeFailures(string pool)
    {
        lock (_lock)
        {
            if (!_ended.TryGetValue(pool, out var ends))
            {
                return [];
            }

            var failures = ends.Failures.ToImmutableArray();
            ends.Failures.Clear();
            return failures;
        }
    }

    public ImmutableArray<OperationFailure> TakeOperationFailures(string pool)
    {
        lock (_lock)
        {
            if (!_ended.TryGetValue(pool, out var ends))
            {
                return [];
            }

            var failures = ends.OperationFailures.ToImmutableArray();
            ends.OperationFailures.Clear();
            return failures;
        }
    }

    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            var (next, wait) = Next();
            if (next is not null && wait <= TimeSpan.Zero)
            {
                await PollAsync(next, ct);
            }
            else
            {
                await RestAsync(next is null ? Timeout.InfiniteTimeSpan : wait, ct);
            }
        }
    }

    private (Followed? Next, TimeSpan Wait) Next()
    {
        lock (_lock)
        {
            var next = _followed.MinBy(f => f.Wait - time.GetElapsedTime(f.AskedAt));
            return (next, next is null ? TimeSpan.Zero : next.Wait - time.GetElapsedTime(next.AskedAt));
        }
    }

    private async Task RestAsync(TimeSpan wait, CancellationToken ct)
    {
        using var alarm = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, alarm.Token);
        try
        {
            await _bell.Reader.WaitToReadAsync(either.Token);
            _bell.Reader.TryRead(out _);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The next poll is due.
        }
    }

    private async Task PollAsync(Followed followed, CancellationToken ct)
    {
        TimeSpan wait;
        try
        {
            var progress = await OperationProgress.AskAsync(arm, followed.Operation, ct);
            if (progress is OperationProgress.Ended ended)
            {
                End(followed, ended.Error);
                return;
            }

            wait = ((OperationProgress.Running)progress).Wait;
        }
#pragma warning disable CA1031 // One bad poll (no token, say) must not stop the loop; it is logged and tried again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogPollFailed(followed.Operation.Kind, followed.Operation.Pool.Name, e);
            wait = OperationProgress.AfterTrouble;
        }

        if (time.GetElapsedTime(followed.StartedAt) > Limit)
        {
            End(followed, new ArmError("NoEnd", $"Azure has not finished this within {Limit.TotalMinutes} min."));
            return;
        }

        lock (_lock)
        {
            followed.Wait = wait;
            followed.AskedAt = time.GetTimestamp();
        }
    }

    private void End(Followed followed, ArmError? error)
    {
        var operation = followed.Operation;
        GrowFailure? growth = null;
        ImmutableArray<OperationFailure> failures = [];
        lock (_lock)
        {
            _followed.Remove(followed);

            // A later grow of ours took this one over: what it asked for is part of that one's capacity.
            var overtaken = error?.Code is "OperationPreempted"
                && _followed.Exists(f => f.Operation.Number > operation.Number && f.Operation.Pool.Name == operation.Pool.Name);
            if (error is not null && !overtaken)
            {
                LogFailed(operation.Kind, operation.Machines, operation.Pool.Name, error.Code, error.Message);
                growth = operation.Adds ? AzureFailures.Of(error, operation.Pool.Priority, time.GetUtcNow()) : null;
                failures = AzureFailures.Of(error, operation);
            }
        }

        Note(operation.Pool, growth, failures);
    }

    private void Note(Pool pool, GrowFailure? growth, ImmutableArray<OperationFailure> failures)
    {
        lock (_lock)
        {
            if (!_ended.TryGetValue(pool.Name, out var ends))
            {
                _ended[pool.Name] = ends = new Ends();
            }

            ends.Unseen = true;
            if (growth is not null)
            {
                Keep(ends.Failures, growth);
            }

            foreach (var failure in failures)
            {
                Keep(ends.OperationFailures, failure);
            }

            _news = true;
            _waiting.ForEach(waiting => waiting.TrySetResult());
            _waiting.Clear();
        }
    }

    private static void Keep<T>(Queue<T> queue, T item)
    {
        queue.Enqueue(item);

        // Nobody reads: the latest are the ones that count. A scale set has a thousand machines at most.
        if (queue.Count > 1000)
        {
            queue.Dequeue();
        }
    }

    private void Forget(TaskCompletionSource waiting, CancellationToken ct)
    {
        lock (_lock)
        {
            _waiting.Remove(waiting);
        }

        waiting.TrySetCanceled(ct);
    }

    private sealed class Followed(AzureOperation operation, long startedAt)
    {
        public AzureOperation Operation { get; } = operation;

        public long StartedAt { get; } = startedAt;

        public long AskedAt { get; set; }

        public TimeSpan Wait { get; set; }
    }

    private sealed class Ends
    {
        public bool Unseen { get; set; }

        public Queue<GrowFailure> Failures { get; } = [];

        public Queue<OperationFailure> OperationFailures { get; } = [];
    }

    [LoggerMessage(LogLevel.Warning, "To {Kind} {Machines} machines of pool {Pool} failed: {Code}: {Message}")]
    private partial void LogFailed(string kind, int machines, string pool, string code, string message);

    [LoggerMessage(LogLevel.Warning, "Could not ask how it goes to {Kind} machines of pool {Pool}")]
    private partial void LogPollFailed(string kind, string pool, Exception e);
}
