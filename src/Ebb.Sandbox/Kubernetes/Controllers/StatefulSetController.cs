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

    public StatefulSetController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        if (change.Object.Kind == Kinds.StatefulSet)
        {
            _queue.Add(ObjectKey.Of(change.Object));
        }
        else if (change.Object.Kind == Kinds.Pod && PodView.Of(change.Object).Owner is { Kind: "StatefulSet" } owner)
        {
            _queue.Add(new ObjectKey(change.Object.Namespace, owner.Name));
        }
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.StatefulSet, key.Namespace, key.Name) is not { Deleting: false } set)
        {
            return;
        }

        var spec = set.Json["spec"];
        var first = (int)Math.Clamp(spec.Number("ordinals", "start") ?? 0, 0, int.MaxValue / 2);
        var replicas = (int)Math.Clamp(spec.Number("replicas") ?? 1, 0, 100_000);
        var inOrder = spec.Text("podManagementPolicy") != "Parallel";
        var revision = PodTemplate.Hash(spec.At("template"));
        var pods = Store.PodsOf(set).ToDictionary(pod => pod.Name, StringComparer.Ordinal);

        if (Fill(set, pods, first, replicas, inOrder, revision)
            && TakeAwayExtra(set, pods, first, replicas, inOrder))
        {
            Replace(set, pods, first, replicas, revision);
        }

        WriteStatus(set, revision, first, replicas);
    }

    /// <summary>Creates what is missing; true when nothing is left to wait for.</summary>
    private bool Fill(
        KubeObject set, Dictionary<string, KubeObject> pods, int first, int replicas, bool inOrder, string revision)
    {
        for (var i = first; i < first + replicas; i++)
        {
            var existing = pods.GetValueOrDefault($"{set.Name}-{i}");
            if (existing is null)
            {
                Create(set, i, revision);
                if (inOrder)
                {
                    return false;
                }

                continue;
            }

            var view = PodView.Of(existing);
            if (view.Finished && !view.Terminating)
            {
                // Its name is needed again.
                _context.DeletePod(existing, set);
            }

            if (inOrder && !(view.Ready && view.Active))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The highest number goes first.</summary>
    private bool TakeAwayExtra(
        KubeObject set, Dictionary<string, KubeObject> pods, int first, int replicas, bool inOrder)
    {
        var extra = pods.Values
            .Where(pod => Ordinal(pod.Name) is { } n && (n < first || n >= first + replicas))
            .OrderByDescending(pod => Ordinal(pod.Name));
        var any = false;
        foreach (var pod in extra)
        {
            any = true;
            _context.DeletePod(pod, set);
            if (inOrder)
            {
                break;
            }
        }

        return !any;
    }

    /// <summary>A rolling update: from the highest number down, each ready again before the next.</summary>
    private void Replace(
        KubeObject set, Dictionary<string, KubeObject> pods, int first, int replicas, string revision)
    {
        var strategy = set.Json["spec"].At("updateStrategy");
        if (strategy.Text("type") == "OnDelete")
        {
            return;
        }

        var partition = strategy.Number("rollingUpdate", "partition") ?? 0;
        for (var i = first + replicas - 1; i >= Math.Max(first, partition); i--)
        {
            if (!pods.TryGetValue($"{set.Name}-{i}", out var pod) || !PodView.Of(pod).Ready || pod.Deleting)
            {
                return;
            }

            if (PodView.Of(pod).Labels.GetValueOrDefault(RevisionLabel) != revision)
            {
                _context.DeletePod(pod, set);
                return;
            }
        }
    }

    private static int? Ordinal(string name) =>
        int.TryParse(name.AsSpan(name.LastIndexOf('-') + 1), out var ordinal) ? ordinal : null;

    private void Create(KubeObject set, int ordinal, string revision)
    {
        var name = $"{set.Name}-{ordinal}";
        var pod = Templates.Pod(set, set.Json["spec"].At("template"));
        var metadata = pod["metadata"]!.AsObject();
        metadata["name"] = name;
        var labels = metadata.Sub("labels");
        labels["statefulset.kubernetes.io/pod-name"] = name;
        labels["apps.kubernetes.io/pod-index"] = ordinal.ToString();
        labels[RevisionLabel] = revision;
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

    private void WriteStatus(KubeObject set, string revision, int first, int replicas)
    {
        var pods = Store.PodsOf(set).Select(PodView.Of).ToList();
        var updated = pods.Count(pod => pod.Labels.GetValueOrDefault(RevisionLabel) == revision);
        var ready = pods.Count(pod => pod.Ready && pod.Active);
        var done = updated == replicas && ready == replicas && pods.Count == replicas;
        Store.Update(set, json =>
        {
            var status = json.Sub("status");
            var before = status.Text("currentRevision");
            var current = done || before is null ? $"{set.Name}-{revision}" : before;
            status["observedGeneration"] = set.Metadata.Number("generation") ?? 1;
            status["replicas"] = pods.Count;
            status["readyReplicas"] = ready;
            status["availableReplicas"] = ready;
            status["currentReplicas"] = current == $"{set.Name}-{revision}" ? updated : pods.Count - updated;
            status["updatedReplicas"] = updated;
            status["currentRevision"] = current;
            status["updateRevision"] = $"{set.Name}-{revision}";
            status["collisionCount"] = 0;
        });
    }
}
