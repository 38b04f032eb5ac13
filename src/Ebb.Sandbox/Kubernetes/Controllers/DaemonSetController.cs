using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api;
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
    private readonly Revisions _revisions;

    public DaemonSetController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
        _revisions = new Revisions(context, RevisionLabel);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.DaemonSet)
        {
            _queue.Add(ObjectKey.Of(item));
        }
        else if (item.Kind == Kinds.Pod)
        {
            if (PodView.Of(item).Owner is { Kind: "DaemonSet" } owner)
            {
                _queue.Add(new ObjectKey(item.Namespace, owner.Name));
            }

            foreach (var set in _context.Strays.SuitorsOf(change, Kinds.DaemonSet))
            {
                _queue.Add(ObjectKey.Of(set));
            }
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
        var revisions = _revisions.Update(set);
        var revision = revisions.Count == 0 ? "" : _revisions.HashOf(revisions[^1]);
        var sample = PodView.Of(NewPod(set, "", revision)).Needs;
        var byNode = _context.Claim(set, Kinds.Pod).ToLookup(TargetOf);
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
        _revisions.Prune(set, revisions, old =>
            Store.PodsOf(set).Any(pod => PodView.Of(pod).Labels.GetValueOrDefault(RevisionLabel) == _revisions.HashOf(old)));
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
                _context.Events.Warning(
                    set,
                    "daemonset-controller",
                    "FailedDaemonPod",
                    $"Found failed daemon pod {pod.Namespace}/{pod.Name} on node {node}, will try to kill it");
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
        metadata.Sub("labels").Put("pod-template-generation", set.Metadata.At("annotations").Text(TemplateGeneration.Annotation));
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

    /// <summary>Whether the template's own terms hold has been looked at: what is left of them is the node, by its name.</summary>
    private static void Target(JsonObject spec, string node) =>
        spec.Sub("affinity").Sub("nodeAffinity")["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonObject
        {
            ["nodeSelectorTerms"] = new JsonArray(new JsonObject
            {
                ["matchFields"] = new JsonArray(new JsonObject
                {
                    ["key"] = "metadata.name",
                    ["operator"] = "In",
                    ["values"] = new JsonArray(node),
                }),
            }),
        };

    /// <summary>Replaces pods of an older template, so many at a time.</summary>
    private void Update(KubeObject set, HashSet<string> wanted, string revision)
    {
        var strategy = set.Json["spec"].At("updateStrategy");
        if (strategy.Text("type") == "OnDelete")
        {
            return;
        }

        var minReady = MinReady(set);
        var pods = Store.PodsOf(set).Where(pod => wanted.Contains(TargetOf(pod))).ToList();
        var allowed = strategy.At("rollingUpdate", "maxUnavailable").CountOrPercent(wanted.Count, roundUp: true) ?? 1;
        allowed -= wanted.Count - pods.Count(pod => PodView.Of(pod).Active && IsAvailable(set, pod, minReady));
        foreach (var pod in pods.Where(pod => PodView.Of(pod).Active && PodView.Of(pod).Labels.GetValueOrDefault(RevisionLabel) != revision))
        {
            if (!IsAvailable(set, pod, minReady) || allowed-- > 0)
            {
                _context.DeletePod(pod, set);
            }
        }
    }

    private static TimeSpan MinReady(KubeObject set) =>
        TimeSpan.FromSeconds(Math.Clamp(set.Json["spec"].Number("minReadySeconds") ?? 0, 0, int.MaxValue));

    private bool IsAvailable(KubeObject set, KubeObject pod, TimeSpan minReady) =>
        Availability.Of(PodView.Of(pod), minReady, _context.Now, () => _queue.AddIn(ObjectKey.Of(set), minReady));

    private void WriteStatus(KubeObject set, HashSet<string> wanted, string revision)
    {
        // One pod for each node, the oldest; it counts until it is gone.
        var minReady = MinReady(set);
        var oldest = Store.PodsOf(set)
            .GroupBy(TargetOf, (node, pods) => (Node: node, Pod: pods.MinBy(pod => PodView.Of(pod).Created)!))
            .ToList();
        var placed = oldest.Where(p => wanted.Contains(p.Node)).Select(p => p.Pod).ToList();
        var available = placed.Count(pod => IsAvailable(set, pod, minReady));
        Store.Update(set, json =>
        {
            var status = json.Sub("status");
            status["observedGeneration"] = set.Metadata.Number("generation") ?? 1;
            status["desiredNumberScheduled"] = wanted.Count;
            status["currentNumberScheduled"] = placed.Count;
            status["numberMisscheduled"] = oldest.Count - placed.Count;
            status["numberReady"] = placed.Count(pod => PodView.Of(pod).Ready);
            status["updatedNumberScheduled"] = placed.Count(pod => PodView.Of(pod).Labels.GetValueOrDefault(RevisionLabel) == revision);
            status["numberAvailable"] = available;
            status["numberUnavailable"] = wanted.Count - available;
        });
    }
}
