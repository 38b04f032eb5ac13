using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>
/// Brings the fields of a document into the order of another one. The order says nothing in JSON, but the store compares
/// bytes to find out whether anything has changed.
/// </summary>
internal static class Alignment
{
    public static JsonObject Like(JsonObject model, JsonObject json)
    {
        var values = json.ToArray();
        json.Clear();
        foreach (var (name, old) in model)
        {
            var at = Array.FindIndex(values, v => v.Key == name);
            if (at >= 0)
            {
                json[name] = Align(old, values[at].Value);
            }
        }

        foreach (var (name, value) in values)
        {
            if (!model.ContainsKey(name))
            {
                json[name] = value;
            }
        }

        return json;
    }

    private static JsonNode? Align(JsonNode? model, JsonNode? value)
    {
        switch (model, value)
        {
            case (JsonObject old, JsonObject json):
                return Like(old, json);
            case (JsonArray old, JsonArray list):
                for (var i = 0; i < Math.Min(old.Count, list.Count); i++)
                {
                    if (old[i] is JsonObject before && list[i] is JsonObject item)
                    {
                        Like(before, item);
                    }
                }

                return list;
            default:
                return value;
        }
    }
}
