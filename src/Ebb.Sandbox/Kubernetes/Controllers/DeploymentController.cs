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
    private const string History = "deployment.kubernetes.io/revision-history";

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
        var item = change.Object;
        if (item.Kind == Kinds.Deployment)
        {
            _queue.Add(ObjectKey.Of(item));
        }
        else if (item.Kind == Kinds.ReplicaSet)
        {
            if (OwnerRef.ControllerOf(item.Metadata) is { Kind: "Deployment" } owner)
            {
                _queue.Add(new ObjectKey(item.Namespace, owner.Name));
            }

            foreach (var deployment in _context.Strays.SuitorsOf(change, Kinds.Deployment))
            {
                _queue.Add(ObjectKey.Of(deployment));
            }
        }
        else if (item.Kind == Kinds.Pod && change.Type is StoreEventType.Deleted
            && PodView.Of(item).Owner is { Kind: "ReplicaSet" } set
            && Store.Get(Kinds.ReplicaSet, item.Namespace, set.Name) is { } replicaSet
            && OwnerRef.ControllerOf(replicaSet.Metadata) is { Kind: "Deployment" } recreating)
        {
            // Recreate waits for the last pod to be gone, of which its ReplicaSet, whose count is zero, says nothing.
            _queue.Add(new ObjectKey(item.Namespace, recreating.Name));
        }
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.Deployment, key.Namespace, key.Name) is not { } deployment)
        {
            return;
        }

        var sets = Sets(deployment);
        if (deployment.Deleting)
        {
            WriteStatus(deployment, Current(deployment, sets), sets, progress: false);
            return;
        }

        NotePause(ref deployment);
        if (deployment.Json["spec"].Flag("paused") || IsBeingScaled(deployment, sets))
        {
            var current = BringUp(ref deployment, sets, create: false);
            Rescale(deployment, current, Sets(deployment));
            if (deployment.Json["spec"].Flag("paused"))
            {
                Prune(deployment, current, Sets(deployment));
            }

            WriteStatus(deployment, current, Sets(deployment), progress: false);
        }
        else if (deployment.Json["spec"].Text("strategy", "type") == "Recreate")
        {
            Recreate(deployment, sets);
        }
        else
        {
            Roll(deployment, sets);
        }
    }

    /// <summary>Its ReplicaSets, oldest first.</summary>
    private List<KubeObject> Sets(KubeObject deployment) =>
    [
        .. _context.Claim(deployment, Kinds.ReplicaSet)
            .OrderBy(set => set.Metadata.Time("creationTimestamp") ?? default)
            .ThenBy(RevisionOf)
            .ThenBy(item => item.Name, StringComparer.Ordinal),
    ];

    private static KubeObject? Current(KubeObject deployment, List<KubeObject> sets) =>
        sets.Find(set => PodTemplate.Same(set.Json["spec"].At("template"), deployment.Json["spec"].At("template")));

    private static List<KubeObject> Others(List<KubeObject> sets, KubeObject? current) =>
        [.. sets.Where(set => set.Uid != current?.Uid)];

    private static long RevisionOf(KubeObject set) =>
        long.TryParse(set.Metadata.At("annotations").Text(Revision), out var revision) ? revision : 0;

    /// <summary>
    /// The ReplicaSet of the template as it is now, made when there is none and it may be. An older one that is wanted again
    /// becomes the newest revision: that is what a rollback is.
    /// </summary>
    private KubeObject? BringUp(ref KubeObject deployment, List<KubeObject> sets, bool create)
    {
        var current = Current(deployment, sets);
        var revision = Others(sets, current).Select(RevisionOf).DefaultIfEmpty().Max() + 1;
        if (current is not null)
        {
            var owner = deployment;
            current = Store.Update(current, json =>
            {
                Annotate(json["metadata"]!.AsObject(), owner, revision);
                json.Sub("spec")["minReadySeconds"] = owner.Json["spec"].Number("minReadySeconds") ?? 0;
            });
            revision = RevisionOf(current);
        }
        else if (create)
        {
            current = CreateSet(deployment, sets, revision);
            if (current is not null && Deadline(deployment) is not null)
            {
                deployment = Store.Update(deployment, json => SetProgress(
                    json, true, "NewReplicaSetCreated", $"Created new replica set \"{current.Name}\""));
            }
        }

        if (current is not null && deployment.Metadata.At("annotations").Text(Revision) != revision.ToString())
        {
            deployment = Store.Update(deployment, json => json["metadata"]!.AsObject().Sub("annotations")[Revision] = revision.ToString());
        }

        return current;
    }

    private KubeObject? CreateSet(KubeObject deployment, List<KubeObject> sets, long revision)
    {
        var template = deployment.Json["spec"].At("template");
        var hash = PodTemplate.Hash(template);
        var labelled = template?.DeepClone().AsObject() ?? [];
        labelled.Sub("metadata").Sub("labels")[PodTemplate.HashLabel] = hash;
        var selector = deployment.Json["spec"].At("selector")?.DeepClone().AsObject() ?? [];
        selector.Sub("matchLabels")[PodTemplate.HashLabel] = hash;
        var replicas = RoomFor(deployment, sets, 0);
        var metadata = new JsonObject
        {
            ["name"] = Templates.Prefix(deployment.Name) + hash,
            ["namespace"] = deployment.Namespace,
            ["labels"] = labelled["metadata"]!["labels"]!.DeepClone(),
            ["ownerReferences"] = new JsonArray(Templates.OwnedBy(deployment)),
        };
        Annotate(metadata, deployment, revision);
        NoteSize(metadata, deployment);
        var created = _context.TryCreate(
            Kinds.ReplicaSet,
            new JsonObject
            {
                ["metadata"] = metadata,
                ["spec"] = new JsonObject
                {
                    ["replicas"] = replicas,
                    ["minReadySeconds"] = deployment.Json["spec"].Number("minReadySeconds") ?? 0,
                    ["selector"] = selector,
                    ["template"] = labelled,
                },
            },
            deployment);
        if (created is not null && replicas > 0)
        {
            TellScaled(deployment, created, 0, replicas);
        }

        return created;
    }

    /// <summary>The Deployment's annotations, and its revision: never a lower one than it has.</summary>
    private static void Annotate(JsonObject metadata, KubeObject deployment, long revision)
    {
        var own = metadata.Sub("annotations");
        foreach (var (name, value) in deployment.Metadata.Map("annotations"))
        {
            if (name is not ("kubectl.kubernetes.io/last-applied-configuration" or Revision or Desired or Maximum or History))
            {
                own[name] = value;
            }
        }

        var had = own.Text(Revision);
        if (long.TryParse(had, out var before) && before >= revision)
        {
            return;
        }

        own[Revision] = revision.ToString();
        if (had is not null)
        {
            own[History] = own.Text(History) is { Length: > 0 } history ? $"{history},{had}" : had;
        }
    }

    /// <summary>How large the Deployment was when this was last scaled: by that, a later change of it is told from a rolling update.</summary>
    private static void NoteSize(JsonObject metadata, KubeObject deployment)
    {
        var replicas = Replicas(deployment);
        var own = metadata.Sub("annotations");
        own[Desired] = replicas.ToString();
        own[Maximum] = (replicas + RollingLimits.Of(deployment.Json, replicas).Surge).ToString();
    }

    private static int Replicas(KubeObject item) =>
        (int)Math.Clamp(item.Json["spec"].Number("replicas") ?? 1, 0, 100_000);

    private static int Status(KubeObject item, string name) => (int)(item.Json["status"].Number(name) ?? 0);

    private void Prune(KubeObject deployment, KubeObject? current, List<KubeObject> sets)
    {
        var kept = (int)Math.Clamp(deployment.Json["spec"].Number("revisionHistoryLimit") ?? 10, 0, int.MaxValue);
        var old = Others(sets, current).Where(set => !set.Deleting).OrderBy(RevisionOf).ToList();
        foreach (var set in old.Take(Math.Max(0, old.Count - kept)))
        {
            if (Replicas(set) == 0 && Status(set, "replicas") == 0)
            {
                Store.Delete(Kinds.ReplicaSet, set.Namespace, set.Name, DeleteOptions.Default);
            }
        }
    }
}
