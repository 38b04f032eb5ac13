using System.Collections.Immutable;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>One scale set: a pool's only one, or one of the two of a pool that prefers spot machines.</summary>
internal sealed record PoolScaleSet(PoolDefinition Pool, string Name, bool Spot)
{
    /// <summary>Which of two keeps the least number: the one that Ebb would rather have.</summary>
    public int Min => IsPreferred ? Pool.Min : 0;

    /// <summary>Likewise.</summary>
    public int KeepWarm => IsPreferred ? Pool.KeepWarm : 0;

    private bool IsPreferred => Name == ResourceNames.ScaleSet(Pool);

    /// <summary>All of the cluster's, in the file's order.</summary>
    /// <exception cref="EbbException">Two would have one name.</exception>
    public static ImmutableArray<PoolScaleSet> Of(ClusterFile cluster)
    {
        if (cluster.Pools.Any(pool => pool.Name == ResourceNames.ControlPlaneRole))
        {
            throw new EbbException($"A pool cannot be called '{ResourceNames.ControlPlaneRole}': that is what the control plane's machines are. Rename the pool.");
        }

        ImmutableArray<PoolScaleSet> all = [.. cluster.Pools.SelectMany(Of)];
        var twice = all.GroupBy(set => set.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1);
        return twice is null
            ? all
            : throw new EbbException(
                $"Pool '{twice.First().Pool.Name}' has a second scale set '{twice.Key}' of regular machines, and there is a pool of that name. Rename one of both pools.");
    }

    private static IEnumerable<PoolScaleSet> Of(PoolDefinition pool)
    {
        yield return new PoolScaleSet(pool, ResourceNames.ScaleSet(pool), pool.Priority is not PoolPriority.Regular);
        if (pool.Priority is PoolPriority.SpotThenRegular)
        {
            yield return new PoolScaleSet(pool, ResourceNames.FallbackScaleSet(pool), Spot: false);
        }
    }
}
