using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>All hollow kubelets of a world. Call it under the agenda's gate.</summary>
public sealed class HollowKubelets
{
    private const string LeaseNamespace = "kube-node-lease";

    private readonly Dictionary<string, HollowKubelet> _byNode = new(StringComparer.Ordinal);
    private readonly Random _random;
    private readonly Action<string, bool> _toldOfLife;
    private bool _beating;
    private int _started;

    /// <param name="toldOfLife">Is told of a kubelet's life and death directly when no Leases are written.</param>
    internal HollowKubelets(
        ObjectStore store, EventRecorder events, HollowOptions options, Random random, Action<string, bool> toldOfLife)
    {
        Store = store;
        Events = events;
        Options = options;
        _random = random;
        _toldOfLife = toldOfLife;
    }

    /// <summary>A pod was lost before it had finished. Raised under the gate.</summary>
    public event Action<Interruption>? Interrupted;

    public HollowOptions Options { get; }

    internal ObjectStore Store { get; }

    internal EventRecorder Events { get; }

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
        if (change.Object.Kind == Kinds.Pod
            && PodView.Of(change.Object).NodeName is { Length: > 0 } node
            && _byNode.TryGetValue(node, out var kubelet))
        {
            kubelet.See(change.Object, gone: change.Type is StoreEventType.Deleted);
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

        Renew(kubelet, every);
        if (!_beating)
        {
            _beating = true;
            Store.Agenda.In(every, () => Beat(every));
        }
    }

    /// <summary>One entry for all: a thousand timers would cost more than a thousand small writes.</summary>
    private void Beat(TimeSpan every)
    {
        _beating = _byNode.Count > 0;
        foreach (var kubelet in _byNode.Values.Where(k => k.Registered).OrderBy(k => k.Node.Name, StringComparer.Ordinal))
        {
            Renew(kubelet, every);
        }

        if (_beating)
        {
            Store.Agenda.In(every, () => Beat(every));
        }
    }

    private void Renew(HollowKubelet kubelet, TimeSpan every)
    {
        var name = kubelet.Node.Name;
        var now = Timestamps.Micros(Store.Agenda.Now);
        if (Store.Get(Kinds.Lease, LeaseNamespace, name) is { } lease)
        {
            Store.Update(lease, json => json.Sub("spec")["renewTime"] = now);
            return;
        }

        // The Lease belongs to the Node, so that it goes with it.
        if (Store.Get(Kinds.Node, "", name) is not { } node || Store.Get(Kinds.Namespace, "", LeaseNamespace) is null or { Deleting: true })
        {
            return;
        }

        Store.Create(Kinds.Lease, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = LeaseNamespace,
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Node",
                    ["name"] = name,
                    ["uid"] = node.Uid,
                }),
            },
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = name,
                ["leaseDurationSeconds"] = (int)(every.TotalSeconds * 4),
                ["renewTime"] = now,
            },
        });
    }
}
