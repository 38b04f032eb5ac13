using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Growing;

/// <summary>In which order the scale sets of one pool are grown, where each of them would do.</summary>
public static class PartOrder
{
    /// <summary>Those that may grow now first; of these the cheapest, and spot before regular at the same price.</summary>
    public static ImmutableArray<PoolView> Of(Snapshot snapshot, IEnumerable<PoolView> parts) =>
    [
        .. parts.OrderBy(part => MayGrow(snapshot, part.Pool) ? 0 : 1)
            .ThenBy(part => part.Pool.PricePerHour ?? decimal.MaxValue)
            .ThenBy(part => part.Pool.Priority is Priority.Spot ? 0 : 1),
    ];

    private static bool MayGrow(Snapshot snapshot, Pool pool) =>
        pool.Problem is null
        && (Notes.ReadBackOff(snapshot.Notes.GetValueOrDefault(Notes.BackOff(pool.Name))) is not { } note || note.Until <= snapshot.Now);
}
