using System.Collections.Immutable;
using Ebb.Clouds;

namespace Ebb.Cli.Clusters;

/// <summary>What is meant by a pool's name: a scale set, or all scale sets that are parts of one pool.</summary>
/// <param name="Others">Parts of the same pool that are not meant; what they have counts against the maximum of all.</param>
internal sealed record NamedPool(string Name, ImmutableArray<PoolView> Parts, ImmutableArray<PoolView> Others)
{
    public int Capacity => Parts.Sum(part => part.Capacity);

    public int Min => Parts.Sum(part => part.Pool.Min);

    public int Max => Math.Min(Parts.Sum(part => part.Pool.Max), Parts.Concat(Others).Max(part => part.Pool.Max) - Others.Sum(part => part.Capacity));

    /// <exception cref="EbbException">There is no such pool.</exception>
    public static NamedPool Find(CloudView cloud, string name)
    {
        ImmutableArray<PoolView> parts = [.. cloud.Pools.Where(view => Is(view.Pool.Name) || Is(view.Pool.PartOf))];
        if (parts.IsEmpty)
        {
            throw new EbbException(cloud.Pools.IsEmpty
                ? $"There is no pool '{name}': the resource group has no scale set."
                : $"There is no pool '{name}'; there is {string.Join(", ", cloud.Pools.Select(view => view.Pool.Name).Union(cloud.Pools.Select(view => view.Pool.PartOf).OfType<string>()))}.");
        }

        var pool = parts[0].Pool;
        return new NamedPool(
            Is(pool.Name) ? pool.Name : pool.PartOf!,
            parts,
            [.. cloud.Pools.Where(view => view.Pool.PartOf is { } whole && parts.Any(part => part.Pool.PartOf == whole)).Except(parts)]);

        bool Is(string? other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
    }
}
