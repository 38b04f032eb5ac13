using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Preferred pod affinity: the pod's own, and that of the pods which are there already.</summary>
internal static class PodAffinityScore
{
    private const int Max = 100;

    // A pod that has to be near pods like this one counts this much for it.
    private const int HardTermWeight = 1;

    public static void AddTo(
        PodView pod, ClusterPicture cluster, IReadOnlyList<NodeSlot> fitting, long[] totals, int weight)
    {
        var own = pod.Needs.Affinity.Preferred;
        if (own.IsEmpty && !cluster.AnyAffinity)
        {
            return;
        }

        var domains = new Dictionary<(string Key, string Domain), long>();
        foreach (var slot in cluster.Slots)
        {
            foreach (var other in own.IsEmpty ? slot.WithAffinity : slot.Pods)
            {
                foreach (var (termWeight, term) in own)
                {
                    Note(pod, term, other, termWeight, slot.Node);
                }

                foreach (var (termWeight, term) in other.Needs.Affinity.Preferred)
                {
                    Note(other, term, pod, termWeight, slot.Node);
                }

                foreach (var term in other.Needs.Affinity.Near)
                {
                    Note(other, term, pod, HardTermWeight, slot.Node);
                }
            }
        }

        if (domains.Count == 0)
        {
            return;
        }

        var sums = new long[fitting.Count];
        for (var i = 0; i < sums.Length; i++)
        {
            foreach (var ((key, domain), value) in domains)
            {
                sums[i] += fitting[i].Node.Labels.GetValueOrDefault(key) == domain ? value : 0;
            }
        }

        var least = sums.Min();
        var range = sums.Max() - least;
        for (var i = 0; i < sums.Length && range > 0; i++)
        {
            totals[i] += weight * (Max * (sums[i] - least) / range);
        }

        void Note(PodView of, PodTerm term, PodView about, int value, NodeView at)
        {
            if (at.Labels.TryGetValue(term.TopologyKey, out var domain)
                && term.SpeaksOf(of, about, cluster.NamespaceLabels))
            {
                var place = (term.TopologyKey, domain);
                domains[place] = domains.GetValueOrDefault(place) + value;
            }
        }
    }
}
