using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>All hollow kubelets of a world. Call it under the agenda's gate.</summary>
public sealed class HollowKubelets
{
    private readonly Dictionary<string, HollowKubelet> _byNode = new(StringComparer.Ordinal);
    private readonly Random _random;
    private readonly Action<string, bool> _toldOfLife;
    private bool _beating;
    private int _started;

    /// <param name="toldOfLife">Is told of a kubelet's life and death directly when no Leases are written.</param>
    internal HollowKubelets(IKubeletApi api, HollowOptions options, Random random, Action<string, bool> toldOfLife)
    {
        Api = api;
        Options = options;
        _random = random;
        _toldOfLife = toldOfLife;
    }

    /// <summary>A pod was lost before it had finished. Raised under the gate.</summary>
    public event Action<Interruption>? Interrupted;

    public HollowOptions Options { get; }

    /// <summary>How many pods run now on all of them.</summary>
    public int RunningPods => _byNode.Values.Sum(kubelet => kubelet.RunningPods);

    internal IKubeletApi Api { get; }

    /// <summary>Boots a kubelet. One of the same name that still runs dies first: its machine was started anew.</summary>
    public HollowKubelet Start(HollowNode node)
    {
        Kill(node.Name);
        var kubelet = new HollowKubelet(this, node, _started++, new Random(_random.Next()));
        _byNode[node.Name] = kubelet;
        kubelet.Start();
        return kubelet;
    }

    /// <summary>The machine loses power, and with it all that it ran. The Node object stays.</summary>
    public void Kill(string node)
    {
        if (_byNode.Remove(node, out var kubelet))
        {
            kubelet.Die();
            if (Options.LeaseEvery is null)
            {
                _toldOfLife(node, false);
            }
        }
    }

    public HollowKubelet? Find(string node) => _byNode.GetValueOrDefault(node);

    /// <summary>What a container printed until now; null when it has not run, or not here.</summary>
    public IReadOnlyList<LogLine>? Log(KubeObject pod, string container, bool previous) =>
        _byNode.GetValueOrDefault(PodView.Of(pod).NodeName)?.Log(pod.Uid, container, previous);

    /// <summary>What a pod uses now: all that it requests while it runs, else nothing. Null when it is not on a hollow node.</summary>
    public (long CpuMilli, long MemoryBytes)? UsageOf(KubeObject pod)
    {
        var view = PodView.Of(pod);
        if (_byNode.GetValueOrDefault(view.NodeName)?.Run(pod.Uid) is not { } run)
        {
            return null;
        }

        var requests = run.Pod.Needs.Requests;
        return run.Busy ? (requests.CpuMilli, requests.MemoryBytes) : (0, 0);
    }

    internal void See(StoreEvent change)
    {
        if (change.Object.Kind == Kinds.Pod)
        {
            See(change.Object, gone: change.Type is StoreEventType.Deleted);
        }
    }

    /// <summary>Tells the kubelet that a pod is bound to.</summary>
    internal void See(KubeObject pod, bool gone)
    {
        if (pod.NodeName.Length > 0 && _byNode.TryGetValue(pod.NodeName, out var kubelet))
        {
            kubelet.See(pod, gone);
        }
    }

    internal void Raise(Interruption interruption) => Interrupted?.Invoke(interruption);

    internal void Lives(HollowKubelet kubelet)
    {
        if (Options.LeaseEvery is not { } every)
        {
            _toldOfLife(kubelet.Node.Name, true);
            return;
        }

        Api.RenewLease(kubelet, every);
        if (!_beating)
        {
            _beating = true;
            Api.Agenda.In(every, () => Beat(every));
        }
    }

    /// <summary>One entry for all: a thousand timers would cost more than a thousand small writes.</summary>
    private void Beat(TimeSpan every)
    {
        _beating = _byNode.Count > 0;
        foreach (var kubelet in _byNode.Values.Where(k => k.IsRegistered).OrderBy(k => k.Node.Name, StringComparer.Ordinal))
        {
            Api.RenewLease(kubelet, every);
        }

        if (_beating)
        {
            Api.Agenda.In(every, () => Beat(every));
        }
    }
}
