using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Worlds;

namespace Ebb.Simulation.Demo;

/// <summary>Keeps count of the frames by what the cluster itself shows of them.</summary>
internal sealed class FrameBook
{
    private readonly World _world;
    private readonly Dictionary<string, DateTimeOffset> _handedIn = [];
    private readonly Dictionary<string, DateTimeOffset> _startedAt = [];
    private readonly Dictionary<string, string> _running = [];
    private readonly HashSet<string> _done = [];

    public FrameBook(World world)
    {
        _world = world;
        world.Kubernetes.Store.Subscribe(See);
        world.Kubernetes.Kubelets.Interrupted += See;
    }

    public int HandedIn => _handedIn.Count;

    public int Done => _done.Count;

    public int Running => _running.Count;

    public int Waiting => HandedIn - Done - Running;

    public int Interrupted { get; private set; }

    public void HandIn(Frame frame)
    {
        _handedIn[frame.Name] = _world.Now;
        _world.Kubernetes.Store.Create(Kinds.Job, frame.ToJob());
    }

    /// <summary>How many frames run on each node.</summary>
    public Dictionary<string, int> RunningByNode() => _running.Values.GroupBy(node => node).ToDictionary(group => group.Key, group => group.Count());

    /// <summary>How long each frame waited until its last start, shortest first.</summary>
    public double[] Waits() =>
        [.. _handedIn.Select(pair => (_startedAt.GetValueOrDefault(pair.Key, _world.Now) - pair.Value).TotalSeconds).Order()];

    private void See(Interruption interruption)
    {
        if (interruption.Started && interruption.Owner.StartsWith("Job/", StringComparison.Ordinal))
        {
            Interrupted++;
            _running.Remove(interruption.Uid);
        }
    }

    private void See(StoreEvent change)
    {
        if (change.Object.Kind.Equals(Kinds.Job) && change.Type != StoreEventType.Deleted)
        {
            if ((int?)change.Object.Json["status"]?["succeeded"] > 0)
            {
                _done.Add(change.Object.Name);
            }
        }
        else if (change.Object.Kind.Equals(Kinds.Pod))
        {
            SeePod(change);
        }
    }

    private void SeePod(StoreEvent change)
    {
        var pod = KubeJson.Read<V1Pod>(change.Object.Utf8.Span);
        var running = pod.Status?.Phase == "Running" && change.Type != StoreEventType.Deleted;
        if (!running)
        {
            _running.Remove(pod.Metadata.Uid);
        }
        else if (pod.Metadata.DeletionTimestamp is null
            && pod.Metadata.OwnerReferences is [{ Kind: "Job" } job]
            && _running.TryAdd(pod.Metadata.Uid, pod.Spec.NodeName!))
        {
            _startedAt[job.Name] = _world.Now;
        }
    }
}
