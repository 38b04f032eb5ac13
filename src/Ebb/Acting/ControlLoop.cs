using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Scheduling;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>
/// Joins it all: what cluster and cloud show becomes a snapshot, the planner decides, the actuator acts. Woken by events,
/// by the cloud, and by what time alone changes; one decision at a time.
/// </summary>
/// <param name="identity">Unique for each process; say host name and a random part.</param>
public sealed class ControlLoop(
    ICloud cloud,
    IKubernetes kubernetes,
    string identity,
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

    /// <summary>Watches all the time, and decides and acts while it is the leader. Ends by cancellation only.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var election = new LeaderElection(kubernetes, identity, time, random, loggers.CreateLogger<LeaderElection>());
        await Task.WhenAll(
            ThenStopAsync(kubernetes.WatchAsync(new WakingSink(_state, _wake), stop.Token)),
            ThenStopAsync(election.RunAsync(LeadAsync, stop.Token)));

        // Neither part goes on without the other.
        async Task ThenStopAsync(Task part)
        {
            try
            {
                await part;
            }
            finally
            {
                stop.CancelHere();
            }
        }
    }

    private async Task LeadAsync(Leadership leadership, CancellationToken ct)
    {
        // All that a term knows is its own: another leader may have acted since the last one.
        var term = new Term(cloud, kubernetes.Within(leadership), leadership, _state, _wake, policy, options, time, random, loggers);
        try
        {
            await term.RunAsync(observation => Observed?.Invoke(observation), ct);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && !leadership.Holds)
        {
            // Seen here before the election saw it; it ends the term, and then may win another.
            await Task.Delay(Timeout.InfiniteTimeSpan, time, ct);
        }
    }

    /// <summary>Wakes the loop when something that the planner looks at has changed; heartbeats do not.</summary>
    private sealed class WakingSink(ClusterState state, Wake wake) : IClusterSink
    {
        private long _version;

        public void Heed(SchedulerRules rules)
        {
            state.Heed(rules);
            WakeIfChanged();
        }

        public void Replace<T>(IReadOnlyCollection<T> all)
            where T : V1Object
        {
            state.Replace(all);
            WakeIfChanged();
        }

        public void Upsert<T>(T changed)
            where T : V1Object
        {
            state.Upsert(changed);
            WakeIfChanged();
        }

        public void Remove<T>(T last)
            where T : V1Object
        {
            state.Remove(last);
            WakeIfChanged();
        }

        private void WakeIfChanged()
        {
            if (state.Version is var version && version != _version)
            {
                _version = version;
                wake.Set();
            }
        }
    }
}

/// <summary>One look at everything: what was seen, what was decided, and whether all of it could be done.</summary>
public sealed record Observation(Snapshot Snapshot, Plan Plan, bool Done);
