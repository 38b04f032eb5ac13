using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Pods for which others have been asked to go, and the nodes that are to be theirs.</summary>
internal sealed class Nominations
{
    private readonly Dictionary<string, (PodView Pod, string Node)> _byPod = new(StringComparer.Ordinal);

    public void Put(PodView pod, string node) => _byPod[pod.Uid] = (pod, node);

    public void Remove(string uid) => _byPod.Remove(uid);

    public string? NodeOf(string uid) => _byPod.TryGetValue(uid, out var nomination) ? nomination.Node : null;

    /// <summary>Room for the pod beside those of at least its priority that are to come here.</summary>
    public bool LeaveRoomFor(PodView pod, NodeSlot slot)
    {
        if (_byPod.Count == 0)
        {
            return true;
        }

        var others = _byPod.Values
            .Where(n => n.Node == slot.Node.Name && n.Pod.Uid != pod.Uid && n.Pod.Priority >= pod.Priority)
            .Select(n => n.Pod)
            .ToList();
        return others.Count == 0 || slot.With(slot.Pods.Concat(others)).Fits(pod.Needs);
    }
}
