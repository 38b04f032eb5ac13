using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>
/// Binds pods to nodes as the real scheduler's default profile does. Pods that ask for another scheduler by name are left
/// alone.
/// </summary>
internal sealed partial class Scheduler
{
    private const string Component = "default-scheduler";

    private readonly ObjectStore _store;
    private readonly EventRecorder _events;
    private readonly SchedulerOptions _options;
    private readonly Random _random;
    private readonly ClusterPicture _cluster;
    private readonly WaitingPods _waiting;
    private readonly Nominations _nominations = new();
    private readonly Dictionary<string, NodeSlot> _changed = new(StringComparer.Ordinal);

    // Identical pods of one controller fail alike while nothing changes: a burst of thousands is looked at once.
    private readonly Dictionary<string, string> _failures = new(StringComparer.Ordinal);
    private int _next = -1;
    private long _failuresAt = -1;
    private bool _volumesChanged;
    private bool _othersChanged;
    private bool _roundDue;

    public Scheduler(ObjectStore store, EventRecorder events, SchedulerOptions options, Random random)
    {
        _store = store;
        _events = events;
        _options = options;
        _random = random;
        _cluster = new ClusterPicture(store);
        _waiting = new WaitingPods(store.Agenda, options, Wake);
    }

    public void See(StoreEvent change)
    {
        var kind = change.Object.Kind;
        if (kind == Kinds.Pod)
        {
            SeePod(change);
        }
        else if (kind == Kinds.Node)
        {
            SeeNode(change);
        }
        else if (kind == Kinds.PersistentVolumeClaim || kind == Kinds.PersistentVolume || kind == Kinds.StorageClass)
        {
            _volumesChanged = true;
            WakeForWaiting();
        }
    }

    private void SeePod(StoreEvent change)
    {
        var pod = PodView.Of(change.Object);
        if (change.Type is StoreEventType.Deleted || pod.Finished)
        {
            Gone(pod);
        }
        else if (pod.NodeName.Length > 0)
        {
            _waiting.Remove(pod.Uid);
            _nominations.Remove(pod.Uid);
            _cluster.Put(pod);
            _othersChanged = true;
            WakeForWaiting();
        }
        else if (pod.Terminating)
        {
            Gone(pod);
        }
        else if (pod.Needs.Scheduler == Component)
        {
            var isEdited = change.Before is { } before && IsEdited(PodView.Of(before), pod);
            _waiting.Put(pod);
            if (isEdited)
            {
                _waiting.Move(pod.Uid);
            }

            if (pod.Gated && change.Object.Json.Condition("PodScheduled") is null)
            {
                _store.Agenda.In(TimeSpan.Zero, () => TellGated(pod));
            }
        }
    }

    private void Gone(PodView pod)
    {
        _waiting.Remove(pod.Uid);
        _nominations.Remove(pod.Uid);
        if (_cluster.Remove(pod) is { } slot)
        {
            _changed[slot.Node.Name] = slot;
            _othersChanged = true;
            WakeForWaiting();
        }
    }

    private void SeeNode(StoreEvent change)
    {
        var node = NodeView.Of(change.Object);
        if (change.Type is StoreEventType.Deleted)
        {
            _cluster.Remove(node);
            _changed.Remove(node.Name);
            _othersChanged = true;
        }
        else if (change.Before is not { } before || Differs(NodeView.Of(before), node))
        {
            _cluster.Put(node);
            _changed[node.Name] = _cluster.Find(node.Name)!;
            _othersChanged = true;
        }
        else
        {
            return;
        }

        WakeForWaiting();
    }

    /// <summary>Of a waiting pod little can be edited, and all of it may help.</summary>
    private static bool IsEdited(PodView before, PodView after) =>
        before.Needs.Tolerations.Length != after.Needs.Tolerations.Length
        || before.Needs.Requests != after.Needs.Requests
        || before.Labels.Count != after.Labels.Count
        || before.Labels.Any(label => after.Labels.GetValueOrDefault(label.Key) != label.Value);

    private static bool Differs(NodeView before, NodeView after) =>
        before.Unschedulable != after.Unschedulable
        || before.Pods != after.Pods
        || !before.Taints.SequenceEqual(after.Taints)
        || before.Allocatable.CpuMilli != after.Allocatable.CpuMilli
        || before.Allocatable.MemoryBytes != after.Allocatable.MemoryBytes
        || before.Allocatable.DiskBytes != after.Allocatable.DiskBytes
        || !before.Allocatable.Others.SequenceEqual(after.Allocatable.Others)
        || before.Labels.Count != after.Labels.Count
        || before.Labels.Any(label => after.Labels.GetValueOrDefault(label.Key) != label.Value);

