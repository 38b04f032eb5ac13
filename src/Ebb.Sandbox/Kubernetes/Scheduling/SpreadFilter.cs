using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>The hard topology spread constraints of one pod, counted over the cluster as it is now.</summary>
internal sealed class SpreadFilter
{
    private readonly List<Count> _counts = [];

    public SpreadFilter(PodView pod, ClusterPicture cluster, IReadOnlyList<NodeSlot> slots)
    {
        foreach (var constraint in pod.Needs.Spread.Where(c => c.Hard))
        {
            var selector = constraint.SelectorFor(pod);
            _counts.Add(new Count(constraint, cluster.Counts.Of(pod.Namespace, selector), selector?.Matches(pod.Labels) == true));
        }

        foreach (var slot in slots)
        {
            // A node that lacks one of the keys does not count for the others either.
            if (_counts.TrueForAll(count => slot.Node.Labels.ContainsKey(count.Constraint.TopologyKey)))
            {
                foreach (var count in _counts)
                {
                    count.Add(pod, slot);
                }
            }
        }
    }

    public Verdict Check(NodeView node, Reasons? reasons)
    {
        foreach (var count in _counts)
        {
            if (!node.Labels.TryGetValue(count.Constraint.TopologyKey, out var domain))
            {
                reasons?.Add(Reasons.SpreadLabel);
                return Verdict.Never;
            }

            if (count.In(domain) + (count.CountsItself ? 1 : 0) - count.Least > count.Constraint.MaxSkew)
            {
                reasons?.Add(Reasons.Spread);
                return Verdict.Full;
            }
        }

        return Verdict.Fits;
    }

    private sealed class Count(SpreadConstraint constraint, PodCount? counted, bool countsItself)
    {
        private readonly Dictionary<string, int> _byDomain = new(StringComparer.Ordinal);
        private int? _least;

        public SpreadConstraint Constraint => constraint;

        public bool CountsItself => countsItself;

        /// <summary>In the emptiest domain; 0 while there are fewer domains than wanted.</summary>
        public int Least => _least ??= _byDomain.Count < constraint.MinDomains || _byDomain.Count == 0 ? 0 : _byDomain.Values.Min();

        public int In(string domain) => _byDomain.GetValueOrDefault(domain);

        public void Add(PodView pod, NodeSlot slot)
        {
            if (constraint.Counts(pod, slot.Node))
            {
                var domain = slot.Node.Labels[constraint.TopologyKey];
                _byDomain[domain] = In(domain) + slot.Matching(counted);
            }
        }
    }
}
