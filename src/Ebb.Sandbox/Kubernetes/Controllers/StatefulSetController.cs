using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Runs numbered pods, one after the other or all at once, each with its own volumes.</summary>
internal sealed class StatefulSetController
{
    private const string RevisionLabel = "controller-revision-hash";

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _queue;
    private readonly Revisions _revisions;

    public StatefulSetController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
        _revisions = new Revisions(context, "controller.kubernetes.io/hash");
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.StatefulSet)
        {
            _queue.Add(ObjectKey.Of(item));
        }
        else if (item.Kind == Kinds.Pod)
        {
            if (PodView.Of(item).Owner is { Kind: "StatefulSet" } owner)
            {
                _queue.Add(new ObjectKey(item.Namespace, owner.Name));
            }

            foreach (var set in _context.Strays.SuitorsOf(change, Kinds.StatefulSet))
            {
                _queue.Add(ObjectKey.Of(set));
            }
        }
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.StatefulSet, key.Namespace, key.Name) is not { } set)
        {
            return;
        }

        var plan = new StatefulPlan(set, _revisions.Update(set));
        var pods = _context.Claim(set, Kinds.Pod, pod => plan.OrdinalOf(pod.Name) is not null)
            .Where(pod => plan.OrdinalOf(pod.Name) is not null)
            .ToDictionary(pod => pod.Name, StringComparer.Ordinal);
        if (!set.Deleting && Fill(plan, pods) && TakeAwayExtra(plan, pods))
        {
            Replace(plan, pods);
        }

        WriteStatus(plan);
        _revisions.Prune(set, plan.Revisions, revision => revision.Name == plan.Current
            || Store.PodsOf(set).Any(pod => RevisionOf(pod) == revision.Name));
    }

    private static string RevisionOf(KubeObject pod) => PodView.Of(pod).Labels.GetValueOrDefault(RevisionLabel, "");

    private static bool IsUp(KubeObject pod) => PodView.Of(pod) is { Ready: true, Phase: "Running" };

    /// <summary>Creates what is missing; true when nothing is left to wait for.</summary>
    private bool Fill(StatefulPlan plan, Dictionary<string, KubeObject> pods)
    {
        for (var i = plan.First; i < plan.End; i++)
        {
            var existing = pods.GetValueOrDefault(plan.NameOf(i));
            if (existing is not null && PodView.Of(existing) is { Finished: true, Terminating: false })
            {
                // Its name is needed again.
                _context.Events.Warning(
                    plan.Set,
                    "statefulset-controller",
                    "RecreatingFailedPod",
                    $"StatefulSet {plan.Set.Namespace}/{plan.Set.Name} is recreating failed Pod {existing.Name}");
                _context.DeletePod(existing, plan.Set);
                existing = Store.Get(Kinds.Pod, existing.Namespace, existing.Name);
            }

            if (existing is null)
            {
                Create(plan, i);
                if (plan.InOrder)
                {
                    return false;
                }
            }
            else if (plan.InOrder && !(IsUp(existing) && !existing.Deleting))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The highest number goes first, and the next when it is gone.</summary>
    private bool TakeAwayExtra(StatefulPlan plan, Dictionary<string, KubeObject> pods)
    {
        var extra = pods.Values.Where(pod => !plan.Wants(pod.Name)).OrderByDescending(pod => plan.OrdinalOf(pod.Name)).ToList();
        var unhealthy = pods.Values.Where(pod => !IsUp(pod) || pod.Deleting).MinBy(pod => plan.OrdinalOf(pod.Name));
        foreach (var pod in extra)
        {
            // While another is not well, none that is goes; but the one that ails may.
            if (plan.InOrder && (pod.Deleting || (!IsUp(pod) && pod != unhealthy)))
            {
                return false;
            }

            _context.DeletePod(pod, plan.Set);
            if (plan.InOrder)
            {
                return false;
            }
        }

        return extra.Count == 0;
    }

    /// <summary>A rolling update: from the highest number down, each ready again before the next.</summary>
    private void Replace(StatefulPlan plan, Dictionary<string, KubeObject> pods)
    {
        if (!plan.Rolls)
        {
            return;
        }

        for (var i = plan.End - 1; i >= Math.Max(plan.First, plan.Partition); i--)
        {
            if (!pods.TryGetValue(plan.NameOf(i), out var pod))
            {
                return;
            }

            if (RevisionOf(pod) != plan.Newest && !pod.Deleting)
            {
                _context.DeletePod(pod, plan.Set);
                return;
            }

            if (!IsUp(pod) || pod.Deleting)
            {
                return;
            }
        }
    }

    private void Create(StatefulPlan plan, int ordinal)
    {
        var set = plan.Set;
        var name = plan.NameOf(ordinal);
        var pod = Templates.Pod(set, plan.TemplateFor(ordinal));
        var metadata = pod["metadata"]!.AsObject();
        metadata["name"] = name;
        var labels = metadata.Sub("labels");
        labels["statefulset.kubernetes.io/pod-name"] = name;
        labels["apps.kubernetes.io/pod-index"] = ordinal.ToString();
        labels[RevisionLabel] = plan.RevisionFor(ordinal);
        var spec = pod.Sub("spec");
        spec["hostname"] = name;
        spec.Put("subdomain", set.Json["spec"].Text("serviceName"));
        CreateClaims(set, name, spec);
        if (_context.TryCreate(Kinds.Pod, pod, set) is not null)
        {
            _context.Events.Normal(
                set, "statefulset-controller", "SuccessfulCreate", $"create Pod {name} in StatefulSet {set.Name} successful");
        }
        else
        {
            _queue.AddIn(ObjectKey.Of(set), TimeSpan.FromSeconds(10));
        }
    }

    private void CreateClaims(KubeObject set, string pod, JsonObject spec)
    {
        foreach (var template in set.Json["spec"].Objects("volumeClaimTemplates"))
        {
            var volume = template.Text("metadata", "name") ?? "data";
            var claim = $"{volume}-{pod}";
            if (Store.Get(Kinds.PersistentVolumeClaim, set.Namespace, claim) is null)
            {
                var json = template.DeepClone().AsObject();
                json.Remove("status");
                var metadata = json.Sub("metadata");
                metadata["name"] = claim;
                metadata["namespace"] = set.Namespace;
                var labels = metadata.Sub("labels");
                foreach (var (label, value) in set.Json["spec"].At("selector").Map("matchLabels"))
                {
                    labels[label] = value;
                }

                _context.TryCreate(Kinds.PersistentVolumeClaim, json, set);
            }

            if (spec["volumes"] is not JsonArray volumes)
            {
                spec["volumes"] = volumes = [];
            }

            foreach (var same in volumes.OfType<JsonObject>().Where(v => v.Text("name") == volume).ToArray())
            {
                volumes.Remove(same);
            }

            volumes.Add(new JsonObject
            {
                ["name"] = volume,
                ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim },
            });
        }
    }

    private void WriteStatus(StatefulPlan plan)
    {
        var set = plan.Set;
        var pods = Store.PodsOf(set).ToList();
        var alive = pods.Where(pod => !pod.Deleting).ToList();
        var ready = pods.Count(IsUp);
        var updated = alive.Count(pod => RevisionOf(pod) == plan.Newest);
        var done = plan.Rolls && updated == pods.Count && ready == pods.Count;
        var current = done ? plan.Newest : plan.Current;
        Store.Update(set, json =>
        {
            var status = json.Sub("status");
            status["observedGeneration"] = set.Metadata.Number("generation") ?? 1;
            status["replicas"] = pods.Count;
            status["readyReplicas"] = ready;
            status["availableReplicas"] = ready;
            status["currentReplicas"] = alive.Count(pod => RevisionOf(pod) == current);
            status["updatedReplicas"] = updated;
            status["currentRevision"] = current;
            status["updateRevision"] = plan.Newest;
            status["collisionCount"] = 0;
        });
    }
}
