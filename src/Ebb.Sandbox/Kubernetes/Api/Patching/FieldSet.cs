using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Patching;

/// <summary>A set of fields, as managedFields hold them: "f:spec" a field, "k:{…}" a list item by key, "v:…" one by value.</summary>
internal sealed class FieldSet
{
    /// <summary>The field itself is in the set, not only fields inside it.</summary>
    public bool Member { get; set; }

    public SortedDictionary<string, FieldSet> Children { get; } = new(StringComparer.Ordinal);

    public bool IsEmpty => !Member && Children.Count == 0;

    /// <summary>All fields of a value.</summary>
    public static FieldSet Of(JsonNode? value, FieldType type, SchemaField? field = null)
    {
        var set = new FieldSet();
        switch (value)
        {
            case JsonObject { Count: > 0 } json when !IsAtomic(type, field):
                foreach (var (name, inner) in json)
                {
                    var (innerType, innerField) = TypeOf(type, name);
                    set.Children["f:" + name] = Of(inner, innerType, innerField);
                }

                break;
            case JsonArray list when IsMerged(field):
                foreach (var item in list)
                {
                    var inner = field!.Set ? new FieldSet() : Of(item, type.Item ?? FieldType.Any);
                    inner.Member = true;
                    set.Children[ItemKey(item, field)] = inner;
                }

                break;
            default:
                set.Member = true;
                break;
        }

        return set;
    }

    public static FieldSet Read(JsonNode? fields)
    {
        var set = new FieldSet();
        foreach (var (name, inner) in fields as JsonObject ?? [])
        {
            if (name == ".")
            {
                set.Member = true;
            }
            else
            {
                set.Children[name] = Read(inner);
            }
        }

        set.Member |= set.Children.Count == 0;
        return set;
    }

    public JsonObject Write()
    {
        var json = new JsonObject();
        if (Member && Children.Count > 0)
        {
            json["."] = new JsonObject();
        }

        foreach (var (name, inner) in Children)
        {
            json[name] = inner.Write();
        }

        return json;
    }

    public FieldSet And(FieldSet other)
    {
        var both = new FieldSet { Member = Member && other.Member };
        foreach (var (name, inner) in Children)
        {
            if (other.Children.TryGetValue(name, out var match) && inner.And(match) is { IsEmpty: false } common)
            {
                both.Children[name] = common;
            }
        }

        return both;
    }

    public void Add(FieldSet other)
    {
        Member |= other.Member;
        foreach (var (name, inner) in other.Children)
        {
            if (!Children.TryGetValue(name, out var mine))
            {
                Children[name] = mine = new FieldSet();
            }

            mine.Add(inner);
        }
    }

    public void Remove(FieldSet other)
    {
        Member &= !other.Member;
        foreach (var (name, inner) in other.Children)
        {
            if (Children.TryGetValue(name, out var mine))
            {
                mine.Remove(inner);
                if (mine.IsEmpty)
                {
                    Children.Remove(name);
                }
            }
        }
    }

    /// <summary>The members, each as conflicts name it: ".spec.containers[name=\"c\"].image".</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (Member && prefix.Length > 0)
        {
            yield return prefix;
        }

        foreach (var (name, inner) in Children)
        {
            foreach (var path in inner.Paths(prefix + Readable(name)))
            {
                yield return path;
            }
        }
    }

    public static (FieldType Type, SchemaField? Field) TypeOf(FieldType type, string name)
    {
        if (type.Of is { } schema)
        {
            return schema.Fields.TryGetValue(name, out var field) ? (field.Type, field) : (FieldType.Any, null);
        }

        return (type.Item ?? FieldType.Any, null);
    }

    public static bool IsMerged(SchemaField? field) => field is not null && (field.Set || field.MapKeys.Length > 0);

    public static bool IsAtomic(FieldType type, SchemaField? field) =>
        field is { Atomic: true } || type.Of is { Atomic: true };

    public static string ItemKey(JsonNode? item, SchemaField field)
    {
        if (field.Set)
        {
            return "v:" + (item?.ToJsonString() ?? "null");
        }

        var key = new JsonObject();
        foreach (var name in field.MapKeys.Order(StringComparer.Ordinal))
        {
            // The one key that has a default: a port without a protocol is TCP's.
            key[name] = item.At(name)?.DeepClone() ?? (name == "protocol" ? JsonValue.Create("TCP") : null);
        }

        return "k:" + key.ToJsonString(Plain);
    }

    private static readonly System.Text.Json.JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static string Readable(string element)
    {
        var rest = element[2..];
        return element[0] switch
        {
            'f' => "." + rest,
            'v' => $"[={rest}]",
            _ => "[" + string.Join(',', (JsonNode.Parse(rest) as JsonObject ?? [])
                .Select(key => $"{key.Key}={key.Value?.ToJsonString() ?? "null"}")) + "]",
        };
    }
}
