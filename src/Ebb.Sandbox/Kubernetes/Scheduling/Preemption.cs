using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Finds the node where the fewest and least important pods have to go for a more important one.</summary>
internal sealed class Preemption(ClusterPicture cluster)
{
    /// <param name="full">Nodes that might take the pod with fewer pods on them.</param>
    /// <returns>Null when no node could take the pod even without all lesser ones.</returns>
    public Choice? Find(PodView pod, IReadOnlyList<NodeSlot> full)
    {
        Choice? best = null;
        foreach (var slot in full)
        {
            var choice = VictimsOn(slot, pod);
            if (choice is not null && (best is null || Compare(choice, best) < 0))
            {
                best = choice;
            }
        }

        return best;
    }

    private Choice? VictimsOn(NodeSlot slot, PodView pod)
    {
        var lesser = slot.Pods.Where(other => other.Priority < pod.Priority).ToList();
        if (lesser.Count == 0)
        {
            return null;
        }

        var kept = slot.Pods.Where(other => other.Priority >= pod.Priority).ToList();
        if (!FitsBeside(kept))
        {
            return null;
        }

        // The most important and longest running ones are spared first; those with a spent budget before all others.
        var budgets = new Budgets(cluster.Store);
        var victims = new List<PodView>();
        var violations = 0;
        foreach (var other in lesser
            .Select(other => (Pod: other, Violates: budgets.Violates(other)))
            .OrderByDescending(other => other.Violates)
            .ThenByDescending(other => other.Pod.Priority)
            .ThenBy(other => Began(other.Pod))
            .ThenBy(other => other.Pod.Uid, StringComparer.Ordinal))
        {
            kept.Add(other.Pod);
            if (!FitsBeside(kept))
            {
                kept.RemoveAt(kept.Count - 1);
                victims.Add(other.Pod);
                violations += other.Violates ? 1 : 0;
            }
        }

        return victims.Count == 0 ? null : new Choice(slot, victims, violations);

        bool FitsBeside(List<PodView> others)
        {
            var without = slot.With(others);
            var slots = cluster.Slots.Select(s => ReferenceEquals(s, slot) ? without : s).ToArray();
            return new Attempt(pod, cluster, slots).Check(without, null) is Verdict.Fits;
        }
    }

    private static int Compare(Choice a, Choice b)
    {
        var order = a.Violations.CompareTo(b.Violations);
        order = order != 0 ? order : a.Victims.Max(v => v.Priority).CompareTo(b.Victims.Max(v => v.Priority));
        order = order != 0 ? order : a.Victims.Sum(v => (long)v.Priority).CompareTo(b.Victims.Sum(v => (long)v.Priority));
        order = order != 0 ? order : a.Victims.Count.CompareTo(b.Victims.Count);
        return order != 0 ? order : Earliest(b).CompareTo(Earliest(a));
    }

    /// <summary>Of its most important victims the one that has run the longest.</summary>
    private static DateTimeOffset Earliest(Choice choice)
    {
        var highest = choice.Victims.Max(victim => victim.Priority);
        return choice.Victims.Where(victim => victim.Priority == highest).Min(Began);
    }

    /// <summary>One that has not begun yet counts as beginning now.</summary>
    private static DateTimeOffset Began(PodView pod) => pod.Started ?? DateTimeOffset.MaxValue;

    public sealed record Choice(NodeSlot Node, IReadOnlyList<PodView> Victims, int Violations);

    /// <summary>What the disruption budgets still allow while victims are being counted.</summary>
    private sealed class Budgets(ObjectStore store)
    {
        private readonly Dictionary<string, long> _left = new(StringComparer.Ordinal);

        public bool Violates(PodView pod)
        {
            var violates = false;
            foreach (var budget in store.List(Kinds.PodDisruptionBudget, pod.Namespace))
            {
                if (Selector.Read(budget.Json["spec"].At("selector"))?.Matches(pod.Labels) == true)
                {
                    var left = _left.GetValueOrDefault(
                        budget.Uid, budget.Json["status"].Number("disruptionsAllowed") ?? 0) - 1;
                    _left[budget.Uid] = left;
                    violates |= left < 0;
                }
            }

            return violates;
        }
    }
}
