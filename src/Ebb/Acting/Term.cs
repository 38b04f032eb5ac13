using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;
using Ebb.Kubernetes;
using Ebb.Planning;
using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>One term of leadership: begins with fresh reads, then observes, plans and acts until it ends.</summary>
internal sealed partial class Term(
    ICloud cloud,
    IKubernetes kubernetes,
    Leadership leadership,
    ClusterState state,
    Wake wake,
    Policy policy,
    LoopOptions options,
    TimeProvider time,
    Random random,
    ILoggerFactory loggers)
{
    // Reasons that found no room in a round are written then.
    private static readonly TimeSpan ExplainOn = TimeSpan.FromSeconds(5);

    // Neither a plan nor a hold makes the loop look more often than this: a mistake there must not become a spin.
    private static readonly TimeSpan LookAtMostEvery = TimeSpan.FromMilliseconds(500);

    // The cloud may show a machine for a while after it took the order to remove it, but not for this long.
    private static readonly TimeSpan DepartsWithin = TimeSpan.FromMinutes(5);

    private readonly ILogger _logger = loggers.CreateLogger<ControlLoop>();
    private readonly CloudReader _reader = new(cloud, options, time, random, loggers.CreateLogger<ControlLoop>());
    private readonly Actuator _actuator = new(cloud, kubernetes, leadership, time, random, loggers.CreateLogger<Actuator>());
    private readonly Explainer _explainer = new(kubernetes, time, loggers.CreateLogger<ControlLoop>());
    private readonly Gathering _gathering = new(options);
    private readonly Backoff _backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), time, random);
    private ImmutableDictionary<string, string>? _notes;
    private readonly Dictionary<string, DateTimeOffset> _departing = new(StringComparer.OrdinalIgnoreCase);
    private string? _trouble;
    private volatile bool _cloudChanged;

    public async Task RunAsync(Action<Observation> observed, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = ListenToCloudAsync(end.Token);
        try
        {
            wake.Set();
            var lookAt = DateTimeOffset.MaxValue;
            while (true)
            {
                if (await wake.WaitAsync(Until(lookAt), ct))
                {
                    await SettleAsync(ct);
                }

                lookAt = await TryRoundAsync(observed, ct);
            }
        }
        finally
        {
            end.CancelHere();
            await listening;
        }
    }

    /// <summary>Waits for the end of a burst of events, so that a thousand pods are one plan.</summary>
    private async Task SettleAsync(CancellationToken ct)
    {
        var latest = time.GetUtcNow() + options.LongestBurst;
        while (time.GetUtcNow() < latest && await wake.WaitAsync(Least(options.Quiet, latest - time.GetUtcNow()), ct))
        {
        }
    }

    private async Task<DateTimeOffset> TryRoundAsync(Action<Observation> observed, CancellationToken ct)
    {
        try
        {
            var lookAt = await RoundAsync(observed, ct);
            _backoff.Succeeded();
            _trouble = null;
            return lookAt;
        }
        catch (KubeException e) when (e.Code is null or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
        {
            // The API server is away or busy: it comes back, or someone else has seen it by now.
            var wait = _backoff.Next();
            if (_trouble != e.Message)
            {
                _trouble = e.Message;
                LogWaits(e.Message);
            }

            return time.GetUtcNow() + wait;
        }
        catch (Exception e) when (e is not OperationCanceledException || (!ct.IsCancellationRequested && leadership.Holds))
        {
            // Whatever it is, the cluster is better served by a loop that tries again than by one that died.
            var wait = _backoff.Next();
            if (_trouble != e.Message)
            {
                _trouble = e.Message;
                LogRoundFailed(wait, e);
            }

            return time.GetUtcNow() + wait;
        }
    }

    /// <returns>When to look again at the latest.</returns>
    private async Task<DateTimeOffset> RoundAsync(Action<Observation> observed, CancellationToken ct)
    {
        // Before all caches are full nothing is known, so nothing is decided.
        if (!state.Synced)
        {
            return DateTimeOffset.MaxValue;
        }

        _notes ??= (await kubernetes.RecallAsync(ct)).ToImmutableDictionary();
        if (_cloudChanged)
        {
            _cloudChanged = false;
            _reader.ReadSoon();
        }

        if (_reader.DueAt <= time.GetUtcNow())
        {
            await ReadCloudAsync(ct);
        }

        if (_reader.View is null)
        {
            return _reader.DueAt;
        }

        var (snapshot, plan) = Look(_reader.View);
        if (plan.Decisions.Any(decision => decision is Decision.Remove)
            && time.GetUtcNow() - _reader.View.ReadAt > options.RemoveOnReadsUpTo)
        {
            await ReadCloudAsync(ct);
            (snapshot, plan) = Look(_reader.View);
        }

        var now = time.GetUtcNow();
        var hold = _gathering.HoldUntil(plan, now);
        var acted = await _actuator.ActAsync(!_reader.Current ? WithoutCloud(plan) : hold is null ? plan : WithoutGrowth(plan), ct);
        TakeIn(acted);
        observed(new Observation(snapshot, plan, acted.Complete));
        var more = await _explainer.ExplainAsync(snapshot, plan, ct);
        return Next(plan, acted, hold, more);
    }

    private async Task ReadCloudAsync(CancellationToken ct)
    {
        await _reader.ReadAsync(ct);
        if (!_reader.Current)
        {
            return;
        }

        // Once the cloud shows that they go, or no longer shows them, there is nothing left to remember. One that stays
        // for long after all was not removed.
        var stays = _reader.View!.Pools
            .SelectMany(pool => pool.Machines)
            .Where(machine => machine.State is not MachineState.Deleting)
            .Select(machine => machine.ProviderId)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var old = time.GetUtcNow() - DepartsWithin;
        foreach (var gone in _departing.Where(pair => !stays.Contains(pair.Key) || pair.Value < old).ToArray())
        {
            _departing.Remove(gone.Key);
        }
    }

    private (Snapshot Snapshot, Plan Plan) Look(CloudView view)
    {
        var departing = _departing.Keys.ToImmutableHashSet(StringComparer.OrdinalIgnoreCase);
        var snapshot = state.Take(time.GetUtcNow(), view, _notes!, departing);
        var plan = Planner.Plan(snapshot, policy);
        _reader.InMotion = plan.InMotion;
        return (snapshot, plan);
    }

    /// <summary>While a request of ours has an unknown end, only what concerns Kubernetes alone is done.</summary>
    private static Plan WithoutCloud(Plan plan) => plan with
    {
        Decisions = [.. plan.Decisions.Where(decision => decision is not (Decision.Grow or Decision.Remove or Decision.Protect or Decision.DeleteNode))],
    };

    /// <summary>While more pods are coming, the cloud is not asked for a part of what they will need.</summary>
    private static Plan WithoutGrowth(Plan plan)
    {
        var held = plan.Decisions.OfType<Decision.Grow>().Where(grow => grow.ForPods > 0).ToList();

        // What did not come is noted until it has been asked for again.
        var notes = held.Select(grow => Notes.Missing(grow.Pool.Pool.Name)).ToHashSet();
        return plan with
        {
            Decisions =
            [
                .. plan.Decisions.Where(decision => decision is not Decision.Grow { ForPods: > 0 }
                    && !(decision is Decision.Remember { Value: null } note && notes.Contains(note.Key))),
            ],
        };
    }

    private void TakeIn(Acted acted)
    {
        foreach (var (key, value) in acted.Notes)
        {
            _notes = value is null ? _notes!.Remove(key) : _notes!.SetItem(key, value);
        }

        // Failures stay in view until the notes drawn from them are written: else a back-off could be lost.
        if (acted.Complete)
        {
            _reader.ForgetFailures();
        }

        foreach (var (pool, failure) in acted.Failures)
        {
            _reader.Add(pool, failure);
        }

        foreach (var pool in acted.Doubtful)
        {
            _reader.Outdated(pool);
        }

        if (acted.Grown.Count > 0)
        {
            _gathering.Asked();
        }

        foreach (var (pool, capacity) in acted.Grown)
        {
            _reader.Grown(pool, capacity);
        }

        foreach (var (machine, shielded) in acted.Shields)
        {
            _reader.Shielded(machine, shielded);
        }

        foreach (var machine in acted.Removed)
        {
            _reader.InMotion = _reader.InMotion.Add(machine.Pool);
            _departing[machine.ProviderId] = time.GetUtcNow();
        }
    }

    private DateTimeOffset Next(Plan plan, Acted acted, DateTimeOffset? hold, bool more)
    {
        var now = time.GetUtcNow();
        DateTimeOffset?[] looks = [plan.LookAgainAt, acted.LookAgainAt, hold, more ? now + ExplainOn : null];
        var next = looks.Min() ?? DateTimeOffset.MaxValue;
        next = next < now + LookAtMostEvery ? now + LookAtMostEvery : next;
        return next < _reader.DueAt ? next : _reader.DueAt;
    }

    private async Task ListenToCloudAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await cloud.ChangedAsync(ct);
                _cloudChanged = true;
                wake.Set();
                await Task.Delay(options.ReadCloudAtMostEvery, time, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The term is over.
        }
    }

    private TimeSpan Until(DateTimeOffset at) =>
        // Timers take no more than about 49 days; nothing here is due that late.
        Least(at - time.GetUtcNow(), TimeSpan.FromDays(1));

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    [LoggerMessage(LogLevel.Warning, "The cluster could not be looked at, will try again: {Error}")]
    private partial void LogWaits(string error);

    [LoggerMessage(LogLevel.Error, "Looking at the cluster failed, will try again in {Wait}")]
    private partial void LogRoundFailed(TimeSpan wait, Exception e);
}
