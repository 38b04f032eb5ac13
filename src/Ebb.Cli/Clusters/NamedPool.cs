using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Growing;
using Ebb.Planning;

namespace Ebb.Cli.Clusters;

/// <summary>What is meant by a pool's name: a scale set, or all scale sets that are parts of one pool.</summary>
/// <param name="Others">Parts of the same pool that are not meant; what they have counts against the maximum of all.</param>
internal sealed record NamedPool(Snapshot Snapshot, string Name, ImmutableArray<PoolView> Parts, ImmutableArray<PoolView> Others)
{
    public int Capacity => Parts.Sum(Machines);

    public int Min => Parts.Sum(part => part.Pool.Min);

    public int Max => Math.Min(Parts.Sum(part => part.Pool.Max), Parts.Concat(Others).Max(part => part.Pool.Max) - Others.Sum(Machines));

    /// <summary>How many machines a part has, or will have: not those that the cloud has failed to deliver.</summary>
    public int Machines(PoolView part) => part.Capacity - Undelivered.Of(Snapshot, part);

    /// <exception cref="EbbException">There is no such pool.</exception>
    public static NamedPool Find(Snapshot snapshot, string name)
    {
        var cloud = snapshot.Cloud;
        ImmutableArray<PoolView> parts = [.. cloud.Pools.Where(view => Is(view.Pool.Name) || Is(view.Pool.PartOf))];
        if (parts.IsEmpty)
        {
            throw new EbbException(cloud.Pools.IsEmpty
                ? $"There is no pool '{name}': the resource group has no scale set."
                : $"There is no pool '{name}'; there is {string.Join(", ", cloud.Pools.Select(view => view.Pool.Name).Union(cloud.Pools.Select(view => view.Pool.PartOf).OfType<string>()))}.");
        }

        var pool = parts[0].Pool;
        return new NamedPool(
            snapshot,
            Is(pool.Name) ? pool.Name : pool.PartOf!,
            parts,
            [.. cloud.Pools.Where(view => view.Pool.PartOf is { } whole && parts.Any(part => part.Pool.PartOf == whole)).Except(parts)]);

        bool Is(string? other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
    }
}
