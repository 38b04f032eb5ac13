using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Nodes and the pods bound to them, kept by the events of the store.</summary>
internal sealed class ClusterPicture(ObjectStore store)
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();

    private readonly Dictionary<string, NodeSlot> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeSlot> _byPod = new(StringComparer.Ordinal);

    // Pods may be bound to a node that does not exist (yet); they count once it does.
    private readonly Dictionary<string, Dictionary<string, PodView>> _strays = new(StringComparer.Ordinal);
    private readonly List<NodeSlot> _slots = [];
    private readonly SortedDictionary<int, int> _priorities = [];
    private int _withApart;

    public ObjectStore Store => store;

    public PodCounts Counts { get; } = new();

    /// <summary>In the order in which the nodes came.</summary>
    public IReadOnlyList<NodeSlot> Slots => _slots;

    /// <summary>Changes with everything that a filter could see.</summary>
    public long Version { get; private set; }

    /// <summary>Some pod on a node has required anti-affinity.</summary>
    public bool AnyApart => _withApart > 0;

    /// <summary>Some pod on a node has terms about other pods.</summary>
    public bool AnyAffinity => _slots.Exists(slot => slot.WithAffinity.Count > 0);

    /// <summary>The lowest priority among the pods on nodes; null when there are none.</summary>
    public int? LowestPriority => _priorities.Count == 0 ? null : _priorities.First().Key;

    public NodeSlot? Find(string node) => _byName.GetValueOrDefault(node);

    public IReadOnlyDictionary<string, string> NamespaceLabels(string ns) =>
        store.Get(Kinds.Namespace, "", ns)?.Metadata.Map("labels") ?? NoLabels;

    public void Put(NodeView node)
    {
        Version++;
        if (_byName.TryGetValue(node.Name, out var slot))
        {
            slot.Node = node;
            return;
        }

        slot = new NodeSlot(node);
        _byName[node.Name] = slot;
        _slots.Add(slot);
        if (_strays.Remove(node.Name, out var strays))
        {
            foreach (var pod in strays.Values)
            {
                Place(slot, pod);
            }
        }
    }

    public void Remove(NodeView node)
    {
        if (!_byName.Remove(node.Name, out var slot))
        {
            return;
        }

        Version++;
        _slots.Remove(slot);
        foreach (var pod in slot.Pods.ToArray())
        {
            TakeFrom(slot, pod);
            Stray(pod);
        }
    }

    /// <summary>Takes note of a pod that is bound and not finished.</summary>
    public void Put(PodView pod)
    {
        if (_byPod.TryGetValue(pod.Uid, out var slot))
        {
            var known = slot.Find(pod.Uid)!;

            // Only these of a bound pod's fields change and matter; its needs do not, and are costly to read again.
            if (known.Terminating != pod.Terminating || !SameLabels(known, pod))
            {
                Version++;
                TakeFrom(slot, known);
                Place(slot, pod);
            }
            else if (known.Started != pod.Started)
            {
                // Only preemption looks at that, and it only at the pods as they are.
                TakeFrom(slot, known);
                Place(slot, pod);
            }

            return;
        }

        Version++;
        if (_byName.TryGetValue(pod.NodeName, out slot))
        {
            Place(slot, pod);
        }
        else
        {
            Stray(pod);
        }
    }

    /// <summary>Forgets a pod that is finished or gone; answers the node that now has more room.</summary>
    public NodeSlot? Remove(PodView pod)
    {
        if (_byPod.TryGetValue(pod.Uid, out var slot))
        {
            Version++;
            TakeFrom(slot, slot.Find(pod.Uid)!);
            return slot;
        }

        if (_strays.TryGetValue(pod.NodeName, out var strays) && strays.Remove(pod.Uid) && strays.Count == 0)
        {
            _strays.Remove(pod.NodeName);
        }

        return null;
    }

    private static bool SameLabels(PodView a, PodView b) =>
        a.Labels.Count == b.Labels.Count && a.Labels.All(label => b.Labels.GetValueOrDefault(label.Key) == label.Value);

    private void Stray(PodView pod)
    {
        if (!_strays.TryGetValue(pod.NodeName, out var strays))
        {
            _strays[pod.NodeName] = strays = new Dictionary<string, PodView>(StringComparer.Ordinal);
        }

        strays[pod.Uid] = pod;
    }

    private void Place(NodeSlot slot, PodView pod)
    {
        slot.Add(pod);
        _byPod[pod.Uid] = slot;
        _withApart += pod.Needs.Affinity.Apart.IsEmpty ? 0 : 1;
        _priorities[pod.Priority] = _priorities.GetValueOrDefault(pod.Priority) + 1;
    }

    private void TakeFrom(NodeSlot slot, PodView pod)
    {
        slot.Remove(pod.Uid);
        _byPod.Remove(pod.Uid);
        _withApart -= pod.Needs.Affinity.Apart.IsEmpty ? 0 : 1;
        var left = _priorities[pod.Priority] - 1;
        if (left == 0)
        {
            _priorities.Remove(pod.Priority);
        }
        else
        {
            _priorities[pod.Priority] = left;
        }
    }
}
