using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Notices kubelets that fall silent, and keeps the taints that follow from a node's conditions.</summary>
internal sealed class NodeLifecycle
{
    private const string LeaseNamespace = "kube-node-lease";
    private static readonly string[] Conditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    // Which taint a node gets while it says so.
    private static readonly (string Condition, string Taint)[] Pressures =
    [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
    ];

    private readonly ControllerContext _context;
    private readonly TimeSpan _grace;
    private readonly Workqueue<string> _queue;
    private readonly Dictionary<string, DateTimeOffset> _heard = new(StringComparer.Ordinal);

    // Kubelets that say by other ways than Leases whether they live.
    private readonly HashSet<string> _alive = new(StringComparer.Ordinal);

    /// <param name="grace">How long a kubelet may be silent.</param>
    public NodeLifecycle(ControllerContext context, TimeSpan grace)
    {
        _context = context;
        _grace = grace;
        _queue = context.Queue<string>(Reconcile);
    }

    private DateTimeOffset Now => _context.Now;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.Node)
        {
            if (change.Type is StoreEventType.Deleted)
            {
                _heard.Remove(item.Name);
            }
            else
            {
                if (change.Type is StoreEventType.Added)
                {
                    _heard[item.Name] = Now;
                }

                _queue.Add(item.Name);
            }
        }
        else if (item.Kind == Kinds.Lease && item.Namespace == LeaseNamespace && change.Type is not StoreEventType.Deleted)
        {
            // Each renewal only moves the time: the check that is due looks at it and waits on.
            _heard[item.Name] = Now;
        }
    }

    public void Tell(string node, bool alive)
    {
        if (alive)
        {
            _alive.Add(node);
        }
        else
        {
            _alive.Remove(node);
        }

        _heard[node] = Now;
        _queue.Add(node);
    }

    private void Reconcile(string name)
    {
        if (_context.Store.Get(Kinds.Node, "", name) is not { } node)
        {
            return;
        }

        if (!_alive.Contains(name))
        {
            var left = _heard.GetValueOrDefault(name) + _grace - Now;
            if (left > TimeSpan.Zero)
            {
                _queue.AddIn(name, left);
            }
            else if (NodeView.Of(node).Ready != "Unknown")
            {
                node = GiveUp(node);
            }
        }

        SetTaints(node);
    }

    private KubeObject GiveUp(KubeObject node)
    {
        _context.Events.Normal(node, "node-controller", "NodeNotReady", $"Node {node.Name} status is now: NodeNotReady");
        foreach (var pod in _context.Store.PodsOn(node.Name))
        {
            if (PodView.Of(pod).Ready)
            {
                _context.Store.Update(pod, json => json.SetCondition("Ready", false, Now));
                _context.Events.Warning(pod, "node-controller", "NodeNotReady", "Node is not ready");
            }
        }

        return _context.Store.Update(node, json =>
        {
            foreach (var type in Conditions)
            {
                json.SetCondition(type, null, Now, "NodeStatusUnknown", "Kubelet stopped posting node status.");
            }
        });
    }

    private void SetTaints(KubeObject node)
    {
        var view = NodeView.Of(node);
        var wanted = new HashSet<(string Key, string Effect)>();
        if (view.Ready != "True")
        {
            var key = view.Ready == "Unknown" ? Taint.Unreachable : Taint.NotReady;
            wanted.Add((key, Taint.NoSchedule));
            if (view.Ready is not null)
            {
                wanted.Add((key, Taint.NoExecute));
            }
        }

        if (view.Unschedulable)
        {
            wanted.Add((Taint.Unschedulable, Taint.NoSchedule));
        }

        foreach (var (condition, key) in Pressures)
        {
            if (node.Json.IsTrue(condition))
            {
                wanted.Add((key, Taint.NoSchedule));
            }
        }

        var kept = view.Taints.Where(t => !IsOurs(t) || wanted.Contains((t.Key, t.Effect))).ToList();
        var added = wanted
            .Where(w => !kept.Exists(t => t.Key == w.Key && t.Effect == w.Effect))
            .OrderBy(w => w.Key, StringComparer.Ordinal)
            .ThenBy(w => w.Effect, StringComparer.Ordinal)
            .Select(w => new Taint(w.Key, "", w.Effect, Now))
            .ToList();
        if (added.Count == 0 && kept.Count == view.Taints.Length)
        {
            return;
        }

        _context.Store.Update(node, json =>
        {
            var spec = json.Sub("spec");
            if (kept.Count + added.Count == 0)
            {
                spec.Remove("taints");
            }
            else
            {
                spec["taints"] = new JsonArray([.. kept.Concat(added).Select(taint => taint.ToJson())]);
            }
        });
    }

    private static bool IsOurs(Taint taint) =>
        taint.Key is Taint.NotReady or Taint.Unreachable or Taint.Unschedulable
        || Array.Exists(Pressures, pressure => pressure.Taint == taint.Key);
}
