using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>What commands that were killed or cut short have left on nodes that this one does not work on.</summary>
internal sealed class LeftBehindHolds(ICloud cloud, TimeProvider time, OperationRequest request, PatientHold hold, Action<string> say)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(4);

    /// <summary>Takes off what commands that were killed have left on nodes that this one does not work on.</summary>
    public async Task LetGoAsync(ImmutableArray<Candidate> left, CancellationToken ct)
    {
        if (left.IsEmpty)
        {
            return;
        }

        await Task.WhenAll(left.Select(c => hold.TakeOverAsync(c.Node, say, ct)));

        // What was begun on a machine may be under way yet, and work that came to it now would be lost. Whoever starts machines
        // waits for those, too, that another start has begun.
        var looked = time.GetTimestamp();
        var (rest, motion) = await RestAsync(left, ct);
        while (!motion.IsEmpty && request.Operation is MachineOperation.Start && time.GetElapsedTime(looked) < request.DoneWithin)
        {
            await Task.Delay(LookAgain, time, ct);
            (rest, motion) = await RestAsync(left, ct);
        }

        await hold.LetGoAsync(rest, [.. left.Select(c => c.Node).Except(rest)]);
        if (!motion.IsEmpty)
        {
            say($"{string.Join(", ", motion)}: {(motion.Length == 1 ? "its machine is" : "their machines are")} not at rest, and {(motion.Length == 1 ? "stays" : "stay")} held. The next command on machines looks again.");
        }
    }

    /// <returns>Nodes whose machines run, without the cloud being at work on them; and those that may or may not soon.</returns>
    private async Task<(ImmutableArray<string> AtRest, ImmutableArray<string> InMotion)> RestAsync(ImmutableArray<Candidate> candidates, CancellationToken ct)
    {
        try
        {
            var view = await cloud.ReadAsync(ImmutableHashSet<string>.Empty, ct);
            var machines = view.Pools.SelectMany(pool => pool.Machines).ToDictionary(m => m.ProviderId, StringComparer.OrdinalIgnoreCase);
            var found = candidates.Select(c => (c.Node, Machine: machines.GetValueOrDefault(c.Machine.ProviderId))).ToList();
            return (
                [.. from one in found where one.Machine is { State: MachineState.Running, Changing: false } select one.Node],
                [.. from one in found where one.Machine is { State: MachineState.Creating } or { Changing: true } select one.Node]);
        }
        catch (CloudException e) when (e.MayBeDone || e.Status is HttpStatusCode.TooManyRequests)
        {
            // It does not say.
            return ([], [.. candidates.Select(c => c.Node)]);
        }
    }
}
