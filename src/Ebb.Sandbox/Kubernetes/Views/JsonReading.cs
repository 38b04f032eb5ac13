using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>
/// Reads objects as users wrote them: what is absent or of the wrong type reads as null, so that one odd object cannot stop
/// a controller.
/// </summary>
internal static class JsonReading
{
    private static readonly IReadOnlyDictionary<string, string> NoTexts = new Dictionary<string, string>();

    public static JsonNode? At(this JsonNode? node, string name) => (node as JsonObject)?[name];

    public static JsonNode? At(this JsonNode? node, string first, string second) => node.At(first).At(second);

    public static string? Text(this JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static string? Text(this JsonNode? node, string name) => node.At(name).Text();

    public static string? Text(this JsonNode? node, string first, string second) => node.At(first, second).Text();

    public static long? Number(this JsonNode? node)
    {
        if (node is not JsonValue value)
        {
            return null;
        }

        // A value that was parsed converts to any width, one that code put there only to its own.
        if (value.TryGetValue<long>(out var wide))
        {
            return wide;
        }

        return value.TryGetValue<int>(out var narrow) ? narrow : null;
    }

    public static long? Number(this JsonNode? node, string name) => node.At(name).Number();

    public static long? Number(this JsonNode? node, string first, string second) => node.At(first, second).Number();

    public static bool Flag(this JsonNode? node, string name) =>
        node.At(name) is JsonValue value && value.GetValueKind() is JsonValueKind.True;

    public static DateTimeOffset? Time(this JsonNode? node, string name) => Timestamps.Parse(node.Text(name));

    public static IEnumerable<JsonObject> Objects(this JsonNode? node, string name) =>
        node.At(name) is JsonArray items ? items.OfType<JsonObject>() : [];

    public static IEnumerable<string> Texts(this JsonNode? node, string name) =>
        node.At(name) is JsonArray items ? items.Select(item => item.Text()).OfType<string>() : [];

    /// <summary>A map of texts, as labels are.</summary>
    public static IReadOnlyDictionary<string, string> Map(this JsonNode? node, string name)
    {
        if (node.At(name) is not JsonObject { Count: > 0 } map)
        {
            return NoTexts;
        }

        var texts = new Dictionary<string, string>(map.Count, StringComparer.Ordinal);
        foreach (var (key, value) in map)
        {
            if (value.Text() is { } text)
            {
                texts[key] = text;
            }
        }

        return texts;
    }

    /// <summary>The object under a name, put there when there is none.</summary>
    public static JsonObject Sub(this JsonObject json, string name)
    {
        if (json[name] is not JsonObject sub)
        {
            json[name] = sub = [];
        }

        return sub;
    }

    /// <summary>Sets a condition in <c>status.conditions</c>; the transition time moves only when the status does.</summary>
    public static void SetCondition(
        this JsonObject json, string type, bool? status, DateTimeOffset now, string? reason = null, string? message = null)
    {
        var conditions = json.Sub("status")["conditions"] as JsonArray;
        if (conditions is null)
        {
            json.Sub("status")["conditions"] = conditions = [];
        }

        var text = status switch { true => "True", false => "False", null => "Unknown" };
        var condition = conditions.OfType<JsonObject>().FirstOrDefault(c => c.Text("type") == type);
        if (condition is null)
        {
            conditions.Add(condition = new JsonObject { ["type"] = type });
        }

        if (condition.Text("status") != text)
        {
            condition["status"] = text;
            condition["lastTransitionTime"] = Timestamps.Seconds(now);
        }

        Put(condition, "reason", reason);
        Put(condition, "message", message);
    }

    /// <summary>The condition of a type in <c>status.conditions</c>.</summary>
    public static JsonObject? Condition(this JsonNode? json, string type) =>
        json.At("status").Objects("conditions").FirstOrDefault(c => c.Text("type") == type);

    public static bool IsTrue(this JsonNode? json, string conditionType) =>
        json.Condition(conditionType).Text("status") == "True";

    /// <summary>Sets a text, or removes it when there is none.</summary>
    public static void Put(this JsonObject json, string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            json.Remove(name);
        }
        else
        {
            json[name] = text;
        }
    }

    /// <summary>A count or a percentage of a total, as rolling updates and budgets have them.</summary>
    public static int? CountOrPercent(this JsonNode? node, int total, bool roundUp)
    {
        if (node.Number() is { } number)
        {
            return (int)Math.Clamp(number, 0, int.MaxValue);
        }

        if (node.Text() is not { } text)
        {
            return null;
        }

        if (!text.EndsWith('%'))
        {
            return int.TryParse(text, CultureInfo.InvariantCulture, out var plain) ? Math.Max(0, plain) : null;
        }

        if (!int.TryParse(text.AsSpan(..^1), CultureInfo.InvariantCulture, out var percent) || percent < 0)
        {
            return null;
        }

        var exact = total * (long)percent;
        return (int)Math.Min(int.MaxValue, roundUp ? (exact + 99) / 100 : exact / 100);
    }
}
