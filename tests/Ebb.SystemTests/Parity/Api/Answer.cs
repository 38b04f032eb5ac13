using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>What one server answered.</summary>
/// <param name="Body">JSON, a string for what is none, an array of events for a watch.</param>
internal sealed record Answer(int Code, IReadOnlyDictionary<string, string> Headers, JsonNode? Body)
{
    public static JsonNode? Read(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    /// <summary>The text at a path such as "items[0].metadata.name"; a slash in place of each dot when a name has dots.</summary>
    public string? At(string path)
    {
        var node = Body;
        foreach (var step in path.Split(path.StartsWith('/') ? '/' : '.', StringSplitOptions.RemoveEmptyEntries))
        {
            var bracket = step.IndexOf('[', StringComparison.Ordinal);
            node = (node as JsonObject)?[bracket < 0 ? step : step[..bracket]];
            if (bracket >= 0)
            {
                var index = int.Parse(step[(bracket + 1)..^1]);
                node = node is JsonArray list && index < list.Count ? list[index] : null;
            }
        }

        return node is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>() : node?.ToJsonString();
    }
}
