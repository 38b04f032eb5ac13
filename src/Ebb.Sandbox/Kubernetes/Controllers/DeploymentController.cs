using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Moves a Deployment's pods from one ReplicaSet to the next without ever having too few or too many.</summary>
internal sealed partial class DeploymentController
{
    private const string Component = "deployment-controller";
    private const string Revision = "deployment.kubernetes.io/revision";
    private const string Desired = "deployment.kubernetes.io/desired-replicas";
    private const string Maximum = "deployment.kubernetes.io/max-replicas";

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _queue;

    public DeploymentController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    private DateTimeOffset Now => _context.Now;

    public void See(StoreEvent change)
    {
        if (change.Object.Kind == Kinds.Deployment)
        {
            _queue.Add(ObjectKey.Of(change.Object));
        }
        else if (change.Object.Kind == Kinds.ReplicaSet
            && OwnerRef.ControllerOf(change.Object.Metadata) is { Kind: "Deployment" } owner)
        {
            _queue.Add(new ObjectKey(change.Object.Namespace, owner.Name));
        }
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.Deployment, key.Namespace, key.Name) is not { Deleting: false } deployment)
        {
            return;
        }

        var sets = Sets(deployment);
        var template = deployment.Json["spec"].At("template");
        var current = sets.Find(set => PodTemplate.Same(set.Json["spec"].At("template"), template));
        if (!deployment.Json["spec"].Flag("paused") || current is not null)
        {
            current = current is null ? CreateSet(deployment, sets, template) : BringUp(deployment, current, sets);
            if (current is null)
            {
                return;
            }

            deployment = Store.Get(Kinds.Deployment, key.Namespace, key.Name)!;
            Roll(deployment, current, sets);
        }

        var all = Sets(deployment);
        Prune(deployment, current, all);
        WriteStatus(deployment, current is null ? null : all.Find(set => set.Uid == current.Uid), all);
    }

    /// <summary>Its ReplicaSets, oldest first.</summary>
    private List<KubeObject> Sets(KubeObject deployment) =>
    [
        .. Store.OwnedBy(deployment.Uid)
            .Where(item => item.Kind == Kinds.ReplicaSet && !item.Deleting)
            .OrderBy(RevisionOf)
            .ThenBy(item => item.Name, StringComparer.Ordinal),
    ];

    private static long RevisionOf(KubeObject set) =>
        long.TryParse(set.Metadata.At("annotations").Text(Revision), out var revision) ? revision : 0;

    private KubeObject? CreateSet(KubeObject deployment, List<KubeObject> sets, JsonNode? template)
    {
        var revision = (sets.Count == 0 ? 0 : sets.Max(RevisionOf)) + 1;
        var hash = PodTemplate.Hash(template);
        var labelled = template?.DeepClone().AsObject() ?? [];
        labelled.Sub("metadata").Sub("labels")[PodTemplate.HashLabel] = hash;
        var selector = deployment.Json["spec"].At("selector")?.DeepClone().AsObject() ?? [];
        selector.Sub("matchLabels")[PodTemplate.HashLabel] = hash;
        var created = _context.TryCreate(
            Kinds.ReplicaSet,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = Templates.Prefix(deployment.Name) + hash,
                    ["namespace"] = deployment.Namespace,
                    ["labels"] = labelled["metadata"]!["labels"]!.DeepClone(),
                    ["annotations"] = Annotations(deployment, revision),
                    ["ownerReferences"] = new JsonArray(Templates.OwnedBy(deployment)),
                },
                ["spec"] = new JsonObject
                {
                    ["replicas"] = 0,
                    ["minReadySeconds"] = deployment.Json["spec"].Number("minReadySeconds") ?? 0,
                    ["selector"] = selector,
                    ["template"] = labelled,
                },
            },
            deployment);
        SetRevision(deployment, revision);
        return created;
    }

    /// <summary>An older ReplicaSet that is wanted again becomes the newest revision: that is what a rollback is.</summary>
    private KubeObject BringUp(KubeObject deployment, KubeObject current, List<KubeObject> sets)
    {
        var revision = RevisionOf(current);
        var newest = sets.Max(RevisionOf);
        if (revision < newest)
        {
            revision = newest + 1;
        }

        var annotations = Annotations(deployment, revision);
        current = Store.Update(current, json =>
        {
            var own = json["metadata"]!.AsObject().Sub("annotations");
            foreach (var (name, value) in annotations)
            {
                own[name] = value?.DeepClone();
            }
        });
        SetRevision(deployment, revision);
        return current;
    }

    private void SetRevision(KubeObject deployment, long revision)
    {
        if (deployment.Metadata.At("annotations").Text(Revision) != revision.ToString())
        {
            Store.Update(deployment, json => json["metadata"]!.AsObject().Sub("annotations")[Revision] = revision.ToString());
        }
    }

    private static JsonObject Annotations(KubeObject deployment, long revision)
    {
        var replicas = Replicas(deployment);
        var annotations = new JsonObject();
        foreach (var (name, value) in deployment.Metadata.Map("annotations"))
        {
            if (name != "kubectl.kubernetes.io/last-applied-configuration")
            {
                annotations[name] = value;
            }
        }

        annotations[Revision] = revision.ToString();
        annotations[Desired] = replicas.ToString();
        annotations[Maximum] = (replicas + RollingLimits.Of(deployment.Json, replicas).Surge).ToString();
        return annotations;
    }

    private static int Replicas(KubeObject item) =>
        (int)Math.Clamp(item.Json["spec"].Number("replicas") ?? 1, 0, 100_000);

    private static int Status(KubeObject item, string name) => (int)(item.Json["status"].Number(name) ?? 0);

    private void Roll(KubeObject deployment, KubeObject current, List<KubeObject> sets)
    {
        var old = sets.Where(set => set.Uid != current.Uid).ToList();
        var replicas = Replicas(deployment);
        if (deployment.Json["spec"].Flag("paused"))
        {
            if (old.Sum(Replicas) == 0)
            {
                Scale(deployment, current, replicas);
            }

            return;
        }

        if (deployment.Json["spec"].Text("strategy", "type") == "Recreate")
        {
            old.ForEach(set => Scale(deployment, set, 0));
            if (old.TrueForAll(set => !Store.PodsOf(set).Any(pod => !PodView.Of(pod).Finished)))
            {
                Scale(deployment, current, replicas);
            }

            return;
        }

        var limits = RollingLimits.Of(deployment.Json, replicas);
        var total = old.Sum(Replicas) + Replicas(current);
        var room = replicas + limits.Surge - total;
        var grown = Replicas(current);
        if (grown > replicas)
        {
            grown = replicas;
        }
        else if (grown < replicas && room > 0)
        {
            grown = Math.Min(replicas, grown + room);
        }

        Scale(deployment, current, grown);
        Shrink(deployment, current, old, replicas - limits.Unavailable, grown);
    }

    /// <summary>Takes down old pods: unhealthy ones freely, healthy ones while enough stay available.</summary>
    private void Shrink(KubeObject deployment, KubeObject current, List<KubeObject> old, int minAvailable, int grown)
    {
        var total = old.Sum(Replicas) + grown;
        var unavailable = grown - Math.Min(grown, Status(current, "availableReplicas"));
        var spare = total - minAvailable - unavailable;
        foreach (var set in old)
        {
            if (spare <= 0)
            {
                return;
            }

            var unhealthy = Math.Min(spare, Replicas(set) - Math.Min(Replicas(set), Status(set, "availableReplicas")));
            if (unhealthy > 0)
            {
                Scale(deployment, set, Replicas(set) - unhealthy);
                spare -= unhealthy;
            }
        }

        var available = old.Sum(set => Status(set, "availableReplicas")) + Status(current, "availableReplicas");
        spare = available - minAvailable;
        foreach (var name in old.Select(set => set.Name))
        {
            var set = Store.Get(Kinds.ReplicaSet, deployment.Namespace, name);
            if (set is null || spare <= 0)
            {
                continue;
            }

            var down = Math.Min(spare, Replicas(set));
            Scale(deployment, set, Replicas(set) - down);
            spare -= down;
        }
    }

    private void Scale(KubeObject deployment, KubeObject set, int replicas)
    {
        set = Store.Get(Kinds.ReplicaSet, set.Namespace, set.Name)!;
        var before = Replicas(set);
        if (before == replicas)
        {
            return;
        }

        Store.Update(set, json => json.Sub("spec")["replicas"] = replicas);
        _context.Events.Normal(
            deployment,
            Component,
            "ScalingReplicaSet",
            $"Scaled {(replicas > before ? "up" : "down")} replica set {set.Name} from {before} to {replicas}");
    }

    private void Prune(KubeObject deployment, KubeObject? current, List<KubeObject> sets)
    {
        var kept = (int)Math.Clamp(deployment.Json["spec"].Number("revisionHistoryLimit") ?? 10, 0, int.MaxValue);
        var old = sets.Where(set => set.Uid != current?.Uid && Replicas(set) == 0 && Status(set, "replicas") == 0).ToList();
        foreach (var set in old.Take(Math.Max(0, old.Count - kept)))
        {
            Store.Delete(Kinds.ReplicaSet, set.Namespace, set.Name, DeleteOptions.Default);
        }
    }
}
