using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

// What becomes of a pod that fits nowhere.
internal sealed partial class Scheduler
{
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
