using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>The ids of managed identities, wherever a resource names them.</summary>
internal static class IdentityJson
{
    public const string UserAssigned = "Microsoft.ManagedIdentity/userAssignedIdentities";

    /// <summary>Adds principal and client of each identity that a resource has.</summary>
    public static void Fill(ResourceStore store, string resourceId, JsonObject identity)
    {
        var type = JsonRead.Text(identity["type"]) ?? "";
        if (type.Contains("SystemAssigned", StringComparison.OrdinalIgnoreCase))
        {
            identity["principalId"] = Principals.PrincipalOf(resourceId);
            identity["tenantId"] = store.World.Options.TenantId;
        }

        if (JsonRead.Get(identity, "userAssignedIdentities") is JsonObject assigned)
        {
            foreach (var id in assigned.Select(a => a.Key).ToList())
            {
                var (principal, client) = Ids(store, id);
                assigned[id] = new JsonObject { ["principalId"] = principal, ["clientId"] = client };
            }
        }
    }

    /// <summary>Principal and client of a user-assigned identity.</summary>
    public static (string Principal, string Client) Ids(ResourceStore store, string id) =>
        store.Find(id) is { } found && JsonRead.Text(found.Properties["principalId"]) is { } principal && JsonRead.Text(found.Properties["clientId"]) is { } client
            ? (principal, client)
            : (Principals.PrincipalOf(id), Principals.ClientOf(id));
}
