using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Deletes pods from nodes with NoExecute taints that they do not tolerate, or no longer.</summary>
internal sealed class TaintEviction
{
    private const string Component = "taint-eviction-controller";

    private readonly ControllerContext _context;
    private readonly Workqueue<string> _nodes;
    private readonly Dictionary<string, (DateTimeOffset At, Agenda.Entry Entry)> _due = new(StringComparer.Ordinal);

    public TaintEviction(ControllerContext context)
    {
        _context = context;
        _nodes = context.Queue<string>(Reconcile);
    }

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.Node)
        {
            if (change.Type is StoreEventType.Modified
                && (HasNoExecute(NodeView.Of(item)) || HasNoExecute(NodeView.Of(change.Before!))))
            {
                _nodes.Add(item.Name);
            }
        }
        else if (item.Kind == Kinds.Pod && PodView.Of(item) is { NodeName.Length: > 0 } pod)
        {
            if (change.Type is StoreEventType.Deleted || pod.Finished)
            {
                Cancel(pod);
            }
            else if ((change.Before is null || PodView.Of(change.Before).NodeName.Length == 0)
                && _context.Store.Get(Kinds.Node, "", pod.NodeName) is { } node
                && HasNoExecute(NodeView.Of(node)))
            {
                _nodes.Add(pod.NodeName);
            }
        }
    }

    private static bool HasNoExecute(NodeView node) => node.Taints.Any(taint => taint.Effect == Taint.NoExecute);

    private void Reconcile(string name)
    {
        if (_context.Store.Get(Kinds.Node, "", name) is not { } node)
        {
            return;
        }

        var taints = NodeView.Of(node).Taints.Where(taint => taint.Effect == Taint.NoExecute).ToList();
        foreach (var pod in _context.Store.PodsOn(name))
        {
            var view = PodView.Of(pod);
            if (!view.Active || LeavesAt(view, taints) is not { } at)
            {
                Cancel(view);
            }
            else
            {
                Plan(view, at);
            }
        }
    }

    /// <summary>Null: it may stay.</summary>
    private DateTimeOffset? LeavesAt(PodView pod, List<Taint> taints)
    {
        DateTimeOffset? leaves = null;
        foreach (var taint in taints)
        {
            var since = taint.TimeAdded ?? _context.Now;
            var bearing = pod.Needs.Tolerations.Where(toleration => toleration.Bears(taint)).ToList();
            if (bearing.Count == 0)
            {
                return _context.Now;
            }

            if (bearing.Min(toleration => toleration.Seconds) is { } seconds)
            {
                var at = since + TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue));
                leaves = leaves is null || at < leaves ? at : leaves;
            }
        }

        return leaves;
    }

    private void Plan(PodView pod, DateTimeOffset at)
    {
        if (_due.TryGetValue(pod.Uid, out var due))
        {
            if (due.At == at)
            {
                return;
            }

            due.Entry.Cancel();
        }

        var wait = at - _context.Now;
        _due[pod.Uid] = (at, _context.Agenda.In(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, () => Evict(pod)));
    }

    private void Evict(PodView pod)
    {
        _due.Remove(pod.Uid);
        if (_context.Store.Get(Kinds.Pod, pod.Namespace, pod.Name, pod.Uid) is { Deleting: false } current)
        {
            _context.Events.Normal(
                current, Component, "TaintManagerEviction", $"Marking for deletion Pod {pod.Namespace}/{pod.Name}");
            _context.Store.Disrupt(
                current, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
        }
    }

    private void Cancel(PodView pod)
    {
        if (!_due.Remove(pod.Uid, out var due))
        {
            return;
        }

        due.Entry.Cancel();
        if (_context.Store.Get(Kinds.Pod, pod.Namespace, pod.Name, pod.Uid) is { } current)
        {
            _context.Events.Normal(
                current, Component, "TaintManagerEviction", $"Cancelling deletion of Pod {pod.Namespace}/{pod.Name}");
        }
    }
}
