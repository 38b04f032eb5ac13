using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Growing;

/// <summary>
/// Chooses machines for pods that fit nowhere: the cheapest sufficient mix, found greedily. Each pod is worth what it would
/// cost on a machine full of its like in the cheapest pool; the machine that holds the most worth for its price is
/// taken, again and again. Pods that only a dear machine can hold are worth that machine, so it is bought first, and what
/// room it has left takes others.
/// </summary>
internal sealed class Purchase
{
    private readonly Placement _placement;
    private readonly List<Template> _templates;
    private readonly Dictionary<PoolStanding, int> _left = [];

    // For pools that are parts of one: what all of them may have together.
    private readonly Dictionary<string, List<PoolStanding>> _parts;
    private readonly List<PodGroup> _groups;
    private readonly double[] _worth;

    // [group][template]: whether the kind of node would do; amounts are looked at while packing.
    private readonly bool[][] _suits;

    public Purchase(Draft draft, Demand demand, Placement placement)
    {
        _placement = placement;
        foreach (var pool in draft.Pools)
        {
            _left[pool] = BackOff.MayGrow(draft, pool) ? Math.Max(0, pool.Pool.Max - pool.View.Capacity + pool.Missing - pool.Buying) : 0;
        }

        _parts = draft.Pools.Where(pool => pool.Pool.PartOf is not null).GroupBy(pool => pool.Pool.PartOf!).ToDictionary(parts => parts.Key, parts => parts.ToList());
        _templates = [.. draft.Pools.Where(pool => Left(pool) > 0).SelectMany(pool => placement.Templates[pool])];

        // The largest first: small ones then fill the gaps.
        var most = Most(demand.Dimensions.Count);
        _groups = [.. demand.Groups.Where(group => group.Remaining > 0).OrderByDescending(group => Share(group, most))];
        _worth = new double[_groups.Count];
        _suits = new bool[_groups.Count][];
        for (var g = 0; g < _groups.Count; g++)
        {
            _suits[g] = [.. _templates.Select(template => template.Fit(_groups[g].Class) == Causes.None)];
            _worth[g] = double.PositiveInfinity;
            for (var t = 0; t < _templates.Count; t++)
            {
                var count = _suits[g][t] ? Count(g, _templates[t].Free, int.MaxValue) : 0;
                if (count > 0)
                {
                    _worth[g] = Math.Min(_worth[g], Math.Max(_templates[t].Price, 1e-9) / count);
                }
            }
        }
    }

    public void Make()
    {
        for (var g = 0; g < _groups.Count; g++)
        {
            if (_groups[g].Topology is not null && !double.IsInfinity(_worth[g]))
            {
                BuyOneByOne(g);
            }
        }

        foreach (var group in _groups)
        {
            _placement.Put(group, _placement.Bought);
        }

        BuyByPattern();
    }

    /// <summary>For pods whose place depends on others: each is put before the next is looked at.</summary>
    private void BuyOneByOne(int g)
    {
        var group = _groups[g];
        while (true)
        {
            _placement.Put(group, _placement.Bought);
            if (group.Remaining == 0)
            {
                return;
            }

            Room? opened = null;
            foreach (var template in _templates
                .Where((template, t) => _suits[g][t] && Left(template.Pool) > 0)
                .Select(template => (Template: template, Count: Count(g, template.Free, group.Remaining)))
                .Where(choice => choice.Count > 0)
                .OrderBy(choice => choice.Template.Price / choice.Count)
                .ThenBy(choice => choice.Template.Spot ? 0 : 1)
                .ThenBy(choice => Population(choice.Template))
                .Select(choice => choice.Template))
            {
                // Tried without telling anyone: a machine that is not bought is no place to spread over.
                var name = $"{template.Pool.Name}-new-{template.Pool.Buying}";
                if (group.Topology!.Check(template.Open(name, named: true, template.Pool).Labels) == Causes.None)
                {
                    opened = _placement.Open(template, name, template.Pool);
                    Take(template.Pool, 1);
                    break;
                }
            }

            if (opened is null)
            {
                return;
            }

            _placement.Bought.Add(opened);
            _placement.Put(group, opened, 1);
        }
    }