    private void WakeForWaiting()
    {
        if (_waiting.AnyUnschedulable)
        {
            Wake();
        }
    }

    private void Wake()
    {
        if (!_roundDue)
        {
            _roundDue = true;
            _store.Agenda.In(_options.RoundEvery, Round);
        }
    }

    private void Round()
    {
        _roundDue = false;
        MoveThoseThatMayFit();
        for (var i = 0; i < _options.PodsPerRound; i++)
        {
            if (_waiting.Next() is not { } waiting)
            {
                return;
            }

            Place(waiting);
        }

        Wake();
    }

    private void MoveThoseThatMayFit()
    {
        if (_waiting.AnyUnschedulable)
        {
            _waiting.Move(pod =>
                (_othersChanged && (!pod.Needs.Affinity.IsEmpty || !pod.Needs.Spread.IsEmpty))
                || (_volumesChanged && !pod.Needs.Claims.IsEmpty)
                || _changed.Values.Any(slot => MayFit(slot, pod)));
        }

        _changed.Clear();
        _volumesChanged = false;
        _othersChanged = false;
    }

    private static bool MayFit(NodeSlot slot, PodView pod) =>
        slot.Fits(pod.Needs)
        && slot.Node.Untolerated(pod.Needs.Tolerations) is null
        && pod.Needs.Nodes.Accepts(slot.Node);

    private void Place(WaitingPod waiting)
    {
        var pod = waiting.Pod;
        if (_store.Get(Kinds.Pod, pod.Namespace, pod.Name, pod.Uid) is not { } current || pod.NodeName.Length > 0)
        {
            _waiting.Remove(pod.Uid);
            return;
        }

        if (_cluster.Slots.Count == 0)
        {
            Fail(waiting, current, "no nodes available to schedule pods", nominated: null);
            return;
        }

        if (KnownFailure(pod) is { } known)
        {
            Fail(waiting, current, known, nominated: null);
            return;
        }

        var attempt = new Attempt(pod, _cluster, _cluster.Slots);
        var fitting = new List<NodeSlot>();
        var full = new List<NodeSlot>();
        var reasons = new Reasons();
        if (attempt.Problem is null)
        {
            Sort(pod, attempt, fitting, full, reasons);
        }

        if (fitting.Count > 0)
        {
            Bind(current, pod, new Scores(pod, _cluster).Best(fitting, _random));
            return;
        }

        GiveWay(waiting, current, attempt, full, reasons);
    }

    private void Sort(PodView pod, Attempt attempt, List<NodeSlot> fitting, List<NodeSlot> full, Reasons reasons)
    {
        // In a large cluster the default profile ranks the first so many that fit, and begins where it stopped last.
        var slots = _cluster.Slots;
        var enough = EnoughToRank(slots.Count);
        for (var looked = 0; looked < slots.Count && fitting.Count < enough; looked++)
        {
            _next = (_next + 1) % slots.Count;
            var slot = slots[_next];
            var verdict = attempt.Check(slot, reasons);
            if (verdict is Verdict.Fits && !_nominations.LeaveRoomFor(pod, slot))
            {
                reasons.Add("Insufficient cpu");
                verdict = Verdict.Full;
            }

            (verdict is Verdict.Fits ? fitting : verdict is Verdict.Full ? full : null)?.Add(slot);
        }
    }

    /// <summary>All of a hundred nodes; of more a share that falls from a half by one per cent for each 125 nodes, to 5 %.</summary>
    private static int EnoughToRank(int nodes) => Math.Max(100, nodes * Math.Max(5, 50 - (nodes / 125)) / 100);

    private void Bind(KubeObject current, PodView pod, NodeSlot slot)
    {
        var node = slot.Node.Name;
        ChooseVolumesPlace(pod, node);
        var bound = _store.Update(current, json =>
        {
            json["spec"]!.AsObject()["nodeName"] = node;
            json.SetCondition("PodScheduled", true, _store.Agenda.Now);
            json.Sub("status").Remove("nominatedNodeName");
        });
        _events.Normal(bound, Component, "Scheduled", $"Successfully assigned {pod.Namespace}/{pod.Name} to {node}");
    }

    /// <summary>A claim that waits for its first pod learns where that pod will run.</summary>
    private void ChooseVolumesPlace(PodView pod, string node)
    {
        foreach (var name in pod.Needs.Claims)
        {
            if (_store.Get(Kinds.PersistentVolumeClaim, pod.Namespace, name) is { } claim
                && string.IsNullOrEmpty(claim.Json["spec"].Text("volumeName")))
            {
                _store.Update(claim, json =>
                    json["metadata"]!.AsObject().Sub("annotations")[StorageClasses.SelectedNode] = node);
            }
        }
    }
}
