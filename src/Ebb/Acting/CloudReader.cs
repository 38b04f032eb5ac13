using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>Holds what the cloud showed last, and knows when it is worth another read: as few as possible.</summary>
internal sealed partial class CloudReader(ICloud cloud, LoopOptions options, TimeProvider time, Random random, ILogger logger)
{
    // How far a list of machines may be behind what the cloud has agreed to. One that is newer and shows otherwise is believed.
    private static readonly TimeSpan ListsLag = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, (bool Shielded, DateTimeOffset At)> _shields = new(StringComparer.OrdinalIgnoreCase);
    private readonly Backoff _backoff = new(TimeSpan.FromSeconds(2), options.ReadCloudEvery, time, random);
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;
    private DateTimeOffset? _retryAt;
    private bool _soon = true;
    private string? _trouble;

    /// <summary>Null until the first read has worked.</summary>
    public CloudView? View { get; private set; }

    /// <summary>The pools whose machines are to be listed anew with each read, as the last plan has it.</summary>
    public ImmutableHashSet<string> InMotion { get; set; } = [];

    /// <summary>False from a request of ours with an unknown end until the next read.</summary>
    public bool Current { get; private set; }

    public DateTimeOffset DueAt =>
        _readAt == DateTimeOffset.MinValue ? _readAt
        : _retryAt is { } retryAt ? retryAt
        : _soon ? _readAt + options.ReadCloudAtMostEvery
        : _readAt + (InMotion.IsEmpty ? options.ReadCloudEvery : options.ReadCloudInMotionEvery);

    public void ReadSoon() => _soon = true;

    /// <summary>The cloud has agreed to this capacity: as good as a read of it.</summary>
    public void Grown(string pool, int capacity)
    {
        InMotion = InMotion.Add(pool);
        Change(view => view.Pool.Name == pool ? view with { Capacity = capacity } : view);
    }

    /// <summary>The cloud has agreed to shield this machine, or to do so no longer: it is shown that way until a list can have caught up.</summary>
    public void Shielded(Machine machine, bool shielded)
    {
        _shields[machine.ProviderId] = (shielded, time.GetUtcNow());
        Change(WithShields);
    }

    /// <summary>We may have changed this pool: what was read of it is not to be relied on.</summary>
    public void Outdated(string pool)
    {
        InMotion = InMotion.Add(pool);
        Current = false;
        _soon = true;
    }

    /// <summary>Reads; when that fails, the last view stays, marked as one to remove nothing on.</summary>
    public async Task ReadAsync(CancellationToken ct)
    {
        var failures = View?.Pools.ToDictionary(pool => pool.Pool.Name, pool => pool.Failures);
        _soon = false;
        try
        {
            var view = await cloud.ReadAsync(InMotion, ct);
            View = view with { Pools = [.. view.Pools.Select(pool => WithShields(WithOlder(pool, failures)))] };
            ForgetShields(view);
            Current = true;
            _retryAt = null;
            _backoff.Succeeded();
            Note(view.Trouble);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            View = View is null ? null : View with { Complete = false, Trouble = e.Message };
            _retryAt = time.GetUtcNow() + _backoff.Next();
            Note(e.Message);
        }

        _readAt = time.GetUtcNow();
    }

    /// <summary>A refusal that came as an answer is shown to the planner like one that came later.</summary>
    public void Add(string pool, GrowFailure failure) =>
        Change(view => view.Pool.Name == pool ? view with { Failures = view.Failures.Add(failure) } : view);

    /// <summary>The failures have been acted on; they are not to be planned on twice.</summary>
    public void ForgetFailures() => Change(view => view.Failures.IsEmpty ? view : view with { Failures = [] });

    private void Change(Func<PoolView, PoolView> change) =>
        View = View is null ? null : View with { Pools = [.. View.Pools.Select(change)] };

    private PoolView WithShields(PoolView pool) => _shields.Count == 0 ? pool : pool with
    {
        Machines =
        [
            .. pool.Machines.Select(machine => machine.Protected is not null && _shields.TryGetValue(machine.ProviderId, out var agreed) && IsBehind(pool, agreed.At)
                ? machine with { Protected = agreed.Shielded }
                : machine),
        ],
    };

    private void ForgetShields(CloudView view)
    {
        if (_shields.Count > 0)
        {
            var behind = view.Pools
                .SelectMany(pool => pool.Machines
                    .Where(machine => _shields.TryGetValue(machine.ProviderId, out var agreed) && IsBehind(pool, agreed.At))
                    .Select(machine => machine.ProviderId))
                .ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var known in _shields.Keys.Where(known => !behind.Contains(known)).ToArray())
            {
                _shields.Remove(known);
            }
        }
    }

    private static bool IsBehind(PoolView pool, DateTimeOffset agreed) => pool.MachinesReadAt < agreed + ListsLag;

    private static PoolView WithOlder(PoolView pool, Dictionary<string, ImmutableArray<GrowFailure>>? failures) =>
        failures is not null && failures.TryGetValue(pool.Pool.Name, out var older) && !older.IsEmpty
            ? pool with { Failures = [.. older, .. pool.Failures] }
            : pool;

    /// <summary>Logs trouble once when it begins or changes, and once when it is over.</summary>
    private void Note(string? trouble)
    {
        if (trouble == _trouble)
        {
            return;
        }

        _trouble = trouble;
        if (trouble is null)
        {
            LogReadAgain();
        }
        else
        {
            LogNotRead(trouble);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The cloud could not be read in full, will try again: {Trouble}")]
    private partial void LogNotRead(string trouble);

    [LoggerMessage(LogLevel.Information, "The cloud is read in full again")]
    private partial void LogReadAgain();
}
