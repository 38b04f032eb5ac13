using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Patching;

/// <summary>RFC 6902.</summary>
internal static class JsonPatch
{
    // The real server's own bound: an array of copies could grow without end.
    private const int MostOperations = 10_000;

    /// <exception cref="ApiException">400 for what is no patch, 422 for one that does not apply.</exception>
    public static JsonObject Apply(JsonObject target, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw ApiException.BadRequest(
                "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
        }

        if (operations.Count > MostOperations)
        {
            throw new ApiException(
                413,
                "RequestEntityTooLarge",
                $"Request entity too large: The allowed maximum operations in a JSON patch is {MostOperations}, " +
                $"got {operations.Count}");
        }

        JsonNode? root = target;
        foreach (var operation in operations)
        {
            root = Apply(root, operation);
        }

        return root as JsonObject ?? throw DoesNotApply();
    }

    private static JsonNode? Apply(JsonNode? root, JsonNode? operation)
    {
        var path = Pointer(operation.Text("path"));
        switch (operation.Text("op"))
        {
            case "add":
                return Add(root, path, operation!["value"]?.DeepClone());
            case "remove":
                Remove(root, path);
                return root;
            case "replace":
                // Of an object, what is not there yet may be replaced, too: so does the library that the real server uses.
                if (path.Length > 0 && Get(root, path[..^1]) is not JsonObject)
                {
                    Remove(root, path);
                }

                return Add(root, path, operation!["value"]?.DeepClone());
            case "move":
                {
                    var from = Pointer(operation.Text("from"));
                    var value = Get(root, from)?.DeepClone();
                    Remove(root, from);
                    return Add(root, path, value);
                }

            case "copy":
                return Add(root, path, Get(root, Pointer(operation.Text("from")))?.DeepClone());
            case "test":
                return JsonNode.DeepEquals(Get(root, path), operation!["value"]) ? root : throw DoesNotApply();
            default:
                throw DoesNotApply();
        }
    }

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
        {
            return value;
        }

        switch (Get(root, path[..^1]))
        {
            case JsonObject json:
                json[path[^1]] = value;
                break;
            case JsonArray list when path[^1] == "-":
                list.Add(value);
                break;
            case JsonArray list:
                list.Insert(At(path[^1], list.Count), value);
                break;
            default:
                throw DoesNotApply();
        }

        return root;
    }

    private static void Remove(JsonNode? root, string[] path)
    {
        var last = path.Length > 0 ? path[^1] : throw DoesNotApply();
        switch (Get(root, path[..^1]))
        {
            case JsonObject json when json.Remove(last):
                break;
            case JsonArray list:
                list.RemoveAt(At(last, list.Count - 1));
                break;
            default:
                throw DoesNotApply();
        }
    }

    private static JsonNode? Get(JsonNode? node, string[] path)
    {
        foreach (var step in path)
        {
            node = node switch
            {
                JsonObject json when json.TryGetPropertyValue(step, out var value) => value,
                JsonArray list => list[At(step, list.Count - 1)],
                _ => throw DoesNotApply(),
            };
        }

        return node;
    }

    private static int At(string step, int last) =>
        int.TryParse(step, out var index) && index >= 0 && index <= last ? index : throw DoesNotApply();

    private static string[] Pointer(string? pointer)
    {
        if (pointer is null || (pointer.Length > 0 && pointer[0] != '/'))
        {
            throw DoesNotApply();
        }

        return pointer.Length == 0
            ? []
            : [.. pointer[1..].Split('/').Select(step => step.Replace("~1", "/").Replace("~0", "~"))];
    }

    private static ApiException DoesNotApply() =>
        new(422, "Invalid", "the server rejected our request due to an error in our request") { Details = [] };
}
