using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>A node and what stands on it, summed up as pods come and go.</summary>
internal sealed class NodeSlot
{
    private readonly Dictionary<string, PodView> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _others = new(StringComparer.Ordinal);
    private readonly List<PodView> _withPorts = [];
    private readonly List<PodView> _withAffinity = [];

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

    public long Used(string resource) => _others.GetValueOrDefault(resource);

    public void Add(PodView pod)
    {
        Remove(pod.Uid);
        _pods[pod.Uid] = pod;
        Count(pod.Needs, 1);
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

        Count(pod.Needs, -1);
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

    private void Count(PodNeeds needs, int sign)
    {
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
