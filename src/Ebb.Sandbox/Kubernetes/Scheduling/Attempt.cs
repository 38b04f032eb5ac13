using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>
/// One try to place one pod: the filters in the order of the default profile, with what they count over the whole cluster
/// counted once.
/// </summary>
internal sealed class Attempt
{
    private static readonly Taint CordonTaint = new(Taint.Unschedulable, "", Taint.NoSchedule);

    private readonly PodView _pod;
    private readonly PodNeeds _needs;
    private readonly bool _bearsCordon;
    private readonly bool _acceptsAll;
    private readonly SpreadFilter? _spread;
    private readonly AffinityFilter? _affinity;
    private readonly VolumeFilter? _volumes;

    public Attempt(PodView pod, ClusterPicture cluster, IReadOnlyList<NodeSlot> slots)
    {
        _pod = pod;
        _needs = pod.Needs;
        _bearsCordon = _needs.Tolerations.Any(t => t.Bears(CordonTaint));
        _acceptsAll = _needs.Nodes.AcceptsAll;
        _volumes = _needs.Claims.IsEmpty ? null : new VolumeFilter(pod, cluster.Store);
        _spread = _needs.Spread.Any(c => c.Hard) ? new SpreadFilter(pod, cluster, slots) : null;
        _affinity = cluster.AnyApart || !_needs.Affinity.IsEmpty
            ? new AffinityFilter(pod, slots, cluster.NamespaceLabels)
            : null;
    }

    /// <summary>What keeps the pod from every node; null when nothing does.</summary>
    public string? Problem => _volumes?.Problem;

    public Verdict Check(NodeSlot slot, Reasons? reasons)
    {
        var node = slot.Node;
        if (node.Unschedulable && !_bearsCordon)
        {
            return Never(reasons, Reasons.Unschedulable);
        }

        if (_pod.NodeName.Length > 0 && _pod.NodeName != node.Name)
        {
            return Never(reasons, Reasons.WrongName);
        }

        if (!node.Taints.IsEmpty && node.Untolerated(_needs.Tolerations) is not null)
        {
            return Never(reasons, Reasons.Taint);
        }

        if (!_acceptsAll && !_needs.Nodes.Accepts(node))
        {
            return Never(reasons, Reasons.Affinity);
        }

        if (!slot.HasPortsFor(_needs))
        {
            reasons?.Add(Reasons.Ports);
            return Verdict.Full;
        }

        if (!slot.Fits(_needs))
        {
            return Explain(slot, reasons);
        }

        var verdict = _volumes?.Check(node, reasons) ?? Verdict.Fits;
        if (verdict is Verdict.Fits && _spread is not null)
        {
            verdict = _spread.Check(node, reasons);
        }

        return verdict is Verdict.Fits && _affinity is not null ? _affinity.Check(node, reasons) : verdict;
    }

    private static Verdict Never(Reasons? reasons, string reason)
    {
        reasons?.Add(reason);
        return Verdict.Never;
    }

    private Verdict Explain(NodeSlot slot, Reasons? reasons)
    {
        var asks = _needs.Requests;
        var has = slot.Node.Allocatable;
        var verdict = Verdict.Full;
        if (slot.Pods.Count >= slot.Node.Pods)
        {
            reasons?.Add(Reasons.TooManyPods);
        }

        Compare("cpu", asks.CpuMilli, slot.CpuMilli, has.CpuMilli);
        Compare("memory", asks.MemoryBytes, slot.MemoryBytes, has.MemoryBytes);
        Compare("ephemeral-storage", asks.DiskBytes, slot.DiskBytes, has.DiskBytes);
        foreach (var (name, units) in asks.Others)
        {
            Compare(name, units, slot.Used(name), has.Other(name));
        }

        return verdict;

        void Compare(string resource, long asked, long used, long total)
        {
            if (asked > 0 && used + asked > total)
            {
                reasons?.Add("Insufficient " + resource);
                verdict = asked > total ? Verdict.Never : verdict;
            }
        }
    }
}
