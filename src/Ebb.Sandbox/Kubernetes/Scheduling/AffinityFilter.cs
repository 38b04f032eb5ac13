using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Required pod affinity and anti-affinity: the pod's own terms, and those of pods that are there already.</summary>
internal sealed class AffinityFilter
{
    private readonly PodView _pod;
    private readonly HashSet<(string Key, string Domain)> _forbiddenByOthers = [];
    private readonly HashSet<(string Key, string Domain)> _forbidden = [];
    private readonly HashSet<(string Key, string Domain)> _wanted = [];
    private readonly bool _first;

    public AffinityFilter(
        PodView pod, IReadOnlyList<NodeSlot> slots, Func<string, IReadOnlyDictionary<string, string>> namespaceLabels)
    {
        _pod = pod;
        var affinity = pod.Needs.Affinity;
        foreach (var slot in slots)
        {
            foreach (var other in slot.WithAffinity)
            {
                foreach (var term in other.Needs.Affinity.Apart)
                {
                    if (term.SpeaksOf(other, pod, namespaceLabels))
                    {
                        Note(_forbiddenByOthers, term, slot.Node);
                    }
                }
            }

            if (affinity.Near.IsEmpty && affinity.Apart.IsEmpty)
            {
                continue;
            }

            foreach (var other in slot.Pods)
            {
                // All terms have to speak of the same pod.
                if (!affinity.Near.IsEmpty && affinity.Near.All(term => term.SpeaksOf(pod, other, namespaceLabels)))
                {
                    foreach (var term in affinity.Near)
                    {
                        Note(_wanted, term, slot.Node);
                    }
                }

                foreach (var term in affinity.Apart)
                {
                    if (term.SpeaksOf(pod, other, namespaceLabels))
                    {
                        Note(_forbidden, term, slot.Node);
                    }
                }
            }
        }

        // The first of a group of pods that want to be together has nobody to join.
        _first = _wanted.Count == 0 && affinity.Near.All(term => term.SpeaksOf(pod, pod, namespaceLabels));
    }

    public Verdict Check(NodeView node, Reasons? reasons)
    {
        var affinity = _pod.Needs.Affinity;
        foreach (var term in affinity.Near)
        {
            if (!node.Labels.TryGetValue(term.TopologyKey, out var domain)
                || (!_first && !_wanted.Contains((term.TopologyKey, domain))))
            {
                reasons?.Add(Reasons.Near);
                return Verdict.Never;
            }
        }

        foreach (var term in affinity.Apart)
        {
            if (node.Labels.TryGetValue(term.TopologyKey, out var domain) && _forbidden.Contains((term.TopologyKey, domain)))
            {
                reasons?.Add(Reasons.Apart);
                return Verdict.Full;
            }
        }

        foreach (var (key, domain) in _forbiddenByOthers)
        {
            if (node.Labels.GetValueOrDefault(key) == domain)
            {
                reasons?.Add(Reasons.ApartOfOthers);
                return Verdict.Full;
            }
        }

        return Verdict.Fits;
    }

    private static void Note(HashSet<(string Key, string Domain)> domains, PodTerm term, NodeView node)
    {
        if (node.Labels.TryGetValue(term.TopologyKey, out var domain))
        {
            domains.Add((term.TopologyKey, domain));
        }
    }
}
