using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>
/// A real API server for all hollow kubelets of this process. They share two watches and a few writers, so that hundreds of
/// nodes cost the API server less than as many kubelets would; and they outlive its absence as kubelets do: pods run on, and
/// what became of them is told when it is back.
/// </summary>
internal sealed class RemoteKubeletApi : IKubeletApi
{
    // Events are told when there is time: that many may wait.
    private const int MostEvents = 1_000;

    // As real kubelets: an unchanged status is told every five minutes.
    private static readonly TimeSpan StatusEvery = TimeSpan.FromMinutes(5);

    private readonly ApiHttp _api;
    private readonly TimeSpan _putRightWithin;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly Mirror _nodes;
    private readonly Mirror _pods;
    private readonly Reflector[] _reflectors;
    private readonly WriteLane _nodeLane;
    private readonly WriteLane _leaseLane;
    private readonly WriteLane _podLane;
    private readonly WriteLane _eventLane;
    private readonly Dictionary<string, RemoteNode> _nodeWrites = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RemoteLease> _leases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RemotePod> _podWrites = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, KubeObject>> _podsByNode = new(StringComparer.Ordinal);
    private Action<KubeObject, bool> _told = (_, _) => { };
    private long _events;

    /// <param name="putRightWithin">How long what others wrote over a kubelet's word may stand.</param>
    public RemoteKubeletApi(ApiHttp api, Agenda agenda, TimeSpan putRightWithin, Random random, ILogger logger)
    {
        (_api, Agenda, _putRightWithin, _random, _logger) = (api, agenda, putRightWithin, random, logger);
        _nodes = new Mirror(agenda, SeeNode);
        _pods = new Mirror(agenda, SeePod);
        _reflectors =
        [
            new Reflector(api, Kinds.Node, "/api/v1/nodes", "", _nodes, agenda.Time, new Random(random.Next()), logger),
            new Reflector(api, Kinds.Pod, "/api/v1/pods", "spec.nodeName!=", _pods, agenda.Time, new Random(random.Next()), logger),
        ];

        // Nodes and Leases do not wait behind thousands of pods; and three hundred Leases must be renewed within ten seconds
        // also by an API server that needs half a second for each.
        _nodeLane = Lane("nodes", 8);
        _leaseLane = Lane("leases", 16);
        _podLane = Lane("pods", 16);
        _eventLane = Lane("events", 1);

        WriteLane Lane(string name, int writers) => new(name, writers, agenda, new Random(random.Next()), logger);
    }

    public Agenda Agenda { get; }

    /// <summary>Until it is cancelled.</summary>
    public Task RunAsync(HollowKubelets kubelets, CancellationToken ct)
    {
        _told = kubelets.See;
        return Task.WhenAll(
            [.. _reflectors.Select(r => r.RunAsync(ct)), _nodeLane.RunAsync(ct), _leaseLane.RunAsync(ct), _podLane.RunAsync(ct), _eventLane.RunAsync(ct)]);
    }

    public void Register(HollowKubelet kubelet) =>
        _nodeLane.Add(_nodeWrites[kubelet.Node.Name] = new RemoteNode(_api, Agenda, kubelet, _logger));

    public void SayReady(HollowKubelet kubelet)
    {
        if (WritesOf(kubelet) is { } node)
        {
            node.SayReady();
            _nodeLane.Add(node);
            Agenda.In(StatusEvery * (0.5 + (_random.NextDouble() / 2)), () => Beat(node));
        }
    }

    public void RenewLease(HollowKubelet kubelet, TimeSpan every)
    {
        if (WritesOf(kubelet) is not { } node)
        {
            return;
        }

        if (!_leases.TryGetValue(kubelet.Node.Name, out var lease) || lease.Kubelet != kubelet)
        {
            _leases[kubelet.Node.Name] = lease = new RemoteLease(_api, Agenda, node, every);
        }

        _leaseLane.Add(lease);
    }

    public NodeView? Node(string name) => _nodes.Find("", name) is { } node ? NodeView.Of(node) : null;

    public void DeleteNode(string name, string providerId)
    {
        if (_nodes.Find("", name) is { } node && NodeObject.IsOf(node, providerId))
        {
            _nodeLane.Add(new RemoteDeletion(_api, $"/api/v1/nodes/{name}", node.Uid));
        }
    }

    public KubeObject? Pod(PodView pod) => FindPod(pod.Namespace, pod.Name) is { } found && found.Uid == pod.Uid ? found : null;

