using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Patching;

/// <summary>A merge patch that merges lists by the keys that the schema names, with directives that begin with a dollar.</summary>
internal static class StrategicMerge
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string Order = "$setElementOrder/";
    private const string Delete = "$deleteFromPrimitiveList/";

    public static void Apply(JsonObject target, JsonObject patch, ObjectSchema? schema)
    {
        switch (patch.Text(Directive))
        {
            case "replace":
                target.Clear();
                break;
            case "delete":
                target.Clear();
                return;
            case null or "merge":
                break;
            case var other:
                throw ApiException.Unforeseen($"unknown patch type: {other} in map: {GoText.Of(patch)}");
        }

        if (patch[RetainKeys] is JsonArray retained)
        {
            foreach (var (name, _) in target.ToArray())
            {
                if (!retained.Any(key => key.Text() == name))
                {
                    target.Remove(name);
                }
            }
        }

        var before = patch.Where(part => part.Key.StartsWith(Order, StringComparison.Ordinal))
            .Select(part => part.Key[Order.Length..])
            .ToDictionary(field => field, field => target[field]?.DeepClone() as JsonArray);
        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(Delete, StringComparison.Ordinal))
            {
                DeleteFrom(target[name[Delete.Length..]], value);
            }
            else if (!name.StartsWith('$'))
            {
                ApplyField(target, name, value, schema?.Fields.GetValueOrDefault(name));
            }
        }

        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(Order, StringComparison.Ordinal) && value is JsonArray order)
            {
                var field = name[Order.Length..];
                Reorder(
                    target[field] as JsonArray,
                    order,
                    before.GetValueOrDefault(field) ?? [],
                    schema?.Fields.GetValueOrDefault(field)?.MergeKey);
            }
        }
    }

    private static void ApplyField(JsonObject target, string name, JsonNode? value, SchemaField? field)
    {
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject change:
                if (target[name] is not JsonObject inner)
                {
                    target[name] = inner = [];
                }

                Apply(inner, change, field?.Type.Of);
                if (change.Text(Directive) == "delete")
                {
                    target.Remove(name);
                }

                break;
            case JsonArray items when field?.MergeKey is { } key:
                if (target[name] is not JsonArray list)
                {
                    target[name] = list = [];
                }

                var before = list.DeepClone().AsArray();
                MergeList(list, items, key, field.Type.Item?.Of);
                Reorder(list, items, before, key);
                break;
            case JsonArray items:
                target[name] = WithoutDirectives(items);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static void MergeList(JsonArray list, JsonArray patch, string key, ObjectSchema? schema)
    {
        if (patch.Any(item => item.Text(Directive) == "replace"))
        {
            list.Clear();
        }

        foreach (var item in patch)
        {
            if (item is not JsonObject change)
            {
                if (!list.Any(old => JsonNode.DeepEquals(old, item)))
                {
                    list.Add(item?.DeepClone());
                }

                continue;
            }

            var directive = change.Text(Directive);
            if (directive == "replace")
            {
                continue;
            }

            if (!change.ContainsKey(key))
            {
                throw ApiException.Unforeseen($"map: {GoText.Of(change)} does not contain declared merge key: {key}");
            }

            var at = Find(list, key, change[key]);
            if (directive == "delete")
            {
                if (at >= 0)
                {
                    list.RemoveAt(at);
                }
            }
            else if (at >= 0)
            {
                Apply(list[at]!.AsObject(), change, schema);
            }
            else
            {
                var added = new JsonObject();
                Apply(added, change, schema);
                list.Add(added);
            }
        }
    }

    private static int Find(JsonArray list, string key, JsonNode? value)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (JsonNode.DeepEquals(list[i].At(key), value))
            {
                return i;
            }
        }

        return -1;
    }

    private static void DeleteFrom(JsonNode? target, JsonNode? values)
    {
        if (target is JsonArray list && values is JsonArray gone)
        {
            for (var i = list.Count - 1; i >= 0; i--)
            {
                if (gone.Any(value => JsonNode.DeepEquals(value, list[i])))
                {
                    list.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>
    /// Brings the items that a patch names into its order, and puts each other one before the first of them that it stood
    /// before until now.
    /// </summary>
    private static void Reorder(JsonArray? list, JsonArray order, JsonArray before, string? key)
    {
        if (list is null)
        {
            return;
        }

        var items = list.ToList();
        var named = new Queue<JsonNode?>(items.Where(item => Rank(order, item, key) >= 0).OrderBy(item => Rank(order, item, key)));
        var others = new Queue<JsonNode?>(items.Where(item => Rank(order, item, key) < 0));
        list.Clear();
        while (named.Count + others.Count > 0)
        {
            var other = others.Count > 0 ? Rank(before, others.Peek(), key) : -1;
            var first = named.Count == 0
                || (others.Count > 0 && other >= 0 && Rank(before, named.Peek(), key) is >= 0 and var there && other < there);
            list.Add(first ? others.Dequeue() : named.Dequeue());
        }
    }

    private static int Rank(JsonArray order, JsonNode? item, string? key)
    {
        for (var i = 0; i < order.Count; i++)
        {
            var same = string.IsNullOrEmpty(key) || order[i] is not JsonObject
                ? JsonNode.DeepEquals(order[i], item)
                : JsonNode.DeepEquals(order[i].At(key), item.At(key));
            if (same)
            {
                return i;
            }
        }

        return -1;
    }

    private static JsonArray WithoutDirectives(JsonArray items)
    {
        var kept = new JsonArray();
        foreach (var item in items)
        {
            if (item is JsonObject json)
            {
                if (json.Text(Directive) is null or "merge")
                {
                    var copy = new JsonObject();
                    Apply(copy, json, null);
                    kept.Add(copy);
                }
            }
            else
            {
                kept.Add(item?.DeepClone());
            }
        }

        return kept;
    }
}
