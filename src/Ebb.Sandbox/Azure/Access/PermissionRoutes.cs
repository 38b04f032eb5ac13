using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>What the caller may do at a scope, by the roles that it has there and above.</summary>
internal sealed class PermissionRoutes(ResourceStore store, Authorization authorization)
{
    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r)
    {
        if (r.Method != "GET" || r.Lower is not ["subscriptions", .., "providers", "microsoft.authorization", "permissions"])
        {
            return null;
        }

        var scope = ResourceScope.Canonical(store, string.Concat(r.Segments[..^3].Select(segment => "/" + segment)));
        return ResourceScope.Missing(store, scope) is { } missing
            ? ArmReply.Error(missing)
            : new ArmReply(200, ScaleSetRoutes.Value(authorization.RolesAt(r.Caller, scope).Select(role => new JsonObject
            {
                ["actions"] = Texts(role.Actions),
                ["notActions"] = Texts(role.NotActions),
                ["dataActions"] = Texts(role.DataActions),
                ["notDataActions"] = new JsonArray(),
            })));
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
