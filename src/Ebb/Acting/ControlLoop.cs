using Ebb.Clouds;
using Ebb.Planning;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>
/// Joins it all: what cluster and cloud show becomes a snapshot, the planner decides, the actuator acts. Woken by events,
/// by the cloud, and by what time alone changes; one decision at a time.
/// </summary>
public sealed class ControlLoop(
    ICloud cloud,
    IKubernetes kubernetes,
    Policy policy,
    LoopOptions options,
    TimeProvider time,
    Random random,
    ILoggerFactory loggers)
{
    private readonly Wake _wake = new(time);
    private readonly ClusterState _state = new();

    /// <summary>Called after each round of the leader, on the loop's thread; not to block.</summary>
    public event Action<Observation>? Observed;

    /// <summary>Watches for ever, and decides while <paramref name="lead"/> lets it.</summary>
    /// <param name="lead">Runs what it is handed whenever this process leads, and cancels it when that ends.</param>
    public async Task RunAsync(Func<Func<CancellationToken, Task>, CancellationToken, Task> lead, CancellationToken ct)
    {
        _state.Changed += _wake.Set;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            await Task.WhenAll(
                ThenStopAsync(kubernetes.WatchAsync(_state, stop.Token)),
                ThenStopAsync(lead(LeadAsync, stop.Token)));
        }
        finally
        {
            _state.Changed -= _wake.Set;
        }

        // Neither part goes on without the other.
        async Task ThenStopAsync(Task part)
        {
            try
            {
                await part;
            }
            finally
            {
                await stop.CancelAsync();
            }
        }
    }

    private async Task LeadAsync(CancellationToken ct)
    {
        // All that a term knows is its own: another leader may have acted since the last one.
        var term = new Term(cloud, kubernetes, _state, _wake, policy, options, time, random, loggers);
        await term.RunAsync(observation => Observed?.Invoke(observation), ct);
    }
}

/// <summary>One look at everything: what was seen, what was decided, and whether all of it could be done.</summary>
public sealed record Observation(Snapshot Snapshot, Plan Plan, bool Done);
