using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>Sees to it that of several controllers one acts: whoever holds the Lease.</summary>
/// <param name="identity">Unique for each process; say host name and a random part.</param>
public sealed partial class LeaderElection(
    IKubernetes kubernetes, string identity, TimeProvider time, Random random, ILogger<LeaderElection> logger)
{
    /// <summary>For how long a Lease holds after its last renewal, by the clocks of those who wait for it.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    /// <summary>For how long the holder itself relies on a renewal. The rest of <see cref="Duration"/> is for calls under way to end.</summary>
    public static readonly TimeSpan RenewDeadline = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(2);

    // A holder that stops should not wait long for a dead API server; the Lease runs out by itself.
    private static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(5);

    // One of its own: what it is made from is shared, and a Random is for one thread at a time.
    private readonly Random _random = new(random.Next());

    private V1LeaseSpec? _seen;
    private string? _seenVersion;
    private string? _trouble;
    private long _seenAt;

    /// <summary>
    /// Waits to become the leader, then runs <paramref name="lead"/>; its token is cancelled when leadership is lost, and then
    /// waits again. Ends when <paramref name="ct"/> is cancelled or <paramref name="lead"/> ends by itself; the Lease is
    /// given back only after <paramref name="lead"/> has ended.
    /// </summary>
    public async Task RunAsync(Func<Leadership, CancellationToken, Task> lead, CancellationToken ct)
    {
        while (true)
        {
            var leadership = await AcquireAsync(ct);
            LogLeads(identity, leadership.Term);
            if (await LeadAsync(leadership, lead, ct))
            {
                ct.ThrowIfCancellationRequested();
                return;
            }

            LogLost(identity, leadership.Term);
        }
    }

    /// <summary>True when leading ended of itself or was to be stopped; false when leadership was lost.</summary>
    private async Task<bool> LeadAsync(Leadership leadership, Func<Leadership, CancellationToken, Task> lead, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var ended = new CancellationTokenSource();
        var leading = StartAsync();
        var renewing = RenewAsync(leadership, ended.Token);
        var lost = await Task.WhenAny(leading, renewing) == renewing && !leading.IsCompleted;
        try
        {
            end.CancelHere();
            await leading;
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // It was told to end, and did.
        }
        finally
        {
            ended.CancelHere();
            await renewing;
            if (leadership.Holds)
            {
                await ReleaseAsync(leadership);
            }
        }

        return !lost;

        // Also what fails before its first await is to end as a task, behind which the Lease is given back.
        async Task StartAsync() => await lead(leadership, end.Token);
    }

    private async Task<Leadership> AcquireAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                using var deadline = new CancellationTokenSource(RenewDeadline, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
                if (await TryAcquireAsync(either.Token) is { Holds: true } leadership)
                {
                    return leadership;
                }
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                // Whatever it was: without the Lease nothing is done, and it is asked for again.
                Note(e.Message);
            }

            await PauseAsync(ct);
        }
    }

    private async Task<Leadership?> TryAcquireAsync(CancellationToken ct)
    {
        var found = await kubernetes.LeaseAsync(ct);
        Note(null);
        if (found is not null && !MayTake(found))
        {
            return null;
        }

        // Before the request leaves: others count from when they see it, which is later.
        var leadership = new Leadership(time, RenewDeadline, found is null ? 0 : (found.Spec.LeaseTransitions ?? 0) + 1);
        var now = time.GetUtcNow();
        var mine = (found ?? NewLease()) with
        {
            Spec = new()
            {
                HolderIdentity = identity,
                LeaseDurationSeconds = (int)Duration.TotalSeconds,
                AcquireTime = now,
                RenewTime = now,
                LeaseTransitions = leadership.Term,
            },
        };
        return await kubernetes.PutLeaseAsync(mine, ct) ? leadership : null;
    }

    // Whether the holder still renews is judged by our own clock, from when we saw the last renewal: clocks differ.
    // A Lease in our own name is one that we were not told we got; it is taken anew, for a term of its own.
    private bool MayTake(V1Lease lease)
    {
        if (string.IsNullOrEmpty(lease.Spec.HolderIdentity) || lease.Spec.HolderIdentity == identity)
        {
            return true;
        }

        if (_seen != lease.Spec || _seenVersion != lease.Metadata.ResourceVersion)
        {
            (_seen, _seenVersion, _seenAt) = (lease.Spec, lease.Metadata.ResourceVersion, time.GetTimestamp());
        }

        var duration = lease.Spec.LeaseDurationSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : Duration;
        return time.GetElapsedTime(_seenAt) >= duration;
    }

    /// <summary>Renews until leadership is lost, or there is no more need.</summary>
    private async Task RenewAsync(Leadership leadership, CancellationToken ended)
    {
        while (leadership.Holds)
        {
            try
            {
                await Task.Delay(RetryPeriod, time, ended);
                using var deadline = new CancellationTokenSource(leadership.Left, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, deadline.Token);
                await RenewOnceAsync(leadership, either.Token);
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it was, the deadline decides: until then it is tried again.
                Note(e.Message);
            }
        }
    }

    private async Task RenewOnceAsync(Leadership leadership, CancellationToken ct)
    {
        var lease = await kubernetes.LeaseAsync(ct);
        if (lease?.Spec.HolderIdentity != identity || lease.Spec.LeaseTransitions != leadership.Term)
        {
            leadership.Lose();
            return;
        }

        var before = leadership.Mark();
        var renewed = lease with { Spec = lease.Spec with { RenewTime = time.GetUtcNow() } };
        if (await kubernetes.PutLeaseAsync(renewed, ct))
        {
            Note(null);
            leadership.Renewed(before);
        }
    }

    private async Task ReleaseAsync(Leadership leadership)
    {
        using var patience = new CancellationTokenSource(ReleasePatience, time);
        try
        {
            var lease = await kubernetes.LeaseAsync(patience.Token);
            if (lease?.Spec.HolderIdentity == identity && lease.Spec.LeaseTransitions == leadership.Term)
            {
                var released = lease.Spec with { HolderIdentity = "", LeaseDurationSeconds = 1, RenewTime = time.GetUtcNow() };
                await kubernetes.PutLeaseAsync(lease with { Spec = released }, patience.Token);
            }
        }
        catch (Exception e)
        {
            // Then it runs out by itself.
            Note(e.Message);
        }

        leadership.Lose();
    }

    private static V1Lease NewLease() => new()
    {
        ApiVersion = "coordination.k8s.io/v1",
        Kind = "Lease",
        Metadata = new() { Name = Marks.LeaseName, Namespace = Marks.Namespace },
    };

    /// <summary>An API server that is away for an hour is one line, not a line every other second.</summary>
    private void Note(string? trouble)
    {
        if (trouble is not null && trouble != _trouble)
        {
            LogTrouble(identity, trouble);
        }

        _trouble = trouble;
    }

    // Those who wait must not all ask at the same instant.
    private Task PauseAsync(CancellationToken ct) => Task.Delay(RetryPeriod * (1 + (_random.NextDouble() * 0.2)), time, ct);

    [LoggerMessage(LogLevel.Information, "{Identity} leads, term {Term}")]
    private partial void LogLeads(string identity, int term);

    [LoggerMessage(LogLevel.Warning, "{Identity} leads no more, term {Term}")]
    private partial void LogLost(string identity, int term);

    [LoggerMessage(LogLevel.Warning, "{Identity} could not read or write the leader's Lease: {Trouble}")]
    private partial void LogTrouble(string identity, string trouble);
}
