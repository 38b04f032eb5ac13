using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>Whether a caller's roles allow what it asks.</summary>
internal sealed class Authorization(ResourceStore store, IEnumerable<string> worldTypes)
{
    // What a caller must be allowed to do with a resource that it has another one use.
    private static readonly Dictionary<string, string> Links = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Microsoft.Network/virtualNetworks/subnets"] = "join/action",
        ["Microsoft.Network/virtualNetworks"] = "join/action",
        ["Microsoft.Network/networkInterfaces"] = "join/action",
        ["Microsoft.Network/networkSecurityGroups"] = "join/action",
        ["Microsoft.Network/publicIPAddresses"] = "join/action",
        ["Microsoft.Network/routeTables"] = "join/action",
        ["Microsoft.Network/loadBalancers/backendAddressPools"] = "join/action",
        ["Microsoft.Network/loadBalancers/inboundNatPools"] = "join/action",
        ["Microsoft.Network/loadBalancers/inboundNatRules"] = "join/action",
        ["Microsoft.Network/loadBalancers/probes"] = "join/action",
        [IdentityJson.UserAssigned] = "assign/action",
    };

    private readonly Dictionary<string, string> _worldTypes = worldTypes.ToDictionary(t => t, StringComparer.OrdinalIgnoreCase);

    /// <summary>The refusal of a request; null when it is allowed.</summary>
    /// <param name="action">Null when it needs no role.</param>
    public CloudError? Refuse(ArmRequest r, ArmAction? action)
    {
        if (r.Caller == ArmCaller.Trusted || action is null)
        {
            return null;
        }

        if (!Allows(r.Caller, action.Name, action.Scope))
        {
            return new CloudError(403, "AuthorizationFailed",
                $"The client '{r.Caller.ObjectId}' with object id '{r.Caller.ObjectId}' does not have authorization to perform action '{action.Name}' " +
                $"over scope '{action.Scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.");
        }

        return r.Method is "PUT" or "PATCH" && Unlinked(r, action) is var (link, target)
            ? new CloudError(403, "LinkedAuthorizationFailed",
                $"The client '{r.Caller.ObjectId}' with object id '{r.Caller.ObjectId}' has permission to perform action '{action.Name}' on scope " +
                $"'{action.Scope}'; however, it does not have permission to perform action(s) '{link}' on the linked scope(s) '{target}' " +
                "(respectively) or the linked scope(s) are invalid.")
            : null;
    }

    /// <summary>Whether a caller may do something at a scope.</summary>
    public bool Allows(ArmCaller caller, string action, string scope) =>
        caller == ArmCaller.Trusted || RolesOf(caller).Any(r => RoleAssignments.Covers(r.Scope, scope) && r.Role.Allows(action));

    /// <summary>The roles that a caller has at a scope, wherever above it they were given.</summary>
    public IEnumerable<Role> RolesAt(ArmCaller caller, string scope) => caller == ArmCaller.Trusted
        ? BuiltInRoles.All.Where(role => role.Id == BuiltInRoles.OwnerId)
        : RolesOf(caller).Where(r => RoleAssignments.Covers(r.Scope, scope)).Select(r => r.Role);

    /// <summary>Whether a caller has a role anywhere: then it sees the subscription.</summary>
    public bool Sees(ArmCaller caller) => caller == ArmCaller.Trusted || RolesOf(caller).Any();

    /// <summary>A type as its provider writes it; null when nobody serves it.</summary>
    public string? Casing(string type) => store.TypeOf(type)?.FullName ?? _worldTypes.GetValueOrDefault(type);

    private IEnumerable<(Role Role, string Scope)> RolesOf(ArmCaller caller)
    {
        var since = store.World.Agenda.Now - store.Options.RolePropagation;
        foreach (var assignment in store.OfType(RoleAssignments.Type))
        {
            if (assignment.CreatedAt <= since
                && caller.ObjectId.Equals(JsonRead.Text(assignment.Properties["principalId"]), StringComparison.OrdinalIgnoreCase)
                && RoleDefinitions.Find(store, JsonRead.Text(assignment.Properties["roleDefinitionId"])) is { } role)
            {
                yield return (role, assignment.Id.Scope);
            }
        }
    }

    /// <summary>The first resource that the body has used and the caller may not have used, and the action that it lacks.</summary>
    private (string Action, string Target)? Unlinked(ArmRequest r, ArmAction action)
    {
        foreach (var (_, text) in References.In(r.Body as JsonObject))
        {
            if (ResourceId.Parse(text) is { } id
                && !RoleAssignments.Covers(action.Scope, id.Text)
                && Links.TryGetValue(id.FullType, out var link)
                && $"{Casing(id.FullType) ?? id.FullType}/{link}" is var needed
                && !Allows(r.Caller, needed, id.Text))
            {
                return (needed, text);
            }
        }

        return null;
    }
}
