using System.Collections.Immutable;

namespace Ebb.Scheduling;

/// <summary>
/// Spread, affinity and anti-affinity of one group of pods against all pods there are, kept up to date while pods are put
/// somewhere in thought.
/// </summary>
internal sealed class GroupTopology
{
    private readonly PodClass _class;
    private readonly string _namespace;
    private readonly LabelSet _labels;
    private readonly Func<string, LabelSet> _namespaceLabels;
    private readonly SchedulerRules _rules;

    // Matching pods by the value of the topology key, one dictionary for each constraint or term.
    private readonly Dictionary<string, int>[] _spread;
    /// <summary>The same on nodes that take no part in the constraint, for schedulers which count those too.</summary>
    private readonly Dictionary<string, int>[] _outside;
    private readonly Dictionary<string, int>[] _near;
    private readonly Dictionary<string, int>[] _apart;

    /// <summary>Where pods sit that want none of ours near: topology key to values.</summary>
    private readonly Dictionary<string, HashSet<string>> _forbidden = [];

    /// <summary>The least count of each spread constraint; null after a change.</summary>
    private readonly int?[] _least;

    /// <summary>A pod to be near is somewhere; one on a node without the topology's label is nowhere.</summary>
    private bool _someNear;

    /// <param name="namespaceLabels">The labels of a namespace.</param>
    public GroupTopology(PodClass kind, string ns, LabelSet labels, Func<string, LabelSet> namespaceLabels, SchedulerRules rules)
    {
        (_class, _namespace, _labels, _namespaceLabels, _rules) = (kind, ns, labels, namespaceLabels, rules);
        _spread = [.. kind.Spread.Select(_ => new Dictionary<string, int>())];
        _outside = [.. kind.Spread.Select(_ => new Dictionary<string, int>())];
        _least = new int?[_spread.Length];
        _near = [.. kind.Affinity.Select(_ => new Dictionary<string, int>())];
        _apart = [.. kind.AntiAffinity.Select(_ => new Dictionary<string, int>())];
    }

    /// <summary>A node or machine that pods can be spread over; to be told of before any pod on it.</summary>
    public void Add(string node, LabelSet labels, ImmutableArray<Taint> taints)
    {
        for (var i = 0; i < _spread.Length; i++)
        {
            if (Counts(i, node, labels, taints) is { } domain)
            {
                _spread[i].TryAdd(domain, 0);
                _least[i] = null;
            }
        }
    }

    /// <summary>A pod on a node or put on a room; <paramref name="by"/> -1 takes it away again.</summary>
    public void Count(
        PodClass kind,
        string ns,
        LabelSet labels,
        bool leaving,
        string node,
        LabelSet nodeLabels,
        ImmutableArray<Taint> taints,
        int by = 1)
    {
        for (var i = 0; i < _spread.Length; i++)
        {
            var constraint = _class.Spread[i];
            if (leaving || ns != _namespace || constraint.Selector?.Selects(labels) != true)
            {
                continue;
            }

            if (Counts(i, node, nodeLabels, taints) is { } domain)
            {
                Bump(_spread[i], domain, by);
                _least[i] = null;
            }
            else if (_rules.CountsPodsOnAllNodes && nodeLabels.Get(constraint.TopologyKey) is { } elsewhere)
            {
                Bump(_outside[i], elsewhere, by);
                _least[i] = null;
            }
        }

        if (_near.Length > 0 && MatchesAll(_class.Affinity, ns, labels))
        {
            for (var i = 0; i < _near.Length; i++)
            {
                if (nodeLabels.Get(_class.Affinity[i].TopologyKey) is { } domain)
                {
                    _someNear = true;
                    Bump(_near[i], domain, by);
                }
            }
        }

        for (var i = 0; i < _apart.Length; i++)
        {
            if (Matches(_class.AntiAffinity[i], ns, labels) && nodeLabels.Get(_class.AntiAffinity[i].TopologyKey) is { } domain)
            {
                Bump(_apart[i], domain, by);
            }
        }

        foreach (var term in kind.AntiAffinity)
        {
            if (by > 0 && Matches(term, _namespace, _labels) && nodeLabels.Get(term.TopologyKey) is { } domain)
            {
                if (!_forbidden.TryGetValue(term.TopologyKey, out var domains))
                {
                    _forbidden[term.TopologyKey] = domains = [];
                }

                domains.Add(domain);
            }
        }
    }

