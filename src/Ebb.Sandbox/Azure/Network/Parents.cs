using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>
/// A type of the network provider whose body carries resources of other types nested in it: the subnets of a virtual network,
/// for example. What is nested is kept as resources of its own; of the list in the body only the order of names is.
/// </summary>
internal abstract class ParentType(string name) : NetworkType(name)
{
    private readonly Dictionary<string, List<Writing>> _pending = [];

    /// <summary>The lists in its properties and the types of what they carry.</summary>
    protected abstract ImmutableArray<(string List, ChildType Type)> Lists { get; }

    protected internal sealed override void Complete(Writing w)
    {
        CompleteOwn(w);
        var pending = new List<Writing>();
        foreach (var (list, type) in Lists)
        {
            pending.AddRange(Children(w, list, type));
        }

        _pending[w.Id.Key] = pending;
    }

    /// <summary>With what is nested, which is kept elsewhere.</summary>
    protected internal sealed override (JsonObject? Before, JsonObject After) Compared(Writing w)
    {
        _pending.Remove(w.Id.Key, out var pending);
        return (
            w.Old is null ? null : Whole(w.Old.Model, id => w.Store.Find(id)?.Model),
            Whole(w.Model, id => pending?.Find(c => c.Id == id)?.Model ?? w.Store.Find(id)?.Model));

        JsonObject Whole(JsonObject model, Func<ResourceId, JsonObject?> child)
        {
            var whole = model.DeepClone().AsObject();
            foreach (var (list, type) in Lists)
            {
                if (whole["properties"]?[list] is JsonArray names)
                {
                    whole["properties"]![list] = new JsonArray([.. names.Select(n => n!.GetValue<string>()).Select(name =>
                    {
                        var item = child(w.Id.Child(type.LastName, name))?.DeepClone().AsObject() ?? Writing.Empty();
                        item["name"] = name;
                        return (JsonNode)item;
                    })]);
                }
            }

            return whole;
        }
    }

    protected internal sealed override void Written(Writing w, Resource resource)
    {
        _pending.Remove(w.Id.Key, out var pending);
        foreach (var (list, type) in Lists)
        {
            var names = Listed(resource, list);
            foreach (var gone in type.Of(w.Store, resource.Id).Where(c => !names.Contains(c.Name, StringComparer.OrdinalIgnoreCase)).ToList())
            {
                w.Store.Remove(gone.Id);
            }
        }

        foreach (var child in pending ?? [])
        {
            var type = Lists.First(l => l.Type.FullName.Equals(child.Id.FullType, StringComparison.OrdinalIgnoreCase)).Type;
            w.Store.Put(new Resource
            {
                Id = child.Id,
                Type = type,
                Model = child.Model,
                CreatedAt = child.Old?.CreatedAt ?? w.World.Agenda.Now,
                ChangedAt = w.World.Agenda.Now,
                Version = (child.Old?.Version ?? 0) + 1,
            });
        }

        WrittenOwn(w, resource);
    }

    protected internal sealed override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = json["properties"]!.AsObject();
        foreach (var (list, type) in Lists)
        {
            properties[list] = new JsonArray([.. Listed(resource, list)
                .Select(name => store.Find(resource.Id.Child(type.LastName, name)))
                .OfType<Resource>()
                .Select(child => Child(store, child, r))]);
        }

