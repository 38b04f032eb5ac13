using Ebb.Planning;

namespace Ebb.Growing;

/// <summary>The scale sets of one pool have no more machines together than the largest maximum among them.</summary>
internal static class Together
{
    /// <summary>How many machines more this one may buy for all of them to stay below.</summary>
    /// <param name="parts">All of the pool's, this one too.</param>
    /// <param name="changing">
    /// Whether it takes the place of others' idle machines: for as long as that takes, as many of those as the pool keeps at the least do
    /// not count.
    /// </param>
    public static int Left(PoolStanding pool, IReadOnlyList<PoolStanding> parts, bool changing = false)
    {
        var others = parts.Where(part => part != pool).ToList();
        var limit = parts.Max(part => part.Pool.Max) - others.Sum(After);
        if (changing)
        {
            limit += Math.Min(others.Sum(Spare), Math.Max(parts.Sum(part => part.Pool.Min), parts.Sum(part => part.Pool.KeepWarm)));
        }

        // Whatever it is asked for, the cloud then tries for all that it failed to deliver before.
        return pool.Missing > 0 && limit < pool.View.Capacity ? 0 : Math.Max(0, limit - (pool.View.Capacity - pool.Missing) - pool.Buying);
    }

    private static int After(PoolStanding pool) => pool.Buying == 0 ? pool.View.Capacity - pool.Missing : pool.View.Capacity + pool.Asking;

    /// <summary>Idle machines that it has in place of others'.</summary>
    private static int Spare(PoolStanding pool) =>
        Math.Min(pool.Nodes.Count(node => node is { Idle: true, Wanted: false, Going: false }), Math.Max(0, pool.Live - pool.Missing - pool.Least));
}
