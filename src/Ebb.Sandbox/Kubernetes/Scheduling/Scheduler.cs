using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>
/// Binds pods to nodes as the real scheduler's default profile does. Pods that ask for another scheduler by name are left
/// alone.
/// </summary>
internal sealed class Scheduler
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
        foreach (var slot in _cluster.Slots)
        {
            var verdict = attempt.Check(slot, reasons);
            if (verdict is Verdict.Fits && !_nominations.LeaveRoomFor(pod, slot))
            {
                reasons.Add("Insufficient cpu");
                verdict = Verdict.Full;
            }

            (verdict is Verdict.Fits ? fitting : verdict is Verdict.Full ? full : null)?.Add(slot);
        }
    }

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
                    json["metadata"]!.AsObject().Sub("annotations")["volume.kubernetes.io/selected-node"] = node);
            }
        }
    }

    private void GiveWay(WaitingPod waiting, KubeObject current, Attempt attempt, List<NodeSlot> full, Reasons reasons)
    {
        var pod = waiting.Pod;
        var total = _cluster.Slots.Count;
        var message = attempt.Problem is { } problem ? Reasons.ForAll(total, problem) : reasons.Message(total);
        if (pod.Needs.NeverPreempts)
        {
            message += " preemption: not eligible due to preemptionPolicy=Never.";
        }
        else if (_nominations.NodeOf(pod.Uid) is { } node && _cluster.Find(node)?.Pods.Any(
            other => other.Terminating && other.Priority < pod.Priority) == true)
        {
            message += " preemption: not eligible due to a terminating pod on the nominated node.";
            Fail(waiting, current, message, nominated: node);
            return;
        }
        else if (_cluster.LowestPriority < pod.Priority && new Preemption(_cluster).Find(pod, full) is { } choice)
        {
            Preempt(pod, choice);
            Fail(waiting, current, message, nominated: choice.Node.Node.Name);
            return;
        }
        else
        {
            var unhelpful = new Reasons();
            Count(unhelpful, Reasons.NoVictims, full.Count);
            Count(unhelpful, Reasons.NotHelpful, total - full.Count);
            message += " preemption: " + unhelpful.Message(total);
        }

        Remember(pod, message);
        Fail(waiting, current, message, nominated: null);

        static void Count(Reasons reasons, string reason, int count)
        {
            if (count > 0)
            {
                reasons.Add(reason, count);
            }
        }
    }

    private void Preempt(PodView pod, Preemption.Choice choice)
    {
        _nominations.Put(pod, choice.Node.Node.Name);
        foreach (var victim in choice.Victims)
        {
            if (_store.Get(Kinds.Pod, victim.Namespace, victim.Name, victim.Uid) is { Deleting: false } running)
            {
                _events.Normal(
                    running, Component, "Preempted", $"Preempted by pod {pod.Uid} on node {choice.Node.Node.Name}");
                _store.Disrupt(
                    running, "PreemptionByScheduler", $"{Component}: preempting to accommodate a higher priority pod");
            }
        }
    }

    private void Fail(WaitingPod waiting, KubeObject current, string message, string? nominated)
    {
        _waiting.Failed(waiting);
        if (nominated is null)
        {
            _nominations.Remove(waiting.Pod.Uid);
        }

        var condition = current.Json.Condition("PodScheduled");
        if (condition.Text("message") != message
            || condition.Text("reason") != "Unschedulable"
            || waiting.Pod.NominatedNode != (nominated ?? ""))
        {
            _store.Update(current, json =>
            {
                json.SetCondition("PodScheduled", false, _store.Agenda.Now, "Unschedulable", message);
                json.Sub("status").Put("nominatedNodeName", nominated);
            });
        }

        _events.Warning(current, Component, "FailedScheduling", message);
    }

    private void TellGated(PodView pod)
    {
        if (_store.Get(Kinds.Pod, pod.Namespace, pod.Name, pod.Uid) is { } current && PodView.Of(current).Gated)
        {
            _store.Update(current, json => json.SetCondition(
                "PodScheduled",
                false,
                _store.Agenda.Now,
                "SchedulingGated",
                "Scheduling is blocked due to non-empty scheduling gates"));
        }
    }

    private string? KnownFailure(PodView pod)
    {
        if (_failuresAt != _cluster.Version)
        {
            _failures.Clear();
            _failuresAt = _cluster.Version;
        }

        return AlikeKey(pod) is { } key ? _failures.GetValueOrDefault(key) : null;
    }

    private void Remember(PodView pod, string message)
    {
        if (AlikeKey(pod) is { } key && _failuresAt == _cluster.Version)
        {
            _failures[key] = message;
        }
    }

    /// <summary>Pods of a Job or a ReplicaSet come from one template; those with volumes may still differ in what is bound.</summary>
    private static string? AlikeKey(PodView pod) =>
        pod.Owner is { Kind: "Job" or "ReplicaSet" } owner && pod.Needs.Claims.IsEmpty && pod.NominatedNode.Length == 0
            ? owner.Uid
            : null;
}
