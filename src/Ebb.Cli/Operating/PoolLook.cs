using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>What the cloud says of a pool's machines while a command is at work on them.</summary>
internal static class PoolLook
{
    /// <param name="inMotion">Pools of which nothing is taken from memory.</param>
    /// <returns>The machines by provider id, null when nothing is sure; and what has failed since the last look.</returns>
    public static async Task<(Dictionary<string, Machine>? Machines, ImmutableArray<OperationFailure> Failures)> AtAsync(
        ICloud cloud, string pool, IReadOnlySet<string> inMotion, CancellationToken ct)
    {
        try
        {
            var view = await cloud.ReadAsync(inMotion, ct);
            return view.Pools.FirstOrDefault(p => p.Pool.Name == pool) is { } found
                ? (view.Complete ? found.Machines.ToDictionary(m => m.ProviderId, StringComparer.OrdinalIgnoreCase) : null, found.OperationFailures)
                : (null, []);
        }
        catch (CloudException e) when (e.MayBeDone || e.Status is HttpStatusCode.TooManyRequests)
        {
            return (null, []);
        }
    }
}
