using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Patching;

/// <summary>
/// Server-side apply: merges what a manager wants into the object, takes away what it no longer wants, and refuses what
/// another manager owns. Ownership is kept only for objects that were ever applied this way; before that nobody asks for it.
/// </summary>
internal static class ServerSideApply
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Records that a manager owns all of an object it is about to create.</summary>
    public static void Claim(Call call, JsonObject applied, DateTimeOffset now)
    {
        var set = OwnFields(applied, call.Resource.Schema ?? FieldType.Any);
        if (set.IsEmpty)
        {
            return;
        }

        applied.Ensure("metadata")["managedFields"] = new JsonArray(
            new Owner(call.Manager, "Apply", call.Resource.ApiVersion, call.Subresource, Timestamps.Seconds(now), set).Write());
    }

    /// <exception cref="ApiException">409 when another manager owns a field that would change, unless forced.</exception>
    public static JsonObject Merge(Call call, KubeObject stored, JsonObject applied, FieldType schema, DateTimeOffset now)
    {
        var owners = Owner.ReadAll(stored);
        if (owners.Count == 0)
        {
            // Whatever was there before the first apply belongs to whoever wrote it.
            var before = OwnFields(stored.Json, schema);
            before.Children.Remove("f:status");
            owners.Add(new Owner(
                "before-first-apply", "Update", call.Resource.ApiVersion, "", stored.Metadata.Text("creationTimestamp"), before));
        }

        var set = OwnFields(applied, schema);
        var mine = owners.FirstOrDefault(
            o => o.Manager == call.Manager && o.Operation == "Apply" && o.Subresource == call.Subresource);
        var result = stored.Json.DeepClone().AsObject();
        MergeObject(result, applied, schema);
        var changed = OwnFields(result, schema);
        changed.Remove(Unchanged(stored.Json, result, schema));
        Settle(call, stored, owners, mine, changed.And(set));

        if (mine is not null)
        {
            var dropped = FieldSet.Read(mine.Fields.Write());
            dropped.Remove(set);
            foreach (var other in owners.Where(o => !ReferenceEquals(o, mine)))
            {
                dropped.Remove(other.Fields);
            }

            Drop(result, dropped, schema, null);
            owners.Remove(mine);
        }

        var same = mine is not null && JsonNode.DeepEquals(mine.Fields.Write(), set.Write());
        owners.Add(new Owner(
            call.Manager,
            "Apply",
            call.Resource.ApiVersion,
            call.Subresource,
            same && changed.IsEmpty ? mine!.Time : Timestamps.Seconds(now),
            set));
        result["metadata"]!["managedFields"] = Owner.WriteAll(owners);
        return result;
    }

    /// <summary>The fields of an object that can be owned: all but who it is and what the server sets.</summary>
    public static FieldSet OwnFields(JsonObject json, FieldType schema)
    {
        var set = FieldSet.Of(json, schema);
        set.Children.Remove("f:apiVersion");
        set.Children.Remove("f:kind");
        if (set.Children.TryGetValue("f:metadata", out var metadata))
        {
            foreach (var name in new[]
            {
                "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields",
                "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
            })
            {
                metadata.Children.Remove("f:" + name);
            }

            metadata.Member = false;
            if (metadata.IsEmpty)
            {
                set.Children.Remove("f:metadata");
            }
        }

        return set;
    }

    /// <summary>The fields that have the same value in both.</summary>
    public static FieldSet Unchanged(JsonNode? before, JsonNode? after, FieldType type, SchemaField? field = null)
    {
        var same = new FieldSet();
        switch (before, after)
        {
            case (JsonObject old, JsonObject { Count: > 0 } json) when !FieldSet.IsAtomic(type, field):
                foreach (var (name, value) in json)
                {
                    var (innerType, innerField) = FieldSet.TypeOf(type, name);
                    if (old.TryGetPropertyValue(name, out var earlier)
                        && Unchanged(earlier, value, innerType, innerField) is { IsEmpty: false } inner)
                    {
                        same.Children["f:" + name] = inner;
                    }
                }

                break;
            case (JsonArray old, JsonArray list) when FieldSet.IsMerged(field):
                var earlierItems = old.GroupBy(item => FieldSet.ItemKey(item, field!)).ToDictionary(g => g.Key, g => g.First());
                foreach (var item in list)
                {
                    var key = FieldSet.ItemKey(item, field!);
                    if (earlierItems.TryGetValue(key, out var earlier))
                    {
                        var inner = field!.Set ? new FieldSet() : Unchanged(earlier, item, type.Item ?? FieldType.Any);
                        inner.Member = true;
                        same.Children[key] = inner;
                    }
                }

                break;
            default:
                same.Member = JsonNode.DeepEquals(before, after);
                break;
        }

        return same;
    }

    private static void Settle(Call call, KubeObject stored, List<Owner> owners, Owner? mine, FieldSet wanted)
    {
        var conflicts = new List<(Owner Owner, FieldSet Fields)>();
        foreach (var owner in owners)
        {
            if (!ReferenceEquals(owner, mine) && owner.Fields.And(wanted) is { IsEmpty: false } fields)
            {
                conflicts.Add((owner, fields));
            }
        }

        if (call.Query.IsTrue("force") || IsFirstAfterClientSide(call, stored, mine))
        {
            foreach (var (owner, fields) in conflicts)
            {
                owner.Fields.Remove(fields);
            }
        }
        else if (conflicts.Count > 0)
        {
            throw Refusal(conflicts);
        }
    }

    /// <summary>
    /// kubectl's client-side apply left its mark and nobody has applied on this side: the same person goes over to the
    /// other way of applying, and does not conflict with what they wrote before.
    /// </summary>
    private static bool IsFirstAfterClientSide(Call call, KubeObject stored, Owner? mine) =>
        mine is null && call.Manager == "kubectl" && stored.Metadata.Text("annotations", LastApplied) is not null
        && stored.Metadata["managedFields"] is null;

    private static ApiException Refusal(List<(Owner Owner, FieldSet Fields)> conflicts)
    {
        var causes = new JsonArray();
        var lines = new List<string>();
        foreach (var (owner, fields) in conflicts.OrderBy(c => c.Owner.Manager, StringComparer.Ordinal))
        {
            var by = owner.Operation == "Apply" ? $"\"{owner.Manager}\"" : $"\"{owner.Manager}\" using {owner.ApiVersion}"
                + (owner.Time is { } time ? " at " + time : "");
            var paths = fields.Paths().ToList();
            lines.Add(paths.Count == 1
                ? $"conflict with {by}: {paths[0]}"
                : $"conflicts with {by}:\n" + string.Join('\n', paths.Select(path => "- " + path)));
            foreach (var path in paths)
            {
                causes.Add(new JsonObject
                {
                    ["reason"] = "FieldManagerConflict",
                    ["message"] = $"conflict with {by}",
                    ["field"] = path,
                });
            }
        }

        var what = causes.Count == 1 ? "conflict" : "conflicts";
        return new ApiException(409, "Conflict", $"Apply failed with {causes.Count} {what}: {string.Join('\n', lines)}")
        {
            Details = new JsonObject { ["causes"] = causes },
        };
    }

    private static void MergeObject(JsonObject target, JsonObject applied, FieldType type)
    {
        foreach (var (name, value) in applied)
        {
            var (innerType, field) = FieldSet.TypeOf(type, name);
            switch (target[name], value)
            {
                case (JsonObject old, JsonObject { Count: > 0 } json) when !FieldSet.IsAtomic(innerType, field):
                    MergeObject(old, json, innerType);
                    break;
                case (JsonArray old, JsonArray list) when FieldSet.IsMerged(field):
                    MergeList(old, list, innerType, field!);
                    break;
                default:
                    target[name] = value?.DeepClone();
                    break;
            }
        }
    }

    private static void MergeList(JsonArray target, JsonArray applied, FieldType type, SchemaField field)
    {
        foreach (var item in applied)
        {
            var key = FieldSet.ItemKey(item, field);
            var old = target.FirstOrDefault(existing => FieldSet.ItemKey(existing, field) == key);
            if (old is JsonObject found && item is JsonObject json)
            {
                MergeObject(found, json, type.Item ?? FieldType.Any);
            }
            else if (old is null)
            {
                target.Add(item?.DeepClone());
            }
        }
    }

    /// <summary>Takes fields away; true when nothing of the value is left.</summary>
    private static bool Drop(JsonNode? value, FieldSet fields, FieldType type, SchemaField? field)
    {
        switch (value)
        {
            case JsonObject json:
                foreach (var (name, inner) in fields.Children)
                {
                    var (innerType, innerField) = FieldSet.TypeOf(type, name[2..]);
                    if (Drop(json[name[2..]], inner, innerType, innerField))
                    {
                        json.Remove(name[2..]);
                    }
                }

                return fields.Member || (json.Count == 0 && fields.Children.Count > 0);
            case JsonArray list when FieldSet.IsMerged(field):
                for (var i = list.Count - 1; i >= 0; i--)
                {
                    if (fields.Children.TryGetValue(FieldSet.ItemKey(list[i], field!), out var inner)
                        && (inner.Member || Drop(list[i], inner, type.Item ?? FieldType.Any, null)))
                    {
                        list.RemoveAt(i);
                    }
                }

                return list.Count == 0;
            default:
                return fields.Member;
        }
    }
}
