using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Removes pods that no kubelet will ever end: those of vanished and of given-up nodes, and too many finished ones.</summary>
internal sealed class PodCollector
{
    private const int FinishedKept = 12_500;

    // A node that is only registering anew must not lose its pods.
    private static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private readonly ControllerContext _context;
    private readonly Workqueue<string> _vanished;
    private readonly Queue<(ObjectKey Key, string Uid)> _finished = new();

    public PodCollector(ControllerContext context)
    {
        _context = context;
        _vanished = context.Queue<string>(CollectFrom);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.Node)
        {
            if (change.Type is StoreEventType.Deleted)
            {
                _vanished.AddIn(item.Name, Quarantine);
            }
            else if (IsGivenUp(NodeView.Of(item)))
            {
                _vanished.Add(item.Name);
            }
        }
        else if (item.Kind == Kinds.Pod && change.Type is not StoreEventType.Deleted)
        {
            SeePod(change, PodView.Of(item));
        }
    }

    private void SeePod(StoreEvent change, PodView pod)
    {
        var before = change.Before is null ? null : PodView.Of(change.Before);
        if (pod.NodeName.Length > 0
            && before?.NodeName != pod.NodeName
            && Store.Get(Kinds.Node, "", pod.NodeName) is null)
        {
            _vanished.AddIn(pod.NodeName, Quarantine);
        }

        if (pod.Finished && before?.Finished != true)
        {
            _finished.Enqueue((ObjectKey.Of(change.Object), pod.Uid));
            if (_finished.Count > FinishedKept)
            {
                var (key, uid) = _finished.Dequeue();
                _context.Agenda.In(TimeSpan.Zero, () => Delete(key, uid));
            }
        }
    }

    private static bool IsGivenUp(NodeView node) =>
        node.Ready != "True" && node.Taints.Any(taint => taint.Key == Taint.OutOfService);

    private void CollectFrom(string name)
    {
        var node = Store.Get(Kinds.Node, "", name);
        if (node is not null && !IsGivenUp(NodeView.Of(node)))
        {
            return;
        }

        foreach (var pod in Store.PodsOn(name))
        {
            var view = PodView.Of(pod);
            if (node is not null && !view.Terminating)
            {
                continue;
            }

            Lose(pod, view);
        }
    }

    private void Lose(KubeObject pod, PodView view)
    {
        if (!view.Finished)
        {
            pod = Store.Update(pod, json =>
            {
                json.SetCondition("DisruptionTarget", true, _context.Now, "DeletionByPodGC", "PodGC: node no longer exists");
                json.Sub("status")["phase"] = "Failed";
            });
        }

        Delete(ObjectKey.Of(pod), pod.Uid);
    }

    private void Delete(ObjectKey key, string uid)
    {
        if (Store.Get(Kinds.Pod, key.Namespace, key.Name, uid) is not null)
        {
            Store.Delete(Kinds.Pod, key.Namespace, key.Name, DeleteOptions.Now);
        }
    }
}
