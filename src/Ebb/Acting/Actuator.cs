using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>
/// Carries out a plan. Every action may be done twice, and stopping between any two of them loses nothing: the next plan
/// starts from what both sides show then. One action that fails does not stop the others.
/// </summary>
public sealed partial class Actuator(
    ICloud cloud, IKubernetes kubernetes, Leadership leadership, TimeProvider time, Random random, ILogger<Actuator> logger)
{
    // Enough to read a hundred nodes in a second, few enough that an API server does not notice.
    private const int ReadsAtOnce = 8;

    private static readonly NodeChange NotIdle = new()
    {
        Retiring = "",
        Annotations = new Dictionary<string, string?>
        {
            [Marks.RetiringSince] = null,
            [Marks.IdleSince] = null,
            [Marks.Removing] = null,
        },
    };

    private static readonly NodeChange NotRemoving = new()
    {
        Annotations = new Dictionary<string, string?> { [Marks.Removing] = null },
    };

    private readonly Holds _holds = new(time, random);

    /// <param name="term">Cancelled when leadership is lost, which also is checked before each action.</param>
    /// <exception cref="OperationCanceledException">The term is over.</exception>
    public async Task<Acted> ActAsync(Plan plan, CancellationToken term)
    {
        var acted = new Acted();
        var decisions = plan.Decisions;
        for (var i = 0; i < decisions.Length;)
        {
            StopIfOver(term);
            var run = RunOfAlike(decisions, i);
            i += run.Length;
            switch (run[0])
            {
                case Decision.Steer or Decision.Cordon or Decision.Release or Decision.NoteIdle:
                    await ChangeNodesAsync(run, acted, term);
                    break;
                case Decision.Remember:
                    await RememberAsync(run, acted, term);
                    break;
                case Decision.Grow grow:
                    await TryAsync(Growing(grow.Pool.Pool.Name), acted, () => GrowAsync(grow, acted, term), term);
                    break;
                case Decision.Remove remove:
                    await TryAsync(Removing(remove.Pool.Pool.Name), acted, () => RemoveAsync(remove, acted, term), term);
                    break;
                case Decision.Evict evict:
                    await TryAsync($"evict pod {evict.Namespace}/{evict.Pod}", acted, () => EvictAsync(evict, term), term);
                    break;
                case Decision.DeleteNode delete:
                    await TryAsync($"delete node {delete.Node}", acted, () => DeleteNodeAsync(delete, term), term);
                    break;
            }
        }

        return acted;
    }

    /// <summary>Changes to nodes, and notes, go together; everything else one by one in the plan's order.</summary>
    private static ImmutableArray<Decision> RunOfAlike(ImmutableArray<Decision> decisions, int from)
    {
        var kind = Kind(decisions[from]);
        var to = from + 1;
        while (kind != 0 && to < decisions.Length && Kind(decisions[to]) == kind)
        {
            to++;
        }

        return decisions[from..to];

        static int Kind(Decision decision) => decision switch
        {
            Decision.Steer or Decision.Cordon or Decision.Release or Decision.NoteIdle => 1,
            Decision.Remember => 2,
            _ => 0,
        };
    }

    private async Task ChangeNodesAsync(ImmutableArray<Decision> run, Acted acted, CancellationToken term)
    {
        var changes = new Dictionary<string, NodeChange>();
        foreach (var decision in run)
        {
            switch (decision)
            {
                case Decision.Steer steer:
                    Mark(steer.Node, "PreferNoSchedule", time.GetUtcNow());
                    break;
                case Decision.Cordon cordon:
                    Mark(cordon.Node, "NoSchedule", time.GetUtcNow());
                    LogCordon(cordon.Node, cordon.Reason);
                    break;
                case Decision.Release release:
                    Mark(release.Node, "", null);
                    Annotate(release.Node, Marks.Removing, null);
                    LogRelease(release.Node, release.Reason);
                    break;
                case Decision.NoteIdle note:
                    Annotate(note.Node, Marks.IdleSince, note.Since is { } since ? Rfc3339(since) : null);
                    break;
            }
        }

        await ForEachAsync(
            [.. changes],
            change => TryAsync(
                $"mark node {change.Key}", acted, () => kubernetes.ChangeNodeAsync(change.Key, change.Value, term), term));

        void Mark(string node, string effect, DateTimeOffset? since)
        {
            changes[node] = Change(node) with { Retiring = effect };
            Annotate(node, Marks.RetiringSince, since is { } at ? Rfc3339(at) : null);
        }

        void Annotate(string node, string key, string? value) =>
            changes[node] = Change(node) with
            {
                Annotations = new Dictionary<string, string?>(Change(node).Annotations) { [key] = value },
            };

        NodeChange Change(string node) => changes.GetValueOrDefault(node) ?? new NodeChange();
    }

    private async Task RememberAsync(ImmutableArray<Decision> run, Acted acted, CancellationToken term)
    {
        var notes = new Dictionary<string, string?>();
        foreach (var decision in run)
        {
            if (decision is Decision.Remember remember)
            {
                notes[remember.Key] = remember.Value;
            }
        }

        await TryAsync(
            "write down notes",
            acted,
            async () =>
            {
                await kubernetes.RememberAsync(notes, term);
                foreach (var (key, value) in notes)
                {
                    acted.Notes[key] = value;
                }
            },
            term);
    }

    private async Task GrowAsync(Decision.Grow grow, Acted acted, CancellationToken term)
    {
        var pool = grow.Pool.Pool.Name;

        // Until an answer says what came of it, the last view of this pool is not to be believed.
        acted.Doubtful.Add(pool);
        var result = await cloud.GrowAsync(grow.Pool, grow.By, term);
        if (result is not (GrowResult.Changed or GrowResult.Unknown))
        {
            acted.Doubtful.Remove(pool);
        }

        switch (result)
        {
            case GrowResult.Growing growing:
                acted.Grown[pool] = growing.Capacity;
                LogGrowing(pool, growing.Asked, growing.Capacity, grow.Reason);
                var done = growing.Asked == 0 ? $"is asked again for its {growing.Capacity}" : $"grows by {growing.Asked} to {growing.Capacity}";
                await TellAsync(AboutPools, false, "Grow", $"Pool {pool} {done}: {grow.Reason}", term);
                break;
            case GrowResult.Changed changed:
                LogChanged(pool, changed.Capacity);
                break;
            case GrowResult.Refused refused:
                LogRefused(pool, grow.By, refused.Failure.Code, refused.Failure.Message);
                acted.Failures.Add((pool, refused.Failure));
                await TellAsync(AboutPools, true, "GrowRefused", $"Pool {pool} cannot grow: {refused.Failure.Code}: {refused.Failure.Message}", term);
                break;
            case GrowResult.Throttled throttled:
                Throttled(Growing(pool), throttled.RetryAfter);
                break;
            case GrowResult.Unknown unknown:
                LogUnknown(Growing(pool), unknown.Why);
                break;
        }
    }

    private async Task RemoveAsync(Decision.Remove remove, Acted acted, CancellationToken term)
    {
        var pool = remove.Pool.Pool.Name;
        var cleared = new Departure?[remove.Departures.Length];
        await ForEachAsync(
            [.. Enumerable.Range(0, cleared.Length)],
            async i =>
            {
                var departure = remove.Departures[i];
                var name = departure.Node ?? departure.Machine.Name;
                await TryAsync(
                    $"look at {name} before its removal",
                    acted,
                    async () => cleared[i] = await IsClearAsync(departure, term) ? departure : null,
                    term);
            });

        Departure[] going = [.. cleared.OfType<Departure>()];
        if (going.Length == 0)
        {
            return;
        }

        StopIfOver(term);
        acted.Doubtful.Add(pool);
        var result = await AskToRemoveAsync(remove.Pool, going, term);
        if (result is not RemoveResult.Unknown)
        {
            acted.Doubtful.Remove(pool);
        }

        switch (result)
        {
            case RemoveResult.Removing:
                acted.Removed.AddRange(going.Select(departure => departure.Machine));
                foreach (var departure in going)
                {
                    LogRemoving(departure.Machine.Name, pool, departure.Reason);
                    var about = departure.Node is { } node ? AboutNode(node) : AboutPools;
                    await TellAsync(about, false, "Remove", $"Machine {departure.Machine.Name} of pool {pool} is removed: {departure.Reason}", term);
                }

                break;
            case RemoveResult.Throttled throttled:
                Throttled(Removing(pool), throttled.RetryAfter);
                break;
            case RemoveResult.Unknown unknown:
                LogUnknown(Removing(pool), unknown.Why);
                break;
        }
    }

    private async Task<RemoveResult> AskToRemoveAsync(PoolView pool, Departure[] going, CancellationToken term)
    {
        try
        {
            return await cloud.RemoveAsync(pool, [.. going.Select(departure => departure.Machine)], term);
        }
        catch (CloudException e) when ((int?)e.Status is >= 400 and < 500)
        {
            // Surely refused, so the machines stay: their nodes are not to bear the mark of those that go.
            foreach (var departure in going)
            {
                if (departure.Node is { } node)
                {
                    await kubernetes.ChangeNodeAsync(node, NotRemoving, term);
                }
            }

            throw;
        }
    }

    private async Task<bool> IsClearAsync(Departure departure, CancellationToken term)
    {
        if (departure.Node is not { } node)
        {
            return true;
        }

        // Marked before the last look, not after it: nothing is to lie between that look and the removal.
        var mark = new Dictionary<string, string?> { [Marks.Removing] = Rfc3339(time.GetUtcNow()) };
        if (await kubernetes.ChangeNodeAsync(node, new NodeChange { Annotations = mark }, term) is ChangeResult.Gone)
        {
            LogNotAsPlanned(node);
            return false;
        }

        switch (await LastLook.AtAsync(kubernetes, node, departure.Machine, time.GetUtcNow(), term))
        {
            case LastLook.Clear:
                return true;
            case LastLook.Work work:
                LogReleaseBusy(node, work.Pod);
                await kubernetes.ChangeNodeAsync(node, NotIdle, term);
                return false;
            default:
                // Another picture than the one planned on. The next plan sees it too.
                LogNotAsPlanned(node);
                await kubernetes.ChangeNodeAsync(node, NotRemoving, term);
                return false;
        }
    }

    private async Task EvictAsync(Decision.Evict evict, CancellationToken term)
    {
        var result = await kubernetes.EvictAsync(evict.Namespace, evict.Pod, evict.Uid, term);
        if (result is EvictResult.Evicting)
        {
            LogEvicting(evict.Namespace, evict.Pod, evict.Node, evict.Reason);
        }
    }

    private async Task DeleteNodeAsync(Decision.DeleteNode delete, CancellationToken term)
    {
        await kubernetes.DeleteNodeAsync(delete.Node, delete.Uid, term);
        LogNodeDeleted(delete.Node, delete.Reason);
    }

    private async Task TellAsync(V1ObjectReference about, bool warning, string reason, string message, CancellationToken term)
    {
        try
        {
            await kubernetes.TellAsync(about, warning, reason, message, term);
        }
        catch (Exception e) when (!IsStop(e, term))
        {
            // An event is a courtesy: what it speaks of has been done all the same.
            LogNotTold(reason, e.Message);
        }
    }

    /// <summary>One thing that fails must not keep the others from being done; the next plan tries it anew.</summary>
    private async Task TryAsync(string what, Acted acted, Func<Task> action, CancellationToken term)
    {
        StopIfOver(term);
        if (_holds.Until(what) is null)
        {
            try
            {
                await action();
                if (_holds.Until(what) is null)
                {
                    _holds.Succeeded(what);
                }
            }
            catch (Exception e) when (!IsStop(e, term))
            {
                if (_holds.Failed(what, e.Message))
                {
                    LogFailed(what, e.Message);
                }
            }
        }

        if (_holds.Until(what) is { } until)
        {
            acted.HeldUntil(until);
        }
    }

    private void StopIfOver(CancellationToken term)
    {
        term.ThrowIfCancellationRequested();
        if (!leadership.Holds)
        {
            throw new OperationCanceledException("The term is over: someone else may act by now.");
        }
    }

    private bool IsStop(Exception e, CancellationToken term) =>
        e is OperationCanceledException && (term.IsCancellationRequested || !leadership.Holds);

    private void Throttled(string what, TimeSpan wait)
    {
        _holds.Hold(what, wait);
        LogThrottled(what, wait);
    }

    /// <summary>Runs <paramref name="body"/> for each, a few at once, started in order.</summary>
    private static Task ForEachAsync<T>(IReadOnlyList<T> items, Func<T, Task> body)
    {
        var next = 0;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(ReadsAtOnce, items.Count)).Select(_ => WorkAsync()).ToArray());

        async Task WorkAsync()
        {
            while (Interlocked.Increment(ref next) - 1 is var i && i < items.Count)
            {
                await body(items[i]);
            }
        }
    }

    private static string Growing(string pool) => $"grow pool {pool}";

    private static string Removing(string pool) => $"remove machines of pool {pool}";

    private static string Rfc3339(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");

    private static V1ObjectReference AboutNode(string node) =>
        new() { ApiVersion = "v1", Kind = "Node", Name = node, Uid = node };

    /// <summary>A pool is no Kubernetes object; what befalls it is told about the ConfigMap that holds our notes.</summary>
    private static V1ObjectReference AboutPools { get; } =
        new() { ApiVersion = "v1", Kind = "ConfigMap", Namespace = Marks.Namespace, Name = Marks.MemoryName };

    [LoggerMessage(LogLevel.Information, "Cordoned {Node}: {Reason}")]
    private partial void LogCordon(string node, string reason);

    [LoggerMessage(LogLevel.Information, "Released {Node}: {Reason}")]
    private partial void LogRelease(string node, string reason);

    [LoggerMessage(LogLevel.Information, "Released {Node}: a last look before its removal found pod {Pod}")]
    private partial void LogReleaseBusy(string node, string pod);

    [LoggerMessage(LogLevel.Information, "Kept {Node} for now: it is not as it was planned on")]
    private partial void LogNotAsPlanned(string node);

    [LoggerMessage(LogLevel.Information, "Pool {Pool} grows by {By} to {Capacity}: {Reason}")]
    private partial void LogGrowing(string pool, int by, int capacity, string reason);

    [LoggerMessage(LogLevel.Information, "Pool {Pool} changed to {Capacity} machines since it was read; reading again")]
    private partial void LogChanged(string pool, int capacity);

    [LoggerMessage(LogLevel.Warning, "The cloud refused {By} more machines for pool {Pool}: {Code}: {Message}")]
    private partial void LogRefused(string pool, int by, string code, string message);

    [LoggerMessage(LogLevel.Warning, "The request to {Call} got no answer ({Why}); reading again")]
    private partial void LogUnknown(string call, string why);

    [LoggerMessage(LogLevel.Warning, "The cloud asks to wait {Wait} before the next request to {Call}")]
    private partial void LogThrottled(string call, TimeSpan wait);

    [LoggerMessage(LogLevel.Information, "Removed machine {Machine} of pool {Pool}: {Reason}")]
    private partial void LogRemoving(string machine, string pool, string reason);

    [LoggerMessage(LogLevel.Information, "Evicting pod {Namespace}/{Pod} from {Node}: {Reason}")]
    private partial void LogEvicting(string @namespace, string pod, string node, string reason);

    [LoggerMessage(LogLevel.Information, "Deleted node {Node}: {Reason}")]
    private partial void LogNodeDeleted(string node, string reason);

    [LoggerMessage(LogLevel.Debug, "Could not write event {Event}: {Error}")]
    private partial void LogNotTold(string @event, string error);

    [LoggerMessage(LogLevel.Warning, "Could not {Action}, will try again: {Error}")]
    private partial void LogFailed(string action, string error);
}

/// <summary>What came of acting on a plan.</summary>
public sealed class Acted
{
    /// <summary>Pools of which it is not known what became of a request: nothing is to be asked before they are read again.</summary>
    public HashSet<string> Doubtful { get; } = [];

    /// <summary>The capacities that the cloud has agreed to, by pool.</summary>
    public Dictionary<string, int> Grown { get; } = [];

    /// <summary>Machines that the cloud has agreed to remove.</summary>
    public List<Machine> Removed { get; } = [];

    /// <summary>False when something failed, or is held back since it did.</summary>
    public bool Complete => LookAgainAt is null;

    /// <summary>When the first of what was not done may be tried again; null when all was done.</summary>
    public DateTimeOffset? LookAgainAt { get; private set; }

    /// <summary>Notes that are written now; null: forgotten.</summary>
    public Dictionary<string, string?> Notes { get; } = [];

    /// <summary>Growth that the cloud refused at once, by pool.</summary>
    public List<(string Pool, GrowFailure Failure)> Failures { get; } = [];

    internal void HeldUntil(DateTimeOffset at) => LookAgainAt = LookAgainAt is { } by && by < at ? by : at;
}