    /// <summary>Whether another class of pods keeps its distance from this group.</summary>
    public bool IsShunnedBy(PodClass other)
    {
        foreach (var term in other.AntiAffinity)
        {
            if (Matches(term, _namespace, _labels))
            {
                return true;
            }
        }

        return false;
    }

    public Causes Check(LabelSet node)
    {
        var causes = Causes.None;
        for (var i = 0; i < _spread.Length; i++)
        {
            if (!SpreadHolds(i, node))
            {
                causes |= Causes.Spread;
            }
        }

        if (!NearHolds(node))
        {
            causes |= Causes.Affinity;
        }

        for (var i = 0; i < _apart.Length; i++)
        {
            if (node.Get(_class.AntiAffinity[i].TopologyKey) is { } domain && _apart[i].GetValueOrDefault(domain) > 0)
            {
                causes |= Causes.AntiAffinity;
            }
        }

        foreach (var (key, domains) in _forbidden)
        {
            if (node.Get(key) is { } domain && domains.Contains(domain))
            {
                causes |= Causes.AntiAffinity;
            }
        }

        return causes;
    }

    private bool SpreadHolds(int i, LabelSet node)
    {
        var constraint = _class.Spread[i];
        if (node.Get(constraint.TopologyKey) is not { } domain)
        {
            return false;
        }

        var counts = _spread[i];
        var least = _least[i] ??= counts.Count < constraint.MinDomains || counts.Count == 0
            ? 0
            : counts.Min(count => count.Value + _outside[i].GetValueOrDefault(count.Key));
        var self = constraint.Selector?.Selects(_labels) == true ? 1 : 0;
        var there = counts.TryGetValue(domain, out var inside) ? inside + _outside[i].GetValueOrDefault(domain) : 0;
        return there + self - least <= constraint.MaxSkew;
    }

    private bool NearHolds(LabelSet node)
    {
        var near = true;
        for (var i = 0; i < _near.Length; i++)
        {
            if (node.Get(_class.Affinity[i].TopologyKey) is not { } domain)
            {
                return false;
            }

            near &= _near[i].GetValueOrDefault(domain) > 0;
        }

        // The first of a group that wants to be near its own kind may start anywhere.
        return near || (!_someNear && MatchesAll(_class.Affinity, _namespace, _labels));
    }

    /// <summary>The domain of a node that takes part in the constraint; null for one that does not.</summary>
    private string? Counts(int i, string node, LabelSet labels, ImmutableArray<Taint> taints)
    {
        foreach (var other in _class.Spread)
        {
            if (labels.Get(other.TopologyKey) is null)
            {
                return null;
            }
        }

        var constraint = _class.Spread[i];
        return (constraint.HonorAffinity && !NodeFit.Selected(_class, node, labels))
            || (constraint.HonorTaints && !NodeFit.ToleratesAll(_class, taints))
            ? null
            : labels.Get(constraint.TopologyKey);
    }

    private bool MatchesAll(ImmutableArray<AffinityTerm> terms, string ns, LabelSet labels)
    {
        foreach (var term in terms)
        {
            if (!Matches(term, ns, labels))
            {
                return false;
            }
        }

        return true;
    }

    private bool Matches(AffinityTerm term, string ns, LabelSet labels) =>
        term.Selector?.Selects(labels) == true
        && (term.Namespaces.Contains(ns) || term.NamespaceSelector?.Selects(_namespaceLabels(ns)) == true);

    private static void Bump(Dictionary<string, int> counts, string domain, int by) =>
        counts[domain] = counts.GetValueOrDefault(domain) + by;
}
