using Ebb.Planning;

namespace Ebb.Healing;

/// <summary>
/// Whether so many nodes have ceased to be ready that it is their way to the API server that is broken, rather than each of the machines.
/// Their work may go on then, so none is removed. What never was ready says nothing of that: an image may be bad.
/// </summary>
internal sealed class Outage
{
    // Below it chance is enough. With half of them the limit is as careful as that of Kubernetes itself, which marks no pods for deletion then.
    private const int Fewest = 3;

    private readonly Dictionary<PoolStanding, (int Silent, int All)> _pools = [];
    private readonly (int Silent, int All) _farm;

    public Outage(Draft draft)
    {
        foreach (var pool in draft.Pools)
        {
            var counts = Count(draft, pool);
            _pools[pool] = counts;
            _farm = (_farm.Silent + counts.Silent, _farm.All + counts.All);
        }
    }

    /// <summary>For people: how many nodes are not ready; null when it is no outage that this pool's machines are part of.</summary>
    public string? Of(PoolStanding pool) =>
        IsLarge(_farm) ? $"{_farm.Silent} of {_farm.All} nodes"
        : IsLarge(_pools[pool]) ? $"{_pools[pool].Silent} of {_pools[pool].All} nodes of pool {pool.Name}"
        : null;

    private static bool IsLarge((int Silent, int All) counts) => counts.Silent >= Fewest && counts.Silent * 2 >= counts.All;

    private static (int Silent, int All) Count(Draft draft, PoolStanding pool)
    {
        var (silent, all) = (0, 0);
        FirstSeen? unjoined = null;
        foreach (var node in pool.Nodes)
        {
            if (node.Going || !Unready.IsToBeReady(node))
            {
                continue;
            }

            if (!node.Node.Ready)
            {
                unjoined ??= FirstSeen.Unjoined(draft, pool);
                if (unjoined.Before(node.Machine!) is not null)
                {
                    continue;
                }

                silent++;
            }

            all++;
        }

        return (silent, all);
    }
}
