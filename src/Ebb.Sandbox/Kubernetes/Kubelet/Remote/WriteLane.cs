using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>Something that an API server is to be told, again whenever it has changed: never twice at once.</summary>
internal abstract class PendingWrite
{
    /// <summary>It has something to say. Under the gate.</summary>
    public bool Queued { get; set; }

    /// <summary>It is being said. Under the gate.</summary>
    public bool Busy { get; set; }

    /// <summary>Says what is to be said now; nothing when that no longer matters.</summary>
    /// <returns>False when it has to be tried again.</returns>
    public abstract Task<bool> WriteAsync(CancellationToken ct);
}

/// <summary>
/// Writes in the order in which they became due, a few at a time, until each has worked. Of what changes while it waits only the last
/// state is written, so that however long the API server is away, no more waits than there are objects.
/// </summary>
internal sealed partial class WriteLane(string name, int writers, Agenda agenda, Random random, ILogger logger)
{
    private readonly Channel<PendingWrite> _due = Channel.CreateUnbounded<PendingWrite>();
    private string? _trouble;

    /// <summary>How many wait.</summary>
    public int Waiting => _due.Reader.Count;

    /// <summary>Under the gate.</summary>
    public void Add(PendingWrite write)
    {
        if (!write.Queued)
        {
            write.Queued = true;
            Enqueue(write);
        }
    }

    public Task RunAsync(CancellationToken ct)
    {
        // A Random is for one at a time.
        var randoms = Enumerable.Range(0, writers).Select(_ => new Random(random.Next())).ToList();
        return Task.WhenAll(randoms.Select(own => WorkAsync(new Backoff(own), ct)));
    }

    private async Task WorkAsync(Backoff backoff, CancellationToken ct)
    {
        await foreach (var write in _due.Reader.ReadAllAsync(ct))
        {
            lock (agenda.Gate)
            {
                (write.Queued, write.Busy) = (false, true);
            }

            var done = await TryAsync(write, ct);
            lock (agenda.Gate)
            {
                write.Busy = false;
                write.Queued |= !done;
                if (write.Queued)
                {
                    Enqueue(write);
                }
            }

            if (done)
            {
                backoff.Succeeded();
            }
            else
            {
                await Task.Delay(backoff.Next(), agenda.Time, ct);
            }
        }
    }

    private async Task<bool> TryAsync(PendingWrite write, CancellationToken ct)
    {
        try
        {
            var done = await write.WriteAsync(ct);
            Note(done ? null : "it asks for patience");
            return done;
        }
        catch (Exception e) when (!ct.IsCancellationRequested
            && e is HttpRequestException or IOException or TimeoutException or JsonException)
        {
            Note(e.Message);
            return false;
        }
    }

    private void Enqueue(PendingWrite write)
    {
        if (!write.Busy)
        {
            _due.Writer.TryWrite(write);
        }
    }

    private void Note(string? trouble)
    {
        var before = Interlocked.Exchange(ref _trouble, trouble);
        if (before is null && trouble is not null)
        {
            LogTrouble(name, trouble);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The API server does not take what hollow kubelets say of {What}, will try again: {Trouble}")]
    private partial void LogTrouble(string what, string trouble);
}
