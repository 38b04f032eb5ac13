using Ebb.Planning;

namespace Ebb.Growing;

/// <summary>
/// How many machines pools are not to fall below, and the purchase of what they lack of that. What one of several scale sets of a
/// pool cannot have now, another has in its place, until the first has it.
/// </summary>
internal static class Least
{
    public static void Plan(Draft draft, Placement placement)
    {
        foreach (var pool in draft.Pools.Where(pool => pool.Pool.KeepWarm > 0))
        {
            pool.Least = Math.Min(pool.Pool.Max, Math.Max(pool.Pool.Min, Used(draft, pool, placement) + pool.Pool.KeepWarm));
        }

        var parts = draft.Pools.Where(pool => pool.Pool.PartOf is not null).ToLookup(pool => pool.Pool.PartOf!);
        foreach (var pool in draft.Pools)
        {
            // Waiting pods may use it too.
            Buy(draft, placement, pool, pool.Least - pool.Live + pool.Missing, pool.Pool.PartOf is { } whole ? [.. parts[whole]] : [pool]);
        }

        foreach (var whole in parts.Where(whole => whole.Count() > 1))
        {
            StandIn(draft, placement, [.. whole]);
        }
    }

    /// <summary>
    /// Machines that are idle, or on their way for nothing yet, count as warm; what waiting pods will use does not, nor what takes nothing
    /// new for longer than it takes to have another.
    /// </summary>
    private static int Used(Draft draft, PoolStanding pool, Placement placement) =>
        pool.Nodes.Count(node => !node.Going
            && (!node.Idle || node.Wanted || Announcement.SparedUntil(node) - draft.Now > pool.Pool.JoinWithin))
        + placement.Coming.Count(room => room.Placed > 0 && room.Of is Coming coming && coming.Pool == pool);

    private static void StandIn(Draft draft, Placement placement, List<PoolStanding> parts)
    {
        var warm = parts.Sum(pool => pool.Pool.KeepWarm);
        var wanted = Math.Min(
            parts.Max(pool => pool.Pool.Max),
            Math.Max(parts.Sum(pool => pool.Pool.Min), warm > 0 ? warm + parts.Sum(pool => Used(draft, pool, placement)) : 0));
        foreach (var pool in parts.OrderBy(pool => pool.Pool.PricePerHour ?? decimal.MaxValue))
        {
            Buy(draft, placement, pool, wanted - parts.Sum(Expected), parts);
        }

        // To take a machine's place another one must be there: one that is promised may never come.
        var there = parts.ConvertAll(pool => Math.Min(pool.Live - pool.Missing, pool.ReadyNodes));
        for (var i = 0; i < parts.Count; i++)
        {
            parts[i].Least = Math.Max(parts[i].Least, Math.Min(parts[i].Pool.Max, wanted - (there.Sum() - there[i])));
        }
    }

    private static int Expected(PoolStanding pool) => pool.Live - pool.Missing + pool.Buying;

    private static void Buy(Draft draft, Placement placement, PoolStanding pool, int lacking, IReadOnlyList<PoolStanding> parts)
    {
        var most = pool.Pool.Max - pool.View.Capacity + pool.Missing - pool.Buying;
        lacking = Math.Min(lacking, Math.Min(most, Together.Left(pool, parts, changing: true)));
        if (lacking <= 0 || !BackOff.MayGrow(draft, pool))
        {
            return;
        }

        var templates = placement.Templates[pool];
        for (var i = pool.Buying; i < pool.Buying + lacking; i++)
        {
            placement.Bought.Add(placement.Open(templates[i % templates.Count], $"{pool.Name}-min-{i}", pool));
        }

        pool.Buying += lacking;
    }
}
