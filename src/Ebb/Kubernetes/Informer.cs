using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Ebb.Kubernetes;

/// <summary>What an informer tells, in order and one call at a time. Calls note the change and return.</summary>
/// <param name="Replaced">The whole of the selection as of now: what is not in it is gone.</param>
/// <param name="Removed">Gets the last state; of something never told of before, now and then.</param>
public sealed record InformerSink<T>(Action<IReadOnlyCollection<T>> Replaced, Action<T> Upserted, Action<T> Removed);

/// <summary>Tells of a selection of objects: lists once, then watches, and heals by itself.</summary>
public sealed partial class Informer<T>(
    KubeClient client,
    Resource<T> resource,
    Selection selection,
    InformerSink<T> sink,
    TimeProvider time,
    Random random,
    ILogger logger)
    where T : V1Object
{
    // As others do, so that a server under many clients sees their watches end at different times.
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromMinutes(5);

    // A watch that ends at once without a word is a fault that merely does not say so.
    private static readonly TimeSpan TooShort = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Backoff _backoff = new(TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(30), time, random);
    private string? _version;

    /// <summary>Completes when the first list is complete.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        // The cache of a server may be behind what was seen before; so it will do for the first list only.
        var fromCache = true;
        while (true)
        {
            try
            {
                if (_version is null)
                {
                    var list = await client.ListAsync(resource, selection, fromCache, ct);
                    Replace(list);
                    fromCache = false;
                }

                await WatchAsync(ct);
                continue;
            }
            catch (KubeException e) when (e.Expired)
            {
                LogExpired(resource.Plural, _version);
                _version = null;
            }
            catch (KubeException e)
            {
                LogBroken(resource.Plural, e.Message);
                await WaitAsync(e.RetryAfter, ct);
            }

            await _backoff.FailedAsync(ct);
        }
    }

    private async Task WatchAsync(CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var heard = false;
        var duration = ShortestWatch * (1 + random.NextDouble());
        await foreach (var change in client.WatchAsync(resource, selection, _version, duration, ct))
        {
            heard = true;
            _backoff.Succeeded();
            Apply(change);
            _version = change.Object.Metadata.ResourceVersion ?? _version;
        }

        if (!heard && time.GetElapsedTime(started) < TooShort)
        {
            throw new KubeException($"WATCH {resource.Plural}", "ended at once.");
        }

        _backoff.Succeeded();
    }

    private Task WaitAsync(TimeSpan? retryAfter, CancellationToken ct) =>
        retryAfter is { } wait && wait > TimeSpan.Zero ? Task.Delay(wait, time, ct) : Task.CompletedTask;

    private void Replace(KubeList<T> list)
    {
        _version = list.ResourceVersion;
        sink.Replaced(list.Items);
        _synced.TrySetResult();
    }

    private void Apply(WatchEvent<T> change)
    {
        switch (change.Kind)
        {
            case WatchEventKind.Added or WatchEventKind.Modified:
                sink.Upserted(change.Object);
                break;
            case WatchEventKind.Deleted:
                sink.Removed(change.Object);
                break;
            case WatchEventKind.Bookmark:
                break;
        }
    }

    [LoggerMessage(LogLevel.Debug, "The watch of {Resource} at {Version} is too old; listing anew")]
    private partial void LogExpired(string resource, string? version);

    [LoggerMessage(LogLevel.Warning, "The watch of {Resource} broke and is taken up again: {Trouble}")]
    private partial void LogBroken(string resource, string trouble);
}
