using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;
using Ebb.Sandbox.Azure.Templates.Reading;

namespace Ebb.Tests.Sandbox.Azure.Templates;

/// <summary>Expressions and templates in a subscription that always looks the same.</summary>
internal static class TemplateLab
{
    public const string Subscription = "11111111-1111-1111-1111-111111111111";

    public const string Group = $"/subscriptions/{Subscription}/resourceGroups/farm";

    public static Surroundings Here(bool ofGroup = true) => new()
    {
        Subscription = Values.Object(("id", $"/subscriptions/{Subscription}"), ("subscriptionId", Subscription), ("tenantId", "22222222-2222-2222-2222-222222222222"), ("displayName", "sandbox")),
        Tenant = Values.Object(("tenantId", "22222222-2222-2222-2222-222222222222")),
        ResourceGroup = ofGroup ? Values.Object(("id", Group), ("name", "farm"), ("location", "eastus"), ("tags", new JsonObject()), ("properties", Values.Object(("provisioningState", "Succeeded")))) : null,
        Deployment = Values.Object(("name", "main"), ("properties", Values.Object(("mode", "Incremental")))),
        Environment = Values.Object(("name", "AzureCloud"), ("suffixes", Values.Object(("storage", "core.windows.net")))),
        Deployer = Values.Object(("objectId", "33333333-3333-3333-3333-333333333333")),
        Provider = name => name.Equals("Microsoft.Storage", StringComparison.OrdinalIgnoreCase)
            ? Values.Object(("namespace", "Microsoft.Storage"), ("resourceTypes", new JsonArray(Values.Object(
                ("resourceType", "storageAccounts"),
                ("locations", new JsonArray("eastus")),
                ("apiVersions", new JsonArray("2023-01-01", "2019-06-01")),
                ("zoneMappings", new JsonArray(Values.Object(("location", "East US"), ("zones", new JsonArray("1", "2", "3")))))))))
            : null,
        Now = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero),
        NewGuid = () => new Guid("44444444-4444-4444-4444-444444444444"),
    };

    /// <summary>The value of what stands between an expression's brackets.</summary>
    public static JsonNode? Value(string expression, Uses allowed = Uses.None, Runtime? runtime = null)
    {
        var scope = new TemplateScope(Here(), new Budget());
        scope.AddParameter("list", () => new JsonArray(3, 1, 2));
        scope.AddParameter("person", () => Values.Object(("name", "Ada"), ("Age", 36), ("pets", new JsonArray("cat"))));
        return Evaluator.Text($"[{expression}]", new Evaluation { Scope = scope, Allowed = allowed, Runtime = runtime });
    }

    public static string Error(string expression) => Assert.Throws<TemplateException>(() => Value(expression)).Message;

    /// <summary>Wraps parts of a template in what every template has.</summary>
    public static string Text(string parts) =>
        $$"""{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",{{parts}}}""";

    public static Expansion Expand(string parts, string? parameters = null, bool ofGroup = true)
    {
        var source = JsonSource.Read(parts.Contains("\"resources\"", StringComparison.Ordinal) ? Text(parts) : Text(parts + ",\"resources\":[]"));
        var given = parameters is null ? null : JsonSource.Read(parameters).Root!.AsObject();
        return Expansion.Make(Template.Read(source, source.Root, "properties.template"), given, Here(ofGroup));
    }

    public static TemplateException Refused(string parts, string? parameters = null) =>
        Assert.Throws<TemplateException>(() => Expand(parts, parameters));

    /// <summary>The value of an output that is a template's only one.</summary>
    public static JsonNode? Output(string parts, string value, string type = "object", string? parameters = null, Runtime? runtime = null)
    {
        var output = "\"outputs\":{\"it\":{\"type\":\"" + type + "\",\"value\":\"[" + value + "]\"}}";
        var outputs = Expand(parts + output, parameters).Outputs(runtime ?? Nothing);
        return outputs["it"]!["value"];
    }

    /// <summary>A cloud in which there is nothing.</summary>
    public static Runtime Nothing { get; } = new(
        (id, _) => throw new TemplateException("ResourceNotFound", $"There is no {id}."),
        (id, action, _, _) => throw new TemplateException("ResourceNotFound", $"There is no {id} to {action}."));
}
