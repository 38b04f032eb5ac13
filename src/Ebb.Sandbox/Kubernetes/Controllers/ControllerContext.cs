using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>What every controller works with.</summary>
/// <param name="Delay">From an event to its reconciliation.</param>
internal sealed record ControllerContext(ObjectStore Store, EventRecorder Events, Strays Strays, TimeSpan Delay)
{
    public Agenda Agenda => Store.Agenda;

    public DateTimeOffset Now => Store.Agenda.Now;

    public Workqueue<TKey> Queue<TKey>(Action<TKey> reconcile)
        where TKey : notnull => new(Store.Agenda, Delay, reconcile);

    /// <summary>The name under which the real controller of a workload writes its events.</summary>
    public static string Component(KubeObject workload) => workload.Kind.Singular + "-controller";

    /// <summary>Deletes a pod that a controller no longer wants; one that is going already is left alone.</summary>
    public void DeletePod(KubeObject pod, KubeObject owner)
    {
        if (Store.Get(Kinds.Pod, pod.Namespace, pod.Name) is { Deleting: false } current && current.Uid == pod.Uid)
        {
            Store.Delete(Kinds.Pod, pod.Namespace, pod.Name, DeleteOptions.Default);
            Events.Normal(owner, Component(owner), "SuccessfulDelete", $"Deleted pod: {pod.Name}");
        }
    }
}
