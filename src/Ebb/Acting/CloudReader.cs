using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Scheduling;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>Holds what the cloud showed last, and knows when it is worth another read: as few as possible.</summary>
internal sealed partial class CloudReader(ICloud cloud, LoopOptions options, TimeProvider time, Random random, ILogger logger)
{
    // A machine that runs this long without a node is not about to join; listing its pool every few seconds helps nobody.
    private static readonly TimeSpan JoinsWithin = TimeSpan.FromMinutes(30);

    private readonly Backoff _backoff = new(TimeSpan.FromSeconds(2), options.ReadCloudEvery, time, random);
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;
    private string? _trouble;

    /// <summary>Null until the first read has worked.</summary>
    public CloudView? View { get; private set; }

    public DateTimeOffset DueAt { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>False from a change of ours until the next read: what we have is older than what we did.</summary>
    public bool Current { get; private set; }

    /// <summary>Something changed that the last read does not show yet.</summary>
    public void Outdated()
    {
        Current = false;
        ReadSoon();
    }

    public void ReadSoon()
    {
        var soonest = _readAt + options.ReadCloudAtMostEvery;
        DueAt = soonest < DueAt ? soonest : DueAt;
    }

    /// <summary>Reads; when that fails, the last view stays, marked as one to remove nothing on.</summary>
    public async Task ReadAsync(IReadOnlyList<Node> nodes, CancellationToken ct)
    {
        var failures = View?.Pools.ToDictionary(pool => pool.Pool.Name, pool => pool.Failures);
        try
        {
            var view = await cloud.ReadAsync(InMotion(nodes), ct);
            _readAt = time.GetUtcNow();
            _backoff.Succeeded();
            Note(view.Trouble);
            View = view with { Pools = [.. view.Pools.Select(pool => WithOlder(pool, failures))] };
            Current = true;
            DueAt = _readAt + (InMotion(nodes).Count > 0 ? options.ReadCloudInMotionEvery : options.ReadCloudEvery);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            _readAt = time.GetUtcNow();
            Note(e.Message);
            View = View is null ? null : View with { Complete = false, Trouble = e.Message };
            DueAt = _readAt + _backoff.Next();
        }
    }

    /// <summary>A refusal that came as an answer is shown to the planner like one that came later.</summary>
    public void Add(string pool, GrowFailure failure) =>
        Change(view => view.Pool.Name == pool ? view with { Failures = view.Failures.Add(failure) } : view);

    /// <summary>The failures have been acted on; they are not to be planned on twice.</summary>
    public void ForgetFailures() => Change(view => view.Failures.IsEmpty ? view : view with { Failures = [] });

    private void Change(Func<PoolView, PoolView> change) =>
        View = View is null ? null : View with { Pools = [.. View.Pools.Select(change)] };

    private static PoolView WithOlder(PoolView pool, Dictionary<string, ImmutableArray<GrowFailure>>? failures) =>
        failures is not null && failures.TryGetValue(pool.Pool.Name, out var older) && !older.IsEmpty
            ? pool with { Failures = [.. older, .. pool.Failures] }
            : pool;

    /// <summary>The pools whose machines are to be listed anew: something comes, goes, or does not match.</summary>
    private HashSet<string> InMotion(IReadOnlyList<Node> nodes)
    {
        var ready = nodes.Where(node => node.Ready).Select(node => node.ProviderId).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var now = time.GetUtcNow();
        return
        [
            .. from pool in View?.Pools ?? []
               where pool.Capacity != pool.Machines.Length
                   || !pool.InFlight.IsEmpty
                   || pool.Machines.Any(machine => Moves(machine))
               select pool.Pool.Name,
        ];

        bool Moves(Machine machine) => machine.State switch
        {
            MachineState.Creating or MachineState.Stopping or MachineState.Deleting or MachineState.Unknown => true,
            MachineState.Running => !ready.Contains(machine.ProviderId) && now - (machine.CreatedAt ?? now) < JoinsWithin,
            _ => false,
        };
    }

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