        ShowOwn(store, resource, json, r);
    }

    /// <summary>Checks and completes what is not nested.</summary>
    protected abstract void CompleteOwn(Writing w);

    protected virtual void WrittenOwn(Writing w, Resource resource)
    {
    }

    protected virtual void ShowOwn(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
    }

    /// <summary>A nested resource came or went by a request of its own.</summary>
    internal static void Relist(ResourceStore store, ResourceId parent, string list, string name, bool there) => store.Change(parent, now =>
    {
        var names = Listed(now, list).Where(n => there || !n.Equals(name, StringComparison.OrdinalIgnoreCase)).ToList();
        if (there && !names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            names.Add(name);
        }

        var model = now.Model.DeepClone().AsObject();
        model["properties"]!.AsObject()[list] = new JsonArray([.. names.Select(n => (JsonNode)n)]);
        return now with { Model = model, Version = now.Version + 1, ChangedAt = store.World.Agenda.Now };
    });

    private static List<string> Listed(Resource resource, string list) =>
        resource.Properties[list] is JsonArray names ? [.. names.Select(n => n!.GetValue<string>())] : [];

    private static JsonObject Child(ResourceStore store, Resource child, ArmRequest r)
    {
        var json = ResourceJson.Of(store, child, r);
        json.Remove("tags");
        return json;
    }

    private static List<Writing> Children(Writing w, string list, ChildType type)
    {
        var key = KeyIn(w.Properties, list);
        var before = w.Old is null ? [] : Listed(w.Old, list);
        if (w.Properties[key] is not { } given)
        {
            // A body that says nothing of them leaves them as they are.
            w.Properties[list] = new JsonArray([.. before.Select(n => (JsonNode)n)]);
            return [];
        }

        if (w.Patch && At(w.Request.Body, "properties", list) is null)
        {
            return [];
        }

        var items = given as JsonArray ?? throw InvalidContent(list, "a list");

        var children = new List<Writing>();
        foreach (var item in items)
        {
            var body = item as JsonObject ?? throw InvalidContent(list, "a list of objects");
            var name = OptionalText(body, "name") ?? throw Required($"{list}.name");
            if (type.Names.Check(name) is { } bad)
            {
                throw new ModelException(bad);
            }

            if (children.Exists(c => c.Id.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                throw JsonRead.Refuse("InvalidRequestFormat", $"Cannot parse the request. Additional details: Duplicate resource name {name} in '{list}'.");
            }

            var id = w.Id.Child(type.LastName, name);
            var old = w.Store.Find(id);
            var child = new Writing(w.Store, old?.Id ?? id, old, ResourceModel.Merge(null, body), w.Request);
            type.CompleteOne(child);
            if (References.Broken(w.Store, w.Id, child.Model) is { } broken)
            {
                throw new ModelException(broken);
            }

            children.Add(child);
        }

        foreach (var gone in type.Of(w.Store, w.Id).Where(c => !children.Exists(n => n.Id == c.Id)))
        {
            if (type.Refuse(w.Store, gone, [.. w.Store.UsersOf(gone.Id).Where(u => !IsBelow(u, w.Id))]) is { } refused)
            {
                throw new ModelException(refused);
            }
        }

        type.CheckAll(w, [.. children.Select(c => (c.Id, c.Model))]);
        w.Properties.Remove(key);
        w.Properties[list] = new JsonArray([.. children.Select(c => (JsonNode)c.Id.Name)]);
        return children;
    }

    // The parent as it was is no user of what it is about to lose: as it will be is checked by itself.
    private static bool IsBelow(string id, ResourceId parent) => (id + "/").StartsWith(parent.Text + "/", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A type of resource that lives in the list of another's body, and by requests of its own.</summary>
internal abstract class ChildType(string name, string list) : NetworkType(name)
{
    /// <summary>The last part of its type.</summary>
    public string LastName => Name[(Name.LastIndexOf('/') + 1)..];

    public override bool Located => false;

    /// <summary>Those of a parent.</summary>
    public IEnumerable<Resource> Of(ResourceStore store, ResourceId parent) => store.OfType(FullName, parent.Text);

    protected internal sealed override void Complete(Writing w)
    {
        w.Model.Remove("tags");
        CompleteOne(w);
        CheckAll(w, [.. Of(w.Store, w.Id.Parent!).Where(c => c.Id != w.Id).Select(c => (c.Id, c.Model)), (w.Id, w.Model)]);
    }

    protected internal override void Written(Writing w, Resource resource) =>
        ParentType.Relist(w.Store, resource.Id.Parent!, list, resource.Name, there: true);

    protected internal override void Deleted(ResourceStore store, Resource resource) =>
        ParentType.Relist(store, resource.Id.Parent!, list, resource.Name, there: false);

    /// <summary>Checks and completes one by itself.</summary>
    public abstract void CompleteOne(Writing w);

    /// <summary>Checks all that a parent is to have against each other and the parent; <paramref name="w"/> is of the parent or of one of them.</summary>
    public virtual void CheckAll(Writing w, IReadOnlyList<(ResourceId Id, JsonObject Model)> all)
    {
    }
}

/// <summary>What all types of the network provider share.</summary>
internal abstract class NetworkType(string name) : ResourceType(NetworkType.Space, name)
{
    public const string Space = "Microsoft.Network";

    public override ETagStyle ETags => ETagStyle.Weak;

    public override ImmutableArray<string> ApiVersions => ["2025-05-01", "2023-09-01", "2022-07-01", "2018-11-01", "2017-06-01"];

    // The provider calls everything that is going on an update, a creation too.
    protected internal override ProvisioningState StateDuring(Writing w) => ProvisioningState.Updating;

    protected internal override Latency? WriteTakes(Writing w) => w.World.Options.Accept;

    protected internal override Latency? DeleteTakes(Resource resource) => Latency.Seconds(1, 3);

    /// <summary>A tag or name that a resource keeps from its creation on.</summary>
    protected static string StableId(ResourceId id, string what) => Principals.PrincipalOf($"{what} {id.Key}");

    /// <summary>Gives the parts in a list their ids, types and tags, and the state that all parts of a finished resource have.</summary>
    protected static void ShowParts(Resource resource, JsonObject properties, string list, string? type = null)
    {
        foreach (var part in ScaleSetJson.Items(properties, list))
        {
            part["id"] = resource.Id.Child(list, Text(part["name"]) ?? "").Text;
            part["etag"] = resource.ETag;
            part["type"] = $"{Space}/{resource.Type.Name}/{type ?? list}";
            ScaleSetJson.Child(part, "properties")["provisioningState"] = "Succeeded";
        }
    }

    /// <summary>Refuses parts without a name of their own.</summary>
    protected static List<JsonObject> Parts(JsonObject properties, string list)
    {
        var key = KeyIn(properties, list);
        var parts = properties[key] switch
        {
            null => [],
            JsonArray array => array.Select(i => i as JsonObject ?? throw InvalidContent(list, "a list of objects")).ToList(),
            _ => throw InvalidContent(list, "a list"),
        };
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in parts)
        {
            var name = OptionalText(part, "name") ?? throw Required($"{list}.name");
            if (!names.Add(name))
            {
                throw JsonRead.Refuse("InvalidRequestFormat", $"Cannot parse the request. Additional details: Duplicate resource name {name} in '{list}'.");
            }

            foreach (var shown in (ReadOnlySpan<string>)["id", "etag", "type"])
            {
                part.Remove(shown);
            }

            (Object(part, "properties") ?? Writing.Empty()).Remove("provisioningState");
        }

        return parts;
    }
}
