using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Reads a template of ours as far as that goes without evaluating it: names, parameters and variables, which is all that we write.</summary>
internal sealed partial class TemplateReading(JsonObject template, JsonObject parameters)
{
    public IEnumerable<JsonObject> Resources => (template["resources"] as JsonArray ?? []).OfType<JsonObject>();

    /// <summary>The resource of this type and name, as it is written; null when there is none.</summary>
    public JsonObject? Find(string type, string name) =>
        Resources.FirstOrDefault(r => type.Equals((string?)r["type"], StringComparison.OrdinalIgnoreCase) && name.Equals(NameOf(r), StringComparison.OrdinalIgnoreCase));

    /// <summary>Names are text, or a parameter's value with text after it.</summary>
    public string NameOf(JsonObject resource)
    {
        var name = (string?)resource["name"] ?? "";
        if (!name.StartsWith('['))
        {
            return name;
        }

        var quoted = name.Split('\'').Where((_, i) => i % 2 == 1).ToList();
        return string.Concat(quoted.Select((part, i) => i == 0 && parameters[part]?["value"] is JsonValue value ? value.ToString() : part));
    }

    /// <summary>What a mention of a parameter or a variable stands for; anything else as it is.</summary>
    public JsonNode? Resolve(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) && Mention().Match(text) is { Success: true } mention
            ? mention.Groups["what"].Value is "parameters" ? parameters[mention.Groups["name"].Value]?["value"] : template["variables"]?[mention.Groups["name"].Value]
            : node;

    [GeneratedRegex(@"\A\[(?<what>parameters|variables)\('(?<name>\w+)'\)\]\z")]
    private static partial Regex Mention();
}
