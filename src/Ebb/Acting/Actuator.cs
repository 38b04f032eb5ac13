using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>
/// Carries out a plan. Every action may be done twice, and stopping between any two of them loses nothing: the next plan
/// starts from what both sides show then. One action that fails does not stop the others.
/// </summary>
/// <remarks>Longer than most: each kind of decision has its method here, and each says what it did.</remarks>
public sealed partial class Actuator(
    ICloud cloud, IKubernetes kubernetes, Leadership leadership, TimeProvider time, Random random, ILogger<Actuator> logger)
{
    private readonly Clearance _clearance = new(kubernetes, time, logger);
    private readonly Holds _holds = new(time, random);
    private readonly Shielding _shielding = new(cloud, kubernetes, leadership, time, random, logger);

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
                case Decision.Protect:
                    await _shielding.ActAsync([.. run.OfType<Decision.Protect>()], acted, term);
                    break;
                case Decision.DeleteNode delete:
                    await TryAsync($"delete node {delete.Node}", acted, () => DeleteNodeAsync(delete, term), term);
                    break;
            }
        }

        return acted;
    }

    /// <summary>Changes to nodes, notes, and shields go together; everything else one by one in the plan's order.</summary>
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
            Decision.Protect => 3,
            _ => 0,
        };
    }

    private async Task ChangeNodesAsync(ImmutableArray<Decision> run, Acted acted, CancellationToken term)
    {
        foreach (var decision in run)
        {
            switch (decision)
            {
                case Decision.Cordon cordon:
                    LogCordon(cordon.Node, cordon.Reason);
                    break;
                case Decision.Release release:
                    LogRelease(release.Node, release.Reason);
                    break;
            }
        }

        await Several.ForEachAsync(
            [.. NodeChanges.Of(run, time.GetUtcNow())],
            change => TryAsync(
                $"mark node {change.Key}", acted, () => kubernetes.ChangeNodeAsync(change.Key, change.Value, term), term));
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
        await Several.ForEachAsync(
            [.. Enumerable.Range(0, cleared.Length)],
            async i =>
            {
                var departure = remove.Departures[i];
                var name = departure.Node ?? departure.Machine.Name;
                await TryAsync(
                    $"look at {name} before its removal",
                    acted,
                    async () => cleared[i] = await _clearance.AskAsync(departure, term) ? departure : null,
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
                await _clearance.WithdrawAsync(going, term);
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
            // Surely refused.
            await _clearance.WithdrawAsync(going, term);
            throw;
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
        leadership.ThrowIfOver();
    }

    private bool IsStop(Exception e, CancellationToken term) =>
        e is OperationCanceledException && (term.IsCancellationRequested || !leadership.Holds);

    private void Throttled(string what, TimeSpan wait)
    {
        _holds.Hold(what, wait);
        LogThrottled(what, wait);
    }

    private static string Growing(string pool) => $"grow pool {pool}";

    private static string Removing(string pool) => $"remove machines of pool {pool}";

    private static V1ObjectReference AboutNode(string node) =>
        new() { ApiVersion = "v1", Kind = "Node", Name = node, Uid = node };

    /// <summary>A pool is no Kubernetes object; what befalls it is told about the ConfigMap that holds our notes.</summary>
    private static V1ObjectReference AboutPools { get; } =
        new() { ApiVersion = "v1", Kind = "ConfigMap", Namespace = Marks.Namespace, Name = Marks.MemoryName };

    [LoggerMessage(LogLevel.Information, "Cordoned {Node}: {Reason}")]
    private partial void LogCordon(string node, string reason);

    [LoggerMessage(LogLevel.Information, "Released {Node}: {Reason}")]
    private partial void LogRelease(string node, string reason);

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
