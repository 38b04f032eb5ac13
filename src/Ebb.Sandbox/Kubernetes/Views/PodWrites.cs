using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>Changes to pods that several parts of the control plane make alike.</summary>
internal static class PodWrites
{
    /// <summary>Deletes a pod as a disruption: with the condition that tells its owner why.</summary>
    public static void Disrupt(
        this ObjectStore store, KubeObject pod, string reason, string message, DeleteOptions? options = null)
    {
        var marked = store.Update(
            pod, json => json.SetCondition("DisruptionTarget", true, store.Agenda.Now, reason, message));
        store.Delete(Kinds.Pod, marked.Namespace, marked.Name, options ?? DeleteOptions.Default);
    }

    /// <summary>The object when it is still the same one, not a later one of that name.</summary>
    public static KubeObject? Get(this ObjectStore store, Kind kind, string ns, string name, string uid) =>
        store.Get(kind, ns, name) is { } found && found.Uid == uid ? found : null;
}
