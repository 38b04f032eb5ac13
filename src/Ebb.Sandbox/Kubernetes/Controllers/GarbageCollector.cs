using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Deletes what belongs to something that is gone; before that, if asked; or lets it go its own way.</summary>
internal sealed class GarbageCollector
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    private static readonly Dictionary<(string Group, string Kind), Kind> BuiltIn =
        Kinds.BuiltIn.ToDictionary(kind => (kind.Group, kind.Name));

    private readonly ControllerContext _context;
    private readonly Workqueue<(Kind Kind, string Namespace, string Name)> _dependents;
    private readonly Workqueue<(Kind Kind, string Namespace, string Name)> _owners;

    public GarbageCollector(ControllerContext context)
    {
        _context = context;
        _dependents = context.Queue<(Kind, string, string)>(LookAtDependent);
        _owners = context.Queue<(Kind, string, string)>(LookAtOwner);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (change.Type is StoreEventType.Deleted)
        {
            foreach (var dependent in Store.OwnedBy(item.Uid))
            {
                _dependents.Add(KeyOf(dependent));
            }

            // An owner may wait for its dependents to go.
            foreach (var owner in Owners(item.Json))
            {
                if (Resolve(item, owner) is { Deleting: true } waiting)
                {
                    _owners.Add(KeyOf(waiting));
                }
            }

            return;
        }

        if (item.Deleting && item.Metadata.Texts("finalizers").Any(f => f is Foreground or Orphan))
        {
            _owners.Add(KeyOf(item));
        }

        if (change.Type is StoreEventType.Added && item.Metadata.At("ownerReferences") is JsonArray { Count: > 0 })
        {
            _dependents.Add(KeyOf(item));
        }
    }

    private static (Kind Kind, string Namespace, string Name) KeyOf(KubeObject item) => (item.Kind, item.Namespace, item.Name);

    private static IEnumerable<JsonObject> Owners(JsonObject item) => item["metadata"].Objects("ownerReferences");

    private static Kind? KindOf(JsonObject owner)
    {
        var apiVersion = owner.Text("apiVersion") ?? "";
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return BuiltIn.GetValueOrDefault((slash < 0 ? "" : apiVersion[..slash], owner.Text("kind") ?? ""));
    }

    private KubeObject? Resolve(KubeObject item, JsonObject owner) => KindOf(owner) is { } kind
        ? Store.Get(kind, item.Namespace, owner.Text("name") ?? "", owner.Text("uid") ?? "")
        : null;

    private void LookAtDependent((Kind Kind, string Namespace, string Name) key)
    {
        if (Store.Get(key.Kind, key.Namespace, key.Name) is not { Deleting: false } item)
        {
            return;
        }

        var gone = new List<string>();
        var left = 0;
        foreach (var owner in Owners(item.Json))
        {
            // Owners of kinds that are not built in cannot be looked up here; they are taken on trust.
            if (KindOf(owner) is null || Resolve(item, owner) is not null)
            {
                left++;
            }
            else
            {
                gone.Add(owner.Text("uid") ?? "");
            }
        }

        if (gone.Count == 0)
        {
            return;
        }

        if (left == 0)
        {
            Store.Delete(item.Kind, item.Namespace, item.Name, DeleteOptions.Default with { Uid = item.Uid });
        }
        else
        {
            Store.Update(item, json => Disown(json, gone.Contains));
        }
    }

    private void LookAtOwner((Kind Kind, string Namespace, string Name) key)
    {
        if (Store.Get(key.Kind, key.Namespace, key.Name) is not { Deleting: true } owner)
        {
            return;
        }

        var finalizers = owner.Metadata.Texts("finalizers").ToList();
        if (finalizers.Contains(Orphan))
        {
            foreach (var dependent in Store.OwnedBy(owner.Uid))
            {
                Store.Update(dependent, json => Disown(json, uid => uid == owner.Uid));
            }

            RemoveFinalizer(owner, Orphan);
        }
        else if (finalizers.Contains(Foreground))
        {
            foreach (var dependent in Store.OwnedBy(owner.Uid).Where(dependent => !dependent.Deleting))
            {
                if (Owners(dependent.Json).Any(other => IsHeldBy(dependent, other)))
                {
                    Store.Update(dependent, json => Disown(json, uid => uid == owner.Uid));
                    continue;
                }

                var propagation = Store.OwnedBy(dependent.Uid).Count > 0 ? Propagation.Foreground : Propagation.Background;
                Store.Delete(
                    dependent.Kind, dependent.Namespace, dependent.Name, new DeleteOptions { Propagation = propagation });
            }

            if (!Store.OwnedBy(owner.Uid).Any(dependent => Blocks(dependent, owner)))
            {
                RemoveFinalizer(owner, Foreground);
            }
        }
    }

    /// <summary>By an owner that is there and not itself waiting for its dependents to go.</summary>
    private bool IsHeldBy(KubeObject item, JsonObject owner) =>
        KindOf(owner) is null
        || (Resolve(item, owner) is { } found && !(found.Deleting && found.Metadata.Texts("finalizers").Contains(Foreground)));

    private static bool Blocks(KubeObject dependent, KubeObject owner) =>
        Owners(dependent.Json).Any(o => o.Text("uid") == owner.Uid && o.Flag("blockOwnerDeletion"));

    private static void Disown(JsonObject json, Func<string, bool> isGone)
    {
        if (json["metadata"].At("ownerReferences") is JsonArray owners)
        {
            foreach (var owner in owners.OfType<JsonObject>().Where(o => isGone(o.Text("uid") ?? "")).ToArray())
            {
                owners.Remove(owner);
            }

            if (owners.Count == 0)
            {
                json["metadata"]!.AsObject().Remove("ownerReferences");
            }
        }
    }

    private void RemoveFinalizer(KubeObject item, string finalizer)
    {
        if (Store.Get(item.Kind, item.Namespace, item.Name, item.Uid) is not { } current)
        {
            return;
        }

        Store.Update(current, json =>
        {
            var finalizers = json["metadata"]!["finalizers"]!.AsArray();
            foreach (var same in finalizers.Where(f => f.Text() == finalizer).ToArray())
            {
                finalizers.Remove(same);
            }

            if (finalizers.Count == 0)
            {
                json["metadata"]!.AsObject().Remove("finalizers");
            }
        });
    }
}