    public KubeObject? FindPod(string ns, string name) => _pods.Find(ns, name);

    public IReadOnlyCollection<KubeObject> PodsOn(string node) =>
        _podsByNode.TryGetValue(node, out var pods) ? [.. pods.Values] : [];

    public void WriteStatus(HollowKubelet kubelet, PodView pod, Action<JsonObject> fillIn)
    {
        if (Pod(pod) is not null)
        {
            var write = WritesOf(kubelet, pod);
            write.Say(fillIn);
            _podLane.Add(write);
        }
    }

    public void ConfirmEnd(HollowKubelet kubelet, PodView pod)
    {
        if (Pod(pod) is not null)
        {
            var write = WritesOf(kubelet, pod);
            write.End();
            _podLane.Add(write);
        }
    }

    public void Tell(HollowKubelet kubelet, KubeObject pod, string reason, string message)
    {
        if (_eventLane.Waiting < MostEvents)
        {
            // Unique without asking: the time, and a number for what shares it.
            var name = $"{pod.Name}.{(Agenda.Now.Ticks + _events++):x16}";
            var content = EventObject.New(
                name, pod.Namespace, pod, "Normal", "kubelet", reason, message, kubelet.Node.Name, Agenda.Now);
            _eventLane.Add(new RemoteEvent(_api, pod.Namespace, content));
        }
    }

    private RemoteNode? WritesOf(HollowKubelet kubelet) =>
        _nodeWrites.TryGetValue(kubelet.Node.Name, out var writes) && writes.Kubelet == kubelet ? writes : null;

    private RemotePod WritesOf(HollowKubelet kubelet, PodView pod)
    {
        if (!_podWrites.TryGetValue(pod.Uid, out var writes) || writes.Kubelet != kubelet)
        {
            _podWrites[pod.Uid] = writes = new RemotePod(_api, Agenda, kubelet, pod, _logger);
        }

        return writes;
    }

    private void Beat(RemoteNode node)
    {
        if (node.Kubelet.Alive)
        {
            node.SayReady();
            _nodeLane.Add(node);
            Agenda.In(StatusEvery, () => Beat(node));
        }
    }

    private void SeeNode(KubeObject seen, bool gone)
    {
        if (!gone && _nodeWrites.TryGetValue(seen.Name, out var node) && node.DiffersFrom(seen))
        {
            PutRight(seen.Name, node);
        }
    }

    private void PutRight(string name, RemoteNode node) => Agenda.In(Soon(), () =>
    {
        if (!node.Kubelet.Alive || _nodes.Find("", name) is not { } now || !node.DiffersFrom(now))
        {
            return;
        }

        if (!node.IsWritten)
        {
            // What is being written may be what was written over: nobody says so again.
            PutRight(name, node);
            return;
        }

        node.SayReady();
        _nodeLane.Add(node);
    });

    private void SeePod(KubeObject seen, bool gone)
    {
        Place(seen, gone);
        _told(seen, gone);
        if (!_podWrites.TryGetValue(seen.Uid, out var pod))
        {
            return;
        }

        if (gone)
        {
            _podWrites.Remove(seen.Uid);
        }
        else if (pod.DiffersFrom(seen))
        {
            PutRight(seen, pod);
        }
    }

    // The echo of an earlier word of ours comes late; what is still so in a while was written by another.
    private void PutRight(KubeObject seen, RemotePod pod) => Agenda.In(Soon(), () =>
    {
        if (!pod.Kubelet.Alive || FindPod(seen.Namespace, seen.Name) is not { } now || now.Uid != seen.Uid || !pod.DiffersFrom(now))
        {
            return;
        }

        if (!pod.IsWritten)
        {
            PutRight(seen, pod);
            return;
        }

        pod.Repeat();
        _podLane.Add(pod);
    });

    private void Place(KubeObject pod, bool gone)
    {
        if (!_podsByNode.TryGetValue(pod.NodeName, out var here))
        {
            _podsByNode[pod.NodeName] = here = new Dictionary<string, KubeObject>(StringComparer.Ordinal);
        }

        if (!gone)
        {
            here[pod.Uid] = pod;
        }
        else if (here.Remove(pod.Uid) && here.Count == 0)
        {
            _podsByNode.Remove(pod.NodeName);
        }
    }

    private TimeSpan Soon() => _putRightWithin * (0.2 + (0.8 * _random.NextDouble()));
}
