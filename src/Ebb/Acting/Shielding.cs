using System.Net;
using Ebb.Clouds;
using Ebb.Planning;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>
/// Has the cloud shield machines from its own scale-in. Each is a request, of which clouds take few: a handful in a round, after all
/// else in it, and no more from a pool that was told to wait or that refused one. What is left is planned again.
/// </summary>
internal sealed partial class Shielding(ICloud cloud, IKubernetes kubernetes, Leadership leadership, TimeProvider time, Random random, ILogger logger)
{
    // The loop decides nothing meanwhile: they are to take a second or so together.
    private const int InOneRound = 4;

    // Three hundred machines that get work at the same moment are shielded within some minutes, if the cloud allows it.
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromSeconds(1);

    private readonly Holds _holds = new(time, random);
    private readonly HashSet<string> _slow = [];

    public async Task ActAsync(IReadOnlyList<Decision.Protect> decisions, Acted acted, CancellationToken term)
    {
        var left = InOneRound;
        var stuck = new HashSet<string>();
        var pools = decisions.Select(decision => decision.Pool.Pool.Name).ToHashSet();

        // By turns, so that a large pool does not keep a small one waiting.
        foreach (var (decision, one) in ByTurns(decisions))
        {
            var pool = decision.Pool.Pool.Name;
            if (stuck.Contains(pool) || (_holds.Until(OfPool(pool)) ?? _holds.Until(OfMachine(one))) is not null)
            {
                pools.Remove(pool);
                continue;
            }

            if (left-- == 0)
            {
                acted.LookAgain(time.GetUtcNow() + BetweenRounds);
                pools.Clear();
                break;
            }

            if (!await TryAsync(decision, one, acted, term))
            {
                stuck.Add(pool);
                pools.Remove(pool);
            }
        }

        _slow.ExceptWith(pools);
        foreach (var (decision, one) in ByTurns(decisions))
        {
            if ((_holds.Until(OfPool(decision.Pool.Pool.Name)) ?? _holds.Until(OfMachine(one))) is { } until)
            {
                acted.LookAgain(until);
            }
        }
    }

    private static IEnumerable<(Decision.Protect Decision, Sheltered One)> ByTurns(IReadOnlyList<Decision.Protect> decisions)
    {
        for (var i = 0; decisions.Any(decision => i < decision.Machines.Length); i++)
        {
            foreach (var decision in decisions)
            {
                if (i < decision.Machines.Length)
                {
                    yield return (decision, decision.Machines[i]);
                }
            }
        }
    }

    /// <returns>False when the cloud is not to be asked for more of this pool in this round.</returns>
    private async Task<bool> TryAsync(Decision.Protect decision, Sheltered one, Acted acted, CancellationToken term)
    {
        term.ThrowIfCancellationRequested();
        leadership.ThrowIfOver();
        var pool = decision.Pool.Pool.Name;
        try
        {
            switch (await cloud.ProtectAsync(decision.Pool, one.Machine, decision.Shielded, term))
            {
                case ProtectResult.Throttled throttled:
                    _holds.Hold(OfPool(pool), throttled.RetryAfter);
                    if (_slow.Add(pool))
                    {
                        LogSlow(pool, decision.Machines.Length);
                    }

                    return false;
                case ProtectResult.Gone:
                    // The next list of machines will say so. Until then it is not asked for again.
                    _holds.Failed(OfMachine(one), "");
                    return true;
            }
        }
        catch (Exception e) when (!IsStop(e, term))
        {
            // What may not be done at all would be refused for each machine anew.
            var forbidden = e is CloudException { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden };
            if (_holds.Failed(forbidden ? OfPool(pool) : OfMachine(one), e.Message))
            {
                LogFailed(one.Machine.Name, e.Message);
            }

            return false;
        }

        _holds.Succeeded(OfPool(pool));
        _holds.Succeeded(OfMachine(one));
        acted.Shields.Add((one.Machine, decision.Shielded));
        if (decision.Shielded)
        {
            LogShielded(one.Machine.Name, one.Node);
        }
        else
        {
            LogLifted(one.Machine.Name, decision.Reason);
        }

        await MarkAsync(one, decision.Shielded, term);
        return true;
    }

    private async Task MarkAsync(Sheltered one, bool shielded, CancellationToken term)
    {
        try
        {
            var mark = new Dictionary<string, string?> { [Marks.Protected] = shielded ? "true" : null };
            await kubernetes.ChangeNodeAsync(one.Node, new NodeChange { Annotations = mark }, term);
        }
        catch (Exception e) when (!IsStop(e, term))
        {
            // Without the mark the shield passes for somebody else's and is never lifted: no harm to any work.
            LogNotMarked(one.Node, e.Message);
        }
    }

    private bool IsStop(Exception e, CancellationToken term) =>
        e is OperationCanceledException && (term.IsCancellationRequested || !leadership.Holds);

    private static string OfPool(string pool) => $"pool {pool}";

    private static string OfMachine(Sheltered one) => $"machine {one.Machine.ProviderId}";

    [LoggerMessage(LogLevel.Debug, "Machine {Machine} is protected from scale-in: node {Node} has work")]
    private partial void LogShielded(string machine, string node);

    [LoggerMessage(LogLevel.Debug, "Machine {Machine} is no longer protected from scale-in: {Reason}")]
    private partial void LogLifted(string machine, string reason);

    [LoggerMessage(LogLevel.Information, "The cloud takes few requests to protect machines: {Machines} of pool {Pool} are left, and follow as it allows")]
    private partial void LogSlow(string pool, int machines);

    [LoggerMessage(LogLevel.Warning, "Could not protect machine {Machine} from scale-in, or lift that, will try again: {Error}")]
    private partial void LogFailed(string machine, string error);

    [LoggerMessage(LogLevel.Debug, "Could not mark node {Node} as protected: {Error}")]
    private partial void LogNotMarked(string node, string error);
}
