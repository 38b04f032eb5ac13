using System.Text.Json.Nodes;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>Built-in roles that the control plane's identity is given; docs/security.md says where and why.</summary>
internal static class Roles
{
    public const string Reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

    public const string MachineContributor = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";

    public const string KeyOperator = "81a9662b-bebf-436f-a333-f67b29880f12";
}

/// <summary>Assigns roles to the control plane's identity.</summary>
internal static class RoleResources
{
    public const string IdentityVersion = "2023-01-31";

    /// <param name="scope">An expression: the resource, in the group that is deployed to; null for the group itself.</param>
    /// <param name="identity">An expression: the identity's id.</param>
    /// <param name="needs">Expressions: what the same template makes and must be there first.</param>
    public static JsonObject Assign(string role, string? scope, string identity, string why, params IReadOnlyList<string> needs)
    {
        var assignment = new JsonObject
        {
            ["type"] = "Microsoft.Authorization/roleAssignments",
            ["apiVersion"] = "2022-04-01",

            // Always the same for the same grant: deploying again finds it there.
            ["name"] = $"[guid({Arm.Inner(scope ?? "[resourceGroup().id]")}, {Arm.Inner(identity)}, '{role}')]",
        };
        if (scope is not null)
        {
            assignment["scope"] = scope;
        }

        if (needs.Count > 0)
        {
            assignment["dependsOn"] = Arm.Strings(needs);
        }

        assignment["properties"] = new JsonObject
        {
            ["roleDefinitionId"] = $"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')]",
            ["principalId"] = $"[reference({Arm.Inner(identity)}, '{IdentityVersion}').principalId]",

            // Said, so that the directory is not asked for an identity that it may not have heard of yet.
            ["principalType"] = "ServicePrincipal",
            ["description"] = why,
        };
        return assignment;
    }
}