    private void BuyByPattern()
    {
        while (true)
        {
            Template? best = null;
            int[]? bestFill = null;
            var bestRank = (Value: 0.0, Spot: false, Waste: 0.0);
            for (var t = 0; t < _templates.Count; t++)
            {
                if (Left(_templates[t].Pool) == 0 || Fill(t) is not { } fill)
                {
                    continue;
                }

                var rank = Rank(t, fill);
                if (best is null || IsBetter(rank, bestRank))
                {
                    (best, bestFill, bestRank) = (_templates[t], fill, rank);
                }
            }

            if (best is null)
            {
                return;
            }

            // As many machines with the very same load as there are pods for.
            var machines = Left(best.Pool);
            for (var g = 0; g < _groups.Count; g++)
            {
                if (bestFill![g] > 0)
                {
                    machines = Math.Min(machines, _groups[g].Remaining / bestFill[g]);
                }
            }

            Take(best.Pool, machines);
            for (var g = 0; g < _groups.Count; g++)
            {
                if (bestFill![g] > 0)
                {
                    _groups[g].Went(bestFill[g] * machines, best.Pool);
                }
            }
        }
    }

    /// <summary>How many of each group one machine takes, the largest pods first; null when it takes none.</summary>
    private int[]? Fill(int t)
    {
        int[]? fill = null;
        var free = _templates[t].Free.ToArray();
        List<HostPort>? ports = null;
        for (var g = 0; g < _groups.Count; g++)
        {
            var group = _groups[g];
            if (group.Remaining == 0 || group.Topology is not null || !_suits[g][t])
            {
                continue;
            }

            var count = Count(g, free, group.Remaining);
            if (count == 0 || (ports is not null && group.Class.HostPorts.Any(port => ports.Exists(port.ConflictsWith))))
            {
                continue;
            }

            if (group.Class.HostPorts.Length > 0)
            {
                (ports ??= []).AddRange(group.Class.HostPorts);
            }

            Dimensions.Subtract(free, group.Need, count);
            fill ??= new int[_groups.Count];
            fill[g] = count;
        }

        return fill;
    }

    private (double Value, bool Spot, double Waste) Rank(int t, int[] fill)
    {
        var template = _templates[t];
        var worth = 0.0;
        var used = 0.0;
        for (var g = 0; g < fill.Length; g++)
        {
            if (fill[g] > 0)
            {
                worth += fill[g] * _worth[g];
                used += fill[g] * ((Part(_groups[g], template, 0) + Part(_groups[g], template, 1)) / 2);
            }
        }

        return (worth / Math.Max(template.Price, 1e-9), template.Spot, 1 - used);

        static double Part(PodGroup group, Template template, int place) =>
            template.Free[place] > 0 ? group.Need[place] / (double)template.Free[place] : 0;
    }

    private static bool IsBetter((double Value, bool Spot, double Waste) one, (double Value, bool Spot, double Waste) other)
    {
        // Differences far below a cent are rounding, not price.
        if (Math.Abs(one.Value - other.Value) > 1e-9 * Math.Max(one.Value, other.Value))
        {
            return one.Value > other.Value;
        }

        return one.Spot != other.Spot ? one.Spot : one.Waste < other.Waste - 1e-12;
    }

    private int Count(int g, long[] free, int most) =>
        Dimensions.Times(_groups[g].Need, free, _groups[g].Class.HostPorts.Length > 0 ? Math.Min(1, most) : most);

    private int Population(Template template) =>
        template.Zone.Length == 0
            ? 0
            : template.Pool.View.Machines.Count(machine => machine.Zone == template.Zone)
                + _placement.Bought.Count(room => ReferenceEquals(room.Of, template.Pool) && room.Labels.Get("topology.kubernetes.io/zone") == template.Labels.Get("topology.kubernetes.io/zone"));

    private void Take(PoolStanding pool, int machines)
    {
        pool.Buying += machines;
        _left[pool] -= machines;
    }

    private int Left(PoolStanding pool) =>
        pool.Pool.PartOf is { } whole ? Math.Min(_left[pool], Together.Left(pool, _parts[whole])) : _left[pool];

    private long[] Most(int places)
    {
        var most = new long[places];
        foreach (var template in _templates)
        {
            for (var i = 0; i < places; i++)
            {
                most[i] = Math.Max(most[i], template.Free[i]);
            }
        }

        return most;
    }

    private static double Share(PodGroup group, long[] most)
    {
        var share = 0.0;
        for (var i = 0; i < most.Length; i++)
        {
            if (group.Need[i] > 0 && most[i] > 0)
            {
                share = Math.Max(share, group.Need[i] / (double)most[i]);
            }
        }

        return share;
    }
}
