using System.Collections.Immutable;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>
/// The soft topology spread constraints: the pod's own, or the defaults that apply to pods of Services, ReplicaSets and
/// StatefulSets (not to those of Jobs).
/// </summary>
internal sealed class SpreadScore(PodView pod, ClusterPicture cluster)
{
    private const string Hostname = "kubernetes.io/hostname";
    private const string Zone = "topology.kubernetes.io/zone";
    private const int Max = 100;

    public void AddTo(IReadOnlyList<NodeSlot> fitting, long[] totals, int weight)
    {
        var constraints = Constraints();
        if (constraints.IsEmpty)
        {
            return;
        }

        // The pod's own constraints leave out nodes that lack a key; the defaults make do with what is there.
        var strict = !pod.Needs.Spread.IsEmpty;
        bool Counts(NodeSlot slot) => !strict || constraints.All(c => slot.Node.Labels.ContainsKey(c.TopologyKey));
        var raw = new double[fitting.Count];
        foreach (var constraint in constraints)
        {
            Add(constraint, fitting, Counts, raw);
        }

        Normalize(fitting, Counts, raw, totals, weight);
    }

    private void Add(SpreadConstraint constraint, IReadOnlyList<NodeSlot> fitting, Func<NodeSlot, bool> counts, double[] raw)
    {
        var key = constraint.TopologyKey;
        var counted = cluster.Counts.Of(pod.Namespace, constraint.SelectorFor(pod));
        var domains = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var slot in fitting)
        {
            if (counts(slot) && slot.Node.Labels.TryGetValue(key, out var domain))
            {
                domains[domain] = 0;
            }
        }

        foreach (var slot in key == Hostname ? fitting : cluster.Slots)
        {
            if (slot.Node.Labels.TryGetValue(key, out var domain)
                && domains.TryGetValue(domain, out var count)
                && counts(slot)
                && constraint.Counts(pod, slot.Node))
            {
                domains[domain] = count + slot.Matching(counted);
            }
        }

        var topologyWeight = Math.Log(domains.Count + 2);
        for (var i = 0; i < raw.Length; i++)
        {
            if (counts(fitting[i]) && fitting[i].Node.Labels.TryGetValue(key, out var domain))
            {
                raw[i] += (domains[domain] * topologyWeight) + (constraint.MaxSkew - 1);
            }
        }
    }

    private static void Normalize(
        IReadOnlyList<NodeSlot> fitting, Func<NodeSlot, bool> counts, double[] raw, long[] totals, int weight)
    {
        double least = double.MaxValue, most = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            if (counts(fitting[i]))
            {
                raw[i] = Math.Round(raw[i]);
                least = Math.Min(least, raw[i]);
                most = Math.Max(most, raw[i]);
            }
        }

        for (var i = 0; i < raw.Length; i++)
        {
            if (counts(fitting[i]))
            {
                totals[i] += weight * (most == 0 ? Max : (long)(Max * (most + least - raw[i]) / most));
            }
        }
    }

    private ImmutableArray<SpreadConstraint> Constraints()
    {
        if (!pod.Needs.Spread.IsEmpty)
        {
            return [.. pod.Needs.Spread.Where(c => !c.Hard)];
        }

        if (DefaultSelector() is not { } selector)
        {
            return [];
        }

        return
        [
            new SpreadConstraint(Hostname, 3, false, 1, selector, [], true, false),
            new SpreadConstraint(Zone, 5, false, 1, selector, [], true, false),
        ];
    }

    /// <summary>All of the selectors of the Services, the ReplicaSet or the StatefulSet that the pod belongs to.</summary>
    private Selector? DefaultSelector()
    {
        var requirements = ImmutableArray.CreateBuilder<Requirement>();
        foreach (var service in cluster.Store.List(Kinds.Service, pod.Namespace))
        {
            var selector = Selector.Of(service.Json["spec"].Map("selector"));
            if (!selector.Requirements.IsEmpty && selector.Matches(pod.Labels))
            {
                requirements.AddRange(selector.Requirements);
            }
        }

        var kind = pod.Owner?.Kind switch
        {
            "ReplicaSet" => Kinds.ReplicaSet,
            "StatefulSet" => Kinds.StatefulSet,
            _ => null,
        };
        if (kind is not null && cluster.Store.Get(kind, pod.Namespace, pod.Owner!.Name) is { } owner)
        {
            requirements.AddRange(Selector.Read(owner.Json["spec"].At("selector"))?.Requirements ?? []);
        }

        return requirements.Count == 0 ? null : new Selector(requirements.ToImmutable());
    }
}
