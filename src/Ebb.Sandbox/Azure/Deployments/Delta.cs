using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expressions;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>The differences between a resource as it is and as it would be, in the form of a what-if's answer.</summary>
internal static class Delta
{
    private const string Hidden = "*******";

    // No provider gives these back: whether they change cannot be told, so that they are told as new each time, and shown to nobody.
    private static readonly HashSet<string> Secret = new(StringComparer.OrdinalIgnoreCase)
    {
        "customData", "userData", "adminPassword", "protectedSettings", "storageAccountKey", "secureValue", "secret", "password",
    };

    /// <summary>Both are whole: what is only in the first would go. What its provider chooses anew each time is no change: only what the template names.</summary>
    public static List<JsonObject> Exact(JsonObject before, JsonObject after, JsonObject named) => Members(before, after, named, exact: true, "");

    /// <summary>Only what the template names is compared; what it leaves out stays as it is.</summary>
    public static List<JsonObject> Named(JsonObject before, JsonObject after) => Members(before, after, after, exact: false, "");

    public static void HideSecrets(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject o:
                foreach (var (name, value) in o.ToList())
                {
                    if (Secret.Contains(name) && value is not null)
                    {
                        o[name] = Hidden;
                    }
                    else
                    {
                        HideSecrets(value);
                    }
                }

                break;
            case JsonArray list:
                foreach (var item in list)
                {
                    HideSecrets(item);
                }

                break;
        }
    }

    private static List<JsonObject> Members(JsonObject before, JsonObject after, JsonNode? named, bool exact, string path)
    {
        var found = new List<JsonObject>();
        foreach (var (name, value) in after)
        {
            if (Secret.Contains(name))
            {
                if (value is not null && Values.Member(named, name) is not null)
                {
                    found.Add(Change(path.Length == 0 ? name : $"{path}.{name}", "Create", null, Hidden));
                }

                continue;
            }

            found.AddRange(Of(Values.Member(before, name), value, Values.Member(named, name), exact, path.Length == 0 ? name : $"{path}.{name}"));
        }

        // Tags are replaced whole, whoever is asked.
        var whole = exact || path.Equals("tags", StringComparison.OrdinalIgnoreCase);
        foreach (var (name, value) in before.Where(m => whole && !IsEmpty(m.Value) && !Secret.Contains(m.Key) && Values.KeyOf(after, m.Key) is null))
        {
            found.Add(Change(path.Length == 0 ? name : $"{path}.{name}", "Delete", value, null));
        }

        return found;
    }

    private static List<JsonObject> Of(JsonNode? before, JsonNode? after, JsonNode? named, bool exact, string path)
    {
        switch (before, after)
        {
            case (JsonObject old, JsonObject made):
                return Members(old, made, named, exact, path);
            case (JsonArray old, JsonArray made):
                var children = Items(old, made, named as JsonArray, exact);
                return children.Count == 0 ? [] : [Array(path, children)];
        }

        if ((IsEmpty(before) && IsEmpty(after)) || named is null)
        {
            return [];
        }

        // What an expression will be is not known; it is told as no change.
        if (Same(before, after, path) || (Values.Text(after) is { } text && Parser.IsExpression(text)))
        {
            return [];
        }

        return [before is null ? Change(path, "Create", null, after) : after is null ? Change(path, "Delete", before, null) : Change(path, "Modify", before, after)];
    }

    private static List<JsonObject> Items(JsonArray before, JsonArray after, JsonArray? asked, bool exact)
    {
        var named = before.Concat(after).All(i => Values.Text(Values.Member(i, "name")) is not null);
        var found = new List<JsonObject>();
        var met = new HashSet<JsonNode?>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < after.Count; i++)
        {
            var item = after[i];
            var other = named
                ? before.FirstOrDefault(b => Values.Text(Values.Member(b, "name"))!.Equals(Values.Text(Values.Member(item, "name")), StringComparison.OrdinalIgnoreCase))
                : i < before.Count ? before[i] : null;
            met.Add(other);
            var askedItem = i < asked?.Count ? asked[i] : null;
            if (other is JsonObject old && item is JsonObject made)
            {
                var children = Members(old, made, askedItem, exact, "");
                if (children.Count > 0)
                {
                    found.Add(Array($"{i}", children, "Modify"));
                }
            }
            else
            {
                found.AddRange(Of(other, item, askedItem, exact, $"{i}"));
            }
        }

        for (var i = 0; i < before.Count; i++)
        {
            if (named ? !met.Contains(before[i]) : i >= after.Count)
            {
                found.Add(Change($"{i}", "Delete", before[i], null));
            }
        }

        return found;
    }

    private static bool Same(JsonNode? a, JsonNode? b, string path) => a is not null && b is not null && (a, b) switch
    {
        (JsonValue, JsonValue) => Values.Written(a).Equals(Values.Written(b), path.StartsWith("tags", StringComparison.OrdinalIgnoreCase) ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase),
        _ => Values.Same(a, b),
    };

    private static bool IsEmpty(JsonNode? node) => node is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private static JsonObject Change(string path, string kind, JsonNode? before, JsonNode? after)
    {
        var json = Values.Object(("path", path), ("propertyChangeType", kind), ("before", before), ("after", after), ("children", null));
        HideSecrets(json);
        return json;
    }

    private static JsonObject Array(string path, List<JsonObject> children, string kind = "Array") =>
        Values.Object(("path", path), ("propertyChangeType", kind), ("before", null), ("after", null), ("children", Values.List(children)));
}
