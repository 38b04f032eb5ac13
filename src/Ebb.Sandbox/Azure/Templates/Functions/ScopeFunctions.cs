using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Parameters, variables, and what the deployment finds around it.</summary>
internal static class ScopeFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("parameters", 1, 1, a => a.On.Scope.Parameter(a.Text(0))) { Passes = true },
        new("variables", 1, 1, a => a.On.Scope.Variable(a.Text(0))) { Passes = true },
        new("subscription", 0, 0, a => Copied(a.Surroundings.Subscription)),
        new("tenant", 0, 0, a => Copied(a.Surroundings.Tenant)),
        new("deployment", 0, 0, a => Copied(a.Surroundings.Deployment)),
        new("deployer", 0, 0, a => Copied(a.Surroundings.Deployer)),
        new("environment", 0, 0, a => Copied(a.Surroundings.Environment)),
        new("resourceGroup", 0, 0, a => Copied(a.Surroundings.ResourceGroup
            ?? throw TemplateException.Expression("The template function 'RESOURCEGROUP' is not expected at this location: the deployment is the subscription's. Please see https://aka.ms/arm-functions for usage details."))),
        new("managementGroup", 0, 0, a => throw TemplateException.Expression(
            "The template function 'MANAGEMENTGROUP' is not expected at this location: the sandbox has subscriptions and resource groups, and no management groups. Please see https://aka.ms/arm-functions for usage details.")),
    ];

    private static JsonNode Copied(JsonObject value) => value.DeepClone();
}
