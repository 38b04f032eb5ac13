using System.Collections.Immutable;
using System.Net;
using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Clouds.Azure;

/// <summary>Deletes machines by name, all of a pool in one call.</summary>
/// <param name="force">Skips the orderly shutdown in the guest (Azure's force deletion).</param>
internal sealed partial class ScaleSetRemoval(ArmClient arm, OperationFollower operations, ScaleSetReads reads, bool force, ILogger logger)
{
    private const int MaxAttempts = 4;

    public async Task<RemoveResult> RemoveAsync(Pool pool, IReadOnlyList<Machine> machines, CancellationToken ct)
    {
        var left = machines;
        var forced = force;
        var backoff = arm.NewBackoff(TimeSpan.FromSeconds(2));
        for (var attempt = 1; ; attempt++)
        {
            // Deleting by name is the one write that may be sent again: it cannot hit another machine.
            if (left.Count == 0)
            {
                operations.LookAgain(pool);
                return new RemoveResult.Removing(machines.Count);
            }

            var address = ScaleSets.Address(arm, pool, "/delete", forced ? "forceDeletion=true" : "");
            var answer = await arm.SendAsync(
                new ArmCall(HttpMethod.Post, address, ArmFamily.Deletes, ScaleSets.InstanceIds(pool, left)), ct);
            switch (answer)
            {
                case ArmAnswer.Ok ok:
                    Accepted(pool, left, ok);
                    return new RemoveResult.Removing(machines.Count);
                case ArmAnswer.Throttled throttled:
                    return new RemoveResult.Throttled(throttled.RetryAfter);
                case ArmAnswer.Refused { Status: HttpStatusCode.NotFound }:
                    // The whole set is gone, and its machines with it.
                    return new RemoveResult.Removing(machines.Count);
                case ArmAnswer.Lost { Sent: true } lost:
                    return await ResolveAsync(pool, machines, lost, ct);
                case ArmAnswer.Refused refused when attempt < MaxAttempts && forced && IsMaintenance(refused):
                    forced = false;
                    break;
                case ArmAnswer.Refused refused when attempt < MaxAttempts && AzureFailures.IsConflict(refused):
                    await backoff.FailedAsync(ct);
                    break;
                case ArmAnswer.Refused { Status: HttpStatusCode.BadRequest } refused when attempt < MaxAttempts:
                    // Most likely one of them is gone already, and Azure refuses the lot. It names that one in prose only: read.
                    left = await StillThereAsync(pool, left, refused, ct);
                    break;
                default:
                    throw answer.ToException($"Removing {left.Count} machines of pool '{pool.Name}'");
            }
        }
    }

    private static bool IsMaintenance(ArmAnswer.Refused refused) =>
        refused.Error.InnerCode is "OperationNotAllowedOnResourceThatManagesUpdatesWithMaintenanceControl";

    private void Accepted(Pool pool, IReadOnlyList<Machine> machines, ArmAnswer.Ok? ok)
    {
        LogRemoving(machines.Count, pool.Name, string.Join(", ", machines.Select(m => m.Name)));
        reads.Leaving(pool, machines);
        if (ok is { Status: HttpStatusCode.OK or HttpStatusCode.NoContent, Poll: null })
        {
            operations.LookAgain(pool);
            return;
        }

        operations.Follow(
            new AzureOperation
            {
                Pool = pool,
                Kind = "remove",
                Machines = machines.Count,
                Removes = [.. machines.Select(m => m.Id)],
                Poll = ok?.Poll,
            },
            ok?.RetryAfter);
    }

    /// <exception cref="CloudException">All of them are there: it was refused for another reason.</exception>
    private async Task<IReadOnlyList<Machine>> StillThereAsync(Pool pool, IReadOnlyList<Machine> machines, ArmAnswer.Refused refused, CancellationToken ct)
    {
        var found = await reads.MachinesAsync(pool, ScaleSets.IsFlexible(machines[0]), ct);
        var ids = found.Value?.Select(m => m.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        List<Machine> left = ids is null ? [.. machines] : [.. machines.Where(m => ids.Contains(m.Id))];
        return left.Count < machines.Count ? left : throw refused.ToException($"Removing {machines.Count} machines of pool '{pool.Name}'");
    }

    private async Task<RemoveResult> ResolveAsync(Pool pool, IReadOnlyList<Machine> machines, ArmAnswer.Lost lost, CancellationToken ct)
    {
        LogLost(machines.Count, pool.Name, lost.Why);
        var found = await reads.MachinesAsync(pool, ScaleSets.IsFlexible(machines[0]), ct);
        var staying = found.Value?
            .Where(m => m.State is not MachineState.Deleting)
            .Select(m => m.Id)
            .ToImmutableHashSet(StringComparer.OrdinalIgnoreCase);
        if (staying is not null && !machines.Any(m => staying.Contains(m.Id)))
        {
            Accepted(pool, machines, null);
            return new RemoveResult.Removing(machines.Count);
        }

        operations.LookAgain(pool);
        return new RemoveResult.Unknown($"Azure {lost.Why} when asked to remove {machines.Count} machines of pool '{pool.Name}'.");
    }

    [LoggerMessage(LogLevel.Information, "Removing {Machines} machines of pool {Pool}: {Names}")]
    private partial void LogRemoving(int machines, string pool, string names);

    [LoggerMessage(LogLevel.Warning, "Removing {Machines} machines of pool {Pool}: Azure {Why}; reading whether it arrived")]
    private partial void LogLost(int machines, string pool, string why);
}
