using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>What the cloud says of a pool's machines while a command is at work on them.</summary>
/// <param name="Machines">By provider id; null when nothing is sure.</param>
/// <param name="Failures">What has failed since the last look.</param>
/// <param name="Upgrades">Whether an upgrade that this command has ordered goes on.</param>
internal sealed record PoolLook(Dictionary<string, Machine>? Machines, ImmutableArray<OperationFailure> Failures, bool Upgrades)
{
    private static readonly PoolLook Nothing = new(null, [], Upgrades: false);

    /// <param name="inMotion">Pools of which nothing is taken from memory.</param>
    public static async Task<PoolLook> AtAsync(ICloud cloud, string pool, IReadOnlySet<string> inMotion, CancellationToken ct)
    {
        try
        {
            var view = await cloud.ReadAsync(inMotion, ct);
            return view.Pools.FirstOrDefault(p => p.Pool.Name == pool) is { } found
                ? new PoolLook(
                    view.Complete ? found.Machines.ToDictionary(m => m.ProviderId, StringComparer.OrdinalIgnoreCase) : null,
                    found.OperationFailures,
                    found.InFlight.Any(operation => operation.Kind == CloudOperation.Upgrade))
                : Nothing;
        }
        catch (CloudException e) when (e.MayBeDone || e.Status is HttpStatusCode.TooManyRequests)
        {
            return Nothing;
        }
    }
}
