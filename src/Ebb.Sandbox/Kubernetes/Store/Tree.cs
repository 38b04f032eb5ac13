using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>Reads JSON that others wrote: what is missing or of another type is null, never an exception.</summary>
public static class Tree
{
    /// <summary>Deeper documents are refused; shallower than the default would refuse some real CustomResourceDefinitions.</summary>
    internal const int MaxDepth = 256;

    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            node = (node as JsonObject)?[step];
        }

        return node;
    }

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    public static long? Whole(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonValue value || value.GetValueKind() != JsonValueKind.Number)
        {
            return null;
        }

        return value.TryGetValue<long>(out var whole) ? whole
            : value.TryGetValue<int>(out var small) ? small
            : value.TryGetValue<double>(out var real) && Math.Abs(real) < long.MaxValue ? (long)real
            : null;
    }

    public static bool IsTrue(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    public static JsonObject? Object(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) as JsonObject;

    /// <summary>The objects of a list; nothing when there is no list.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.OfType<JsonObject>() : [];

    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.Select(item => item.Text()).OfType<string>() : [];

    public static JsonArray? Array(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonArray;

    /// <summary>The object under a name, which is made when there is none.</summary>
    public static JsonObject Ensure(this JsonObject json, string name)
    {
        if (json[name] is not JsonObject found)
        {
            json[name] = found = [];
        }

        return found;
    }

    /// <summary>Sets a default: only when nothing is there, or an empty text, which a typed server takes for nothing.</summary>
    public static void Default(this JsonObject json, string name, JsonNode value)
    {
        if (json[name] is not { } there || there.Text() is "")
        {
            json[name] = value;
        }
    }
}
