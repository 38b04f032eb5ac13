using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Scheduling;

/// <summary>Those of the scheduler's predicates that look at a pod and a node alone, and not at how full the node is.</summary>
internal static class NodeFit
{
    private static readonly Taint Unschedulable = new("node.kubernetes.io/unschedulable", "", TaintEffect.NoSchedule);

    public static Causes Check(PodClass pod, string node, LabelSet labels, ImmutableArray<Taint> taints, bool cordoned)
    {
        var causes = Causes.None;
        if (cordoned && !Tolerates(pod, Unschedulable))
        {
            causes |= Causes.Cordoned;
        }

        if (!ToleratesAll(pod, taints))
        {
            causes |= Causes.Taint;
        }

        if (!Selected(pod, node, labels))
        {
            causes |= Causes.Selector;
        }

        foreach (var terms in pod.VolumeTerms)
        {
            if (!AnyHolds(terms, node, labels))
            {
                causes |= Causes.Volume;
                break;
            }
        }

        return causes;
    }

    /// <summary>Whether the pod's node selector and required node affinity admit the node.</summary>
    public static bool Selected(PodClass pod, string node, LabelSet labels)
    {
        foreach (var (key, value) in pod.NodeSelector)
        {
            if (labels.Get(key) != value)
            {
                return false;
            }
        }

        return pod.NodeTerms.Length == 0 || AnyHolds(pod.NodeTerms, node, labels);
    }

    public static bool ToleratesAll(PodClass pod, ImmutableArray<Taint> taints)
    {
        foreach (var taint in taints)
        {
            if (taint.Effect != TaintEffect.PreferNoSchedule && !Tolerates(pod, taint))
            {
                return false;
            }
        }

        return true;
    }

    public static bool Tolerates(PodClass pod, Taint taint)
    {
        foreach (var toleration in pod.Tolerations)
        {
            if ((toleration.Effect is null || toleration.Effect == taint.Effect)
                && (toleration.Key == taint.Key || (toleration.Key.Length == 0 && toleration.Exists))
                && (toleration.Exists || toleration.Value == taint.Value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Which of the amounts asked for are not to be had.</summary>
    public static Causes Check(Resources asked, Resources free)
    {
        var causes = Causes.None;
        causes |= asked.CpuMilli > free.CpuMilli ? Causes.Cpu : 0;
        causes |= asked.MemoryBytes > free.MemoryBytes ? Causes.Memory : 0;
        causes |= asked.EphemeralStorageBytes > free.EphemeralStorageBytes ? Causes.EphemeralStorage : 0;
        causes |= asked.Pods > free.Pods ? Causes.Pods : 0;
        foreach (var (name, amount) in asked.Extended)
        {
            causes |= amount > free.Extended.GetValueOrDefault(name) ? Causes.Extended : 0;
        }

        return causes;
    }

    /// <summary>Of which resources more is asked for already than there is.</summary>
    public static Causes Overcommitted(Node node) =>
        (node.Load.CpuMilli > node.Shape.Allocatable.CpuMilli ? Causes.Cpu : 0)
        | (node.Load.MemoryBytes > node.Shape.Allocatable.MemoryBytes ? Causes.Memory : 0)
        | (node.Load.EphemeralStorageBytes > node.Shape.Allocatable.EphemeralStorageBytes ? Causes.EphemeralStorage : 0);

    public static bool AnyHolds(ImmutableArray<NodeTerm> terms, string node, LabelSet labels)
    {
        foreach (var term in terms)
        {
            if (Holds(term, node, labels))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Holds(NodeTerm term, string node, LabelSet labels)
    {
        if (term.Labels.Length + term.Fields.Length == 0)
        {
            return false;
        }

        foreach (var requirement in term.Labels)
        {
            if (!requirement.Admits(labels.Get(requirement.Key)))
            {
                return false;
            }
        }

        foreach (var requirement in term.Fields)
        {
            if (!requirement.Admits(requirement.Key == "metadata.name" ? node : null))
            {
                return false;
            }
        }

        return true;
    }
}
