using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Reads JSON in which a field may stand more than once: objects are joined, of all else the last one counts.</summary>
internal static class Repeated
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = Store.Tree.MaxDepth, AllowDuplicateProperties = false };
    private static readonly JsonDocumentOptions Lenient = new() { MaxDepth = Store.Tree.MaxDepth };

    /// <exception cref="JsonException">When it is no JSON.</exception>
    public static JsonElement Read(ReadOnlyMemory<byte> utf8, List<string> warnings)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Strict);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // Either no JSON at all, which throws again, or with a field that is repeated: rare enough to read it twice.
            using var document = JsonDocument.Parse(utf8, Lenient);
            return JsonSerializer.SerializeToElement(Join(document.RootElement, "", warnings));
        }
    }

    private static JsonNode? Join(JsonElement element, string path, List<string> warnings)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var json = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    var where = path.Length == 0 ? property.Name : path + "." + property.Name;
                    var value = Join(property.Value, where, warnings);
                    if (json.ContainsKey(property.Name))
                    {
                        warnings.Add($"duplicate field \"{where}\"");
                    }

                    if (json[property.Name] is JsonObject before && value is JsonObject more)
                    {
                        foreach (var (name, inner) in more)
                        {
                            before[name] = inner?.DeepClone();
                        }
                    }
                    else
                    {
                        json[property.Name] = value;
                    }
                }

                return json;
            case JsonValueKind.Array:
                var list = new JsonArray();
                foreach (var item in element.EnumerateArray())
                {
                    list.Add(Join(item, $"{path}[{list.Count}]", warnings));
                }

                return list;
            default:
                return JsonValue.Create(element.Clone());
        }
    }
}
