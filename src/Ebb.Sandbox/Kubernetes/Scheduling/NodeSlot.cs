using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>A node and what stands on it, summed up as pods come and go.</summary>
internal sealed class NodeSlot
{
    // Few workloads at a time are placed on one node; the oldest goes first.
    private const int MostCounts = 8;

    private readonly Dictionary<string, PodView> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _others = new(StringComparer.Ordinal);
    private readonly List<PodView> _withPorts = [];
    private readonly List<PodView> _withAffinity = [];
    private readonly List<(PodCount Of, int Pods)> _counts = [];

    public NodeSlot(NodeView node) => Node = node;

    public NodeView Node { get; set; }

    public IReadOnlyCollection<PodView> Pods => _pods.Values;

    /// <summary>Those with terms about other pods.</summary>
    public IReadOnlyList<PodView> WithAffinity => _withAffinity;

    public long CpuMilli { get; private set; }

    public long MemoryBytes { get; private set; }

    public long DiskBytes { get; private set; }

    public long ScoredCpuMilli { get; private set; }

    public long ScoredMemoryBytes { get; private set; }

    public PodView? Find(string uid) => _pods.GetValueOrDefault(uid);

    /// <summary>How many pods here are of those; reckoned once and kept from then on.</summary>
    public int Matching(PodCount? of)
    {
        if (of is null || _pods.Count == 0)
        {
            return 0;
        }

        foreach (var (known, pods) in _counts)
        {
            if (ReferenceEquals(known, of))
            {
                return pods;
            }
        }

        if (_counts.Count == MostCounts)
        {
            _counts.RemoveAt(0);
        }

        var count = _pods.Values.Count(of.Includes);
        _counts.Add((of, count));
        return count;
    }

    public long Used(string resource) => _others.GetValueOrDefault(resource);

    public void Add(PodView pod)
    {
        Remove(pod.Uid);
        _pods[pod.Uid] = pod;
        Count(pod, 1);
        if (!pod.Needs.Ports.IsEmpty)
        {
            _withPorts.Add(pod);
        }

        if (!pod.Needs.Affinity.IsEmpty)
        {
            _withAffinity.Add(pod);
        }
    }

    public void Remove(string uid)
    {
        if (!_pods.Remove(uid, out var pod))
        {
            return;
        }

        Count(pod, -1);
        _withPorts.Remove(pod);
        _withAffinity.Remove(pod);
    }

    /// <summary>The same node with other pods; this one stays as it is.</summary>
    public NodeSlot With(IEnumerable<PodView> pods)
    {
        var slot = new NodeSlot(Node);
        foreach (var pod in pods)
        {
            slot.Add(pod);
        }

        return slot;
    }

    /// <summary>Room for the pod's requests, and for one more pod at all.</summary>
    public bool Fits(PodNeeds needs)
    {
        var asks = needs.Requests;
        var has = Node.Allocatable;
        if (_pods.Count >= Node.Pods
            || (asks.CpuMilli > 0 && CpuMilli + asks.CpuMilli > has.CpuMilli)
            || (asks.MemoryBytes > 0 && MemoryBytes + asks.MemoryBytes > has.MemoryBytes)
            || (asks.DiskBytes > 0 && DiskBytes + asks.DiskBytes > has.DiskBytes))
        {
            return false;
        }

        foreach (var (name, units) in asks.Others)
        {
            if (Used(name) + units > has.Other(name))
            {
                return false;
            }
        }

        return true;
    }

    public bool HasPortsFor(PodNeeds needs) => needs.Ports.IsEmpty
        || !_withPorts.Any(pod => pod.Needs.Ports.Any(taken => needs.Ports.Any(taken.Clashes)));

    private void Count(PodView pod, int sign)
    {
        for (var i = 0; i < _counts.Count; i++)
        {
            if (_counts[i].Of.Includes(pod))
            {
                _counts[i] = (_counts[i].Of, _counts[i].Pods + sign);
            }
        }

        var needs = pod.Needs;
        CpuMilli += sign * needs.Requests.CpuMilli;
        MemoryBytes += sign * needs.Requests.MemoryBytes;
        DiskBytes += sign * needs.Requests.DiskBytes;
        ScoredCpuMilli += sign * needs.ScoredCpuMilli;
        ScoredMemoryBytes += sign * needs.ScoredMemoryBytes;
        foreach (var (name, units) in needs.Requests.Others)
        {
            _others[name] = Used(name) + (sign * units);
        }
    }
}
