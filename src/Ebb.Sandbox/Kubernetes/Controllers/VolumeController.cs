using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Scheduling;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>
/// Binds claims to volumes: to one that is there and fits, else to a made-up one. A claim whose class waits for its first
/// pod is bound once the scheduler has chosen a node, and its volume can be reached from that node's zone only.
/// </summary>
internal sealed class VolumeController
{
    private const string Zone = "topology.kubernetes.io/zone";

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _claims;
    private readonly Workqueue<string> _volumes;

    public VolumeController(ControllerContext context)
    {
        _context = context;
        _claims = context.Queue<ObjectKey>(Bind);
        _volumes = context.Queue<string>(Release);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.PersistentVolumeClaim)
        {
            if (change.Type is not StoreEventType.Deleted)
            {
                _claims.Add(ObjectKey.Of(item));
            }
            else if (item.Json["spec"].Text("volumeName") is { Length: > 0 } volume)
            {
                _volumes.Add(volume);
            }
        }
        else if (item.Kind == Kinds.PersistentVolume && change.Type is StoreEventType.Added)
        {
            foreach (var claim in Store.List(Kinds.PersistentVolumeClaim))
            {
                _claims.Add(ObjectKey.Of(claim));
            }
        }
    }

    private void Bind(ObjectKey key)
    {
        if (Store.Get(Kinds.PersistentVolumeClaim, key.Namespace, key.Name) is not { Deleting: false } claim
            || claim.Json["status"].Text("phase") == "Bound")
        {
            return;
        }

        var className = claim.Json["spec"].Text("storageClassName") ?? "";
        var storageClass = StorageClasses.Of(claim.Json, Store);
        var chosen = claim.Metadata.At("annotations").Text(StorageClasses.SelectedNode);
        var named = claim.Json["spec"].Text("volumeName");
        var waits = string.IsNullOrEmpty(named) && chosen is null && StorageClasses.WaitsForPod(storageClass);
        if (waits)
        {
            return;
        }

        var volume = string.IsNullOrEmpty(named)
            ? Find(claim, chosen) ?? (IsMade(storageClass) ? Make(claim, className, storageClass, chosen) : null)
            : Store.Get(Kinds.PersistentVolume, "", named);
        if (volume is not null)
        {
            Join(claim, volume);
        }
    }

    private KubeObject? Find(KubeObject claim, string? chosen)
    {
        var node = chosen is null ? null : Store.Get(Kinds.Node, "", chosen);
        return FreeVolumes.For(claim, Store).FirstOrDefault(volume => node is null || FreeVolumes.Reaches(volume, NodeView.Of(node)));
    }

    /// <summary>Claims without a class are given a volume too: the sandbox is no storage system to be set up first.</summary>
    private static bool IsMade(KubeObject? storageClass) => storageClass is null || StorageClasses.MakesVolumes(storageClass);

    private KubeObject Make(KubeObject claim, string className, KubeObject? storageClass, string? node)
    {
        var spec = new JsonObject
        {
            ["capacity"] = new JsonObject
            {
                ["storage"] = claim.Json["spec"].At("resources", "requests").At("storage")?.DeepClone() ?? "1Gi",
            },
            ["accessModes"] = claim.Json["spec"].At("accessModes")?.DeepClone() ?? new JsonArray("ReadWriteOnce"),
            ["persistentVolumeReclaimPolicy"] = storageClass?.Json.Text("reclaimPolicy") ?? "Delete",
            ["volumeMode"] = claim.Json["spec"].Text("volumeMode") ?? "Filesystem",
            ["csi"] = new JsonObject { ["driver"] = "sandbox.ebb.dev", ["volumeHandle"] = claim.Uid },
        };
        spec.Put("storageClassName", className);
        var labels = new JsonObject();
        if (node is not null
            && Store.Get(Kinds.Node, "", node) is { } found
            && NodeView.Of(found).Labels.GetValueOrDefault(Zone) is { } zone)
        {
            labels[Zone] = zone;
            spec["nodeAffinity"] = ReachableFrom(zone);
        }

        return Store.Create(Kinds.PersistentVolume, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "pvc-" + claim.Uid,
                ["labels"] = labels,
                ["annotations"] = new JsonObject { ["pv.kubernetes.io/provisioned-by"] = "sandbox.ebb.dev" },
            },
            ["spec"] = spec,
            ["status"] = new JsonObject { ["phase"] = "Available" },
        });
    }

    private static JsonObject ReachableFrom(string zone) => new()
    {
        ["required"] = new JsonObject
        {
            ["nodeSelectorTerms"] = new JsonArray(new JsonObject
            {
                ["matchExpressions"] = new JsonArray(new JsonObject
                {
                    ["key"] = Zone,
                    ["operator"] = "In",
                    ["values"] = new JsonArray(zone),
                }),
            }),
        },
    };

    private void Join(KubeObject claim, KubeObject volume)
    {
        Store.Update(volume, json =>
        {
            json.Sub("spec")["claimRef"] = new JsonObject
            {
                ["kind"] = "PersistentVolumeClaim",
                ["namespace"] = claim.Namespace,
                ["name"] = claim.Name,
                ["uid"] = claim.Uid,
                ["apiVersion"] = "v1",
            };
            json.Sub("status")["phase"] = "Bound";
        });
        Store.Update(claim, json =>
        {
            json.Sub("spec")["volumeName"] = volume.Name;
            json["metadata"]!.AsObject().Sub("annotations")[StorageClasses.Bound] = "yes";
            var status = json.Sub("status");
            status["phase"] = "Bound";
            status["accessModes"] = volume.Json["spec"].At("accessModes")?.DeepClone();
            status["capacity"] = volume.Json["spec"].At("capacity")?.DeepClone();
        });
    }

    private void Release(string name)
    {
        if (Store.Get(Kinds.PersistentVolume, "", name) is not { Deleting: false } volume)
        {
            return;
        }

        if (volume.Json["spec"].Text("persistentVolumeReclaimPolicy") == "Delete")
        {
            Store.Delete(Kinds.PersistentVolume, "", name, DeleteOptions.Default);
        }
        else
        {
            Store.Update(volume, json => json.Sub("status")["phase"] = "Released");
        }
    }
}
