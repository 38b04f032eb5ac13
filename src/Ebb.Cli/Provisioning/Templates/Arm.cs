using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>How templates of Azure's resource manager are written.</summary>
internal static class Arm
{
    private const string Schemas = "https://schema.management.azure.com/schemas/";

    // As people write them: neither apostrophes nor plus signs as numbers.
    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(JsonNode node) => node.ToJsonString(Written) + "\n";

    public static JsonObject ParametersFile(JsonObject parameters) => new()
    {
        ["$schema"] = Schemas + "2019-04-01/deploymentParameters.json#",
        ["contentVersion"] = "1.0.0.0",
        ["parameters"] = parameters.DeepClone(),
    };

    public static ArmTemplate Template(
        ImmutableArray<ArmParameter> parameters, JsonObject variables, IEnumerable<JsonObject> resources, JsonObject outputs) => new(
        new JsonObject
        {
            ["$schema"] = Schemas + "2019-04-01/deploymentTemplate.json#",
            ["contentVersion"] = "1.0.0.0",
            ["metadata"] = new JsonObject { ["generator"] = "ebb" },
            ["parameters"] = new JsonObject(parameters.Select(parameter => KeyValuePair.Create(parameter.Name, (JsonNode?)new JsonObject
            {
                ["type"] = parameter.Type,
                ["metadata"] = new JsonObject { ["description"] = parameter.Description },
            }))),
            ["variables"] = variables,
            ["resources"] = new JsonArray([.. resources]),
            ["outputs"] = outputs,
        },
        new JsonObject(parameters.Select(parameter =>
            KeyValuePair.Create(parameter.Name, (JsonNode?)new JsonObject { ["value"] = parameter.Value }))));

    public static JsonArray Strings(IEnumerable<string> strings) => new([.. strings.Select(text => (JsonNode?)text)]);

    public static JsonArray Objects(IEnumerable<JsonObject> objects) => new([.. objects]);

    public static JsonObject Output(string value, string type = "string") => new() { ["type"] = type, ["value"] = value };

    /// <summary>A reference to another resource, as most of them are written.</summary>
    public static JsonObject Id(string expression) => new() { ["id"] = expression };

    public static string ResourceId(string type, params IEnumerable<string> names) =>
        $"[resourceId('{type}', {string.Join(", ", names.Select(name => $"'{name}'"))})]";

    /// <summary>An expression within another: without its brackets.</summary>
    public static string Inner(string expression) => expression[1..^1];
}

/// <param name="Type">As templates name it: <c>string</c>, <c>array</c>, <c>securestring</c>, ...</param>
internal sealed record ArmParameter(string Name, string Type, string Description, JsonNode? Value);

internal sealed record ArmTemplate(JsonObject Template, JsonObject Parameters);
