using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;
using Ebb.Sandbox.Azure.Templates.Reading;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>Reads what is to be deployed from a request's body.</summary>
internal static class OrderReading
{
    /// <exception cref="TemplateException">The body is not of that form, or asks what the sandbox does not do.</exception>
    public static DeploymentOrder Read(JsonSource? body, bool ofGroup)
    {
        var root = body?.Root as JsonObject ?? throw Wrong("an object is expected");
        var properties = Values.Member(root, "properties") as JsonObject ?? throw Wrong("Required property 'properties' not found in JSON.");
        RefuseLinks(properties);
        var mode = Values.Text(Values.Member(properties, "mode")) ?? throw Wrong("Required property 'mode' not found in JSON. Path 'properties'.");
        var complete = mode.Equals("Complete", StringComparison.OrdinalIgnoreCase);
        if (!complete && !mode.Equals("Incremental", StringComparison.OrdinalIgnoreCase))
        {
            throw Wrong($"Error converting value '{mode}' to 'DeploymentMode'. It must be 'Incremental' or 'Complete'.");
        }

        if (complete && !ofGroup)
        {
            throw new TemplateException("InvalidDeploymentMode", "The deployment mode 'Complete' is not supported for deployments of a subscription. Please use 'Incremental' mode.");
        }

        var detail = Values.Text(Values.Member(Values.Member(properties, "debugSetting"), "detailLevel")) ?? "none";
        return new DeploymentOrder
        {
            Template = Template.Read(body!, Values.Member(properties, "template") ?? throw Wrong("The deployment must specify either a 'template' or a 'templateLink'."), "properties.template"),
            Parameters = ReadParameters(Values.Member(properties, "parameters")),
            Complete = complete,
            Tags = ReadTags(Values.Member(root, "tags")),
            Location = ofGroup ? null : Values.Text(Values.Member(root, "location"))
                ?? throw new TemplateException("LocationRequired", "The location property is required for this definition."),
            DebugDetail = detail,
            KeepsRequests = detail.Contains("request", StringComparison.OrdinalIgnoreCase),
            KeepsAnswers = detail.Contains("response", StringComparison.OrdinalIgnoreCase),
            OnError = ReadOnError(Values.Member(properties, "onErrorDeployment")),
            IdsOnly = "ResourceIdOnly".Equals(Values.Text(Values.Member(Values.Member(properties, "whatIfSettings"), "resultFormat")), StringComparison.OrdinalIgnoreCase),
        };
    }

    /// <summary>What a deployment inside a template is asked: as a body's <c>properties</c>, its template not yet evaluated.</summary>
    /// <param name="evaluated">The properties but for the template.</param>
    public static (JsonObject? Parameters, bool Complete, bool Inner) ReadNested(JsonObject evaluated)
    {
        RefuseLinks(evaluated);
        var scope = Values.Text(Values.Member(Values.Member(evaluated, "expressionEvaluationOptions"), "scope"));
        return (
            ReadParameters(Values.Member(evaluated, "parameters")),
            "Complete".Equals(Values.Text(Values.Member(evaluated, "mode")), StringComparison.OrdinalIgnoreCase),
            "inner".Equals(scope, StringComparison.OrdinalIgnoreCase));
    }

    // The sandbox never follows an address that a request names.
    private static void RefuseLinks(JsonObject properties)
    {
        foreach (var name in (string[])["templateLink", "parametersLink"])
        {
            if (Values.Member(properties, name) is { } link)
            {
                var uri = Values.Text(Values.Member(link, "uri")) ?? Values.Text(Values.Member(link, "id")) ?? "";
                throw new TemplateException(
                    "InvalidContentLink",
                    $"Unable to download deployment content from '{uri}': the sandbox does not follow links. Put the content itself in '{(name == "templateLink" ? "template" : "parameters")}' instead of '{name}'.");
            }
        }
    }

    private static JsonObject? ReadParameters(JsonNode? node) => node switch
    {
        null => null,
        JsonObject o => o,
        _ => throw Wrong("'parameters' must be an object."),
    };

    private static ImmutableSortedDictionary<string, string> ReadTags(JsonNode? node) =>
        (node as JsonObject ?? []).ToImmutableSortedDictionary(t => t.Key, t => Values.Text(t.Value) ?? throw Wrong($"The tag '{t.Key}' must be a string."));

    private static string? ReadOnError(JsonNode? node)
    {
        if (node is null)
        {
            return null;
        }

        var type = Values.Text(Values.Member(node, "type")) ?? "";
        if (type.Equals("LastSuccessful", StringComparison.OrdinalIgnoreCase))
        {
            return "";
        }

        return type.Equals("SpecificDeployment", StringComparison.OrdinalIgnoreCase) && Values.Text(Values.Member(node, "deploymentName")) is { Length: > 0 } name
            ? name
            : throw Wrong("'onErrorDeployment' must have the type 'LastSuccessful', or 'SpecificDeployment' and a 'deploymentName'.");
    }

    private static TemplateException Wrong(string what) =>
        new("InvalidRequestContent", $"The request content was invalid and could not be deserialized: '{what}'.");
}
