using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Runs one pod on each node that it fits.</summary>
internal sealed class DaemonSetController
{
    private const string RevisionLabel = "controller-revision-hash";

    private static readonly (string Key, string Effect)[] Tolerated =
    [
        (Taint.NotReady, Taint.NoExecute),
        (Taint.Unreachable, Taint.NoExecute),
        ("node.kubernetes.io/disk-pressure", Taint.NoSchedule),
        ("node.kubernetes.io/memory-pressure", Taint.NoSchedule),
        ("node.kubernetes.io/pid-pressure", Taint.NoSchedule),
        (Taint.Unschedulable, Taint.NoSchedule),
    ];

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _queue;

    public DaemonSetController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.DaemonSet)
        {
            _queue.Add(ObjectKey.Of(item));
        }
        else if (item.Kind == Kinds.Pod && PodView.Of(item).Owner is { Kind: "DaemonSet" } owner)
        {
            _queue.Add(new ObjectKey(item.Namespace, owner.Name));
        }
        else if (item.Kind == Kinds.Node && Matters(change))
        {
            foreach (var set in Store.List(Kinds.DaemonSet))
            {
                _queue.Add(ObjectKey.Of(set));
            }
        }
    }

    private static bool Matters(StoreEvent change)
    {
        if (change.Type is not StoreEventType.Modified)
        {
            return true;
        }

        var (before, after) = (NodeView.Of(change.Before!), NodeView.Of(change.Object));
        return !before.Taints.SequenceEqual(after.Taints)
            || before.Labels.Count != after.Labels.Count
            || before.Labels.Any(label => after.Labels.GetValueOrDefault(label.Key) != label.Value);
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.DaemonSet, key.Namespace, key.Name) is not { Deleting: false } set)
        {
            return;
        }

        var spec = set.Json["spec"];
        var revision = PodTemplate.Hash(spec.At("template"));
        var sample = PodView.Of(NewPod(set, "", revision)).Needs;
        var byNode = Store.PodsOf(set).ToLookup(TargetOf);
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in Store.List(Kinds.Node))
        {
            var view = NodeView.Of(node);
            var (run, keep) = Belongs(sample, view);
            if (run)
            {
                wanted.Add(view.Name);
            }

            Manage(set, view.Name, [.. byNode[view.Name]], run, keep, revision);
        }

        Update(set, wanted, revision);
        WriteStatus(set, wanted, revision);
    }

    /// <summary>The node that a pod of a DaemonSet is meant for, bound or not.</summary>
    private static string TargetOf(KubeObject pod)
    {
        if (PodView.Of(pod).NodeName is { Length: > 0 } bound)
        {
            return bound;
        }

        return pod.Json["spec"].At("affinity", "nodeAffinity").At("requiredDuringSchedulingIgnoredDuringExecution")
            .Objects("nodeSelectorTerms")
            .SelectMany(term => term.Objects("matchFields"))
            .SelectMany(field => field.Texts("values"))
            .FirstOrDefault() ?? "";
    }

    private static (bool Run, bool Keep) Belongs(PodNeeds sample, NodeView node)
    {
        if (!sample.Nodes.Accepts(node))
        {
            return (false, false);
        }

        var blocking = node.Taints.Where(taint =>
            taint.Effect is Taint.NoSchedule or Taint.NoExecute && !sample.Tolerations.Any(t => t.Bears(taint))).ToList();
        return (blocking.Count == 0, blocking.TrueForAll(taint => taint.Effect != Taint.NoExecute));
    }

    private void Manage(KubeObject set, string node, List<KubeObject> pods, bool run, bool keep, string revision)
    {
        var alive = new List<KubeObject>();
        foreach (var pod in pods)
        {
            var view = PodView.Of(pod);
            if (view.Phase == "Failed" && !view.Terminating)
            {
                _context.DeletePod(pod, set);
            }
            else if (!view.Terminating)
            {
                alive.Add(pod);
            }
        }

        if (!keep || (!run && alive.Exists(pod => PodView.Of(pod).NodeName.Length == 0)))
        {
            alive.ForEach(pod => _context.DeletePod(pod, set));
            return;
        }

        foreach (var surplus in alive.OrderBy(pod => PodView.Of(pod).Created).Skip(1))
        {
            _context.DeletePod(surplus, set);
        }

        // While the last one is still leaving, its place is not free.
        if (run && pods.Count == 0
            && _context.TryCreate(Kinds.Pod, NewPod(set, node, revision), set) is { } created)
        {
            _context.Events.Normal(set, "daemonset-controller", "SuccessfulCreate", $"Created pod: {created.Name}");
        }
    }

    private static JsonObject NewPod(KubeObject set, string node, string revision)
    {
        var pod = Templates.Pod(set, set.Json["spec"].At("template"));
        var metadata = pod["metadata"]!.AsObject();
        metadata["generateName"] = Templates.Prefix(set.Name);
        metadata.Sub("labels")[RevisionLabel] = revision;
        var spec = pod.Sub("spec");
        if (spec["tolerations"] is not JsonArray tolerations)
        {
            spec["tolerations"] = tolerations = [];
        }

        var hostNetwork = spec.Flag("hostNetwork");
        foreach (var (key, effect) in Tolerated.Concat(hostNetwork
            ? [("node.kubernetes.io/network-unavailable", Taint.NoSchedule)]
            : Array.Empty<(string, string)>()))
        {
            tolerations.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = effect });
        }

        if (node.Length > 0)
        {
            Target(spec, node);
        }

        return pod;
    }

    /// <summary>Each term of the template's own affinity, narrowed to one node by its name.</summary>
    private static void Target(JsonObject spec, string node)
    {
        var required = spec.Sub("affinity").Sub("nodeAffinity").Sub("requiredDuringSchedulingIgnoredDuringExecution");
        if (required["nodeSelectorTerms"] is not JsonArray { Count: > 0 } terms)
        {
            required["nodeSelectorTerms"] = terms = [new JsonObject()];
        }

        foreach (var term in terms.OfType<JsonObject>())
        {
            term["matchFields"] = new JsonArray(new JsonObject
            {
                ["key"] = "metadata.name",
                ["operator"] = "In",
                ["values"] = new JsonArray(node),
            });
        }
    }

    /// <summary>Replaces pods of an older template, so many at a time.</summary>
    private void Update(KubeObject set, HashSet<string> wanted, string revision)
    {
        var strategy = set.Json["spec"].At("updateStrategy");
        if (strategy.Text("type") == "OnDelete")
        {
            return;
        }

        var pods = Store.PodsOf(set).Where(pod => wanted.Contains(TargetOf(pod))).ToList();
        var allowed = strategy.At("rollingUpdate", "maxUnavailable").CountOrPercent(wanted.Count, roundUp: true) ?? 1;
        allowed -= wanted.Count - pods.Count(pod => PodView.Of(pod) is { Ready: true, Active: true });
        foreach (var pod in pods.Where(pod => PodView.Of(pod).Active && PodView.Of(pod).Labels.GetValueOrDefault(RevisionLabel) != revision))
        {
            if (!PodView.Of(pod).Ready)
            {
                _context.DeletePod(pod, set);
            }
            else if (allowed-- > 0)
            {
                _context.DeletePod(pod, set);
            }
        }
    }

    private void WriteStatus(KubeObject set, HashSet<string> wanted, string revision)
    {
        var pods = Store.PodsOf(set).Select(pod => (View: PodView.Of(pod), Node: TargetOf(pod))).Where(p => p.View.Active).ToList();
        var placed = pods.Where(p => wanted.Contains(p.Node)).ToList();
        var ready = placed.Count(p => p.View.Ready);
        Store.Update(set, json =>
        {
            var status = json.Sub("status");
            status["observedGeneration"] = set.Metadata.Number("generation") ?? 1;
            status["desiredNumberScheduled"] = wanted.Count;
            status["currentNumberScheduled"] = placed.Count;
            status["numberMisscheduled"] = pods.Count - placed.Count;
            status["numberReady"] = ready;
            status["updatedNumberScheduled"] = placed.Count(p => p.View.Labels.GetValueOrDefault(RevisionLabel) == revision);
            status["numberAvailable"] = ready;
            status["numberUnavailable"] = wanted.Count - ready;
        });
    }
}
