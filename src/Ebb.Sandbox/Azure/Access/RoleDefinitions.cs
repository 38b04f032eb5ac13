using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>Roles: those that are built in, at every scope, and those that a client has put.</summary>
internal sealed partial class RoleDefinitions() : ResourceType("Microsoft.Authorization", "roleDefinitions")
{
    public const string Type = "Microsoft.Authorization/roleDefinitions";

    public override bool Extends => true;

    public override bool Located => false;

    public override bool Tracked => false;

    public override bool HasState => false;

    public override bool EchoesDeleted => true;

    public override NameRule Names => NameRule.Guid;

    public override ImmutableArray<string> ApiVersions => ["2022-04-01", "2018-01-01-preview", "2015-07-01"];

    /// <summary>The role of an id, with or without a subscription before it; null when there is none.</summary>
    public static Role? Find(ResourceStore store, string? id)
    {
        var guid = id?[(id.LastIndexOf('/') + 1)..];
        return BuiltInRoles.All.FirstOrDefault(r => r.Id.Equals(guid, StringComparison.OrdinalIgnoreCase))
            ?? store.OfType(Type).Where(r => r.Name.Equals(guid, StringComparison.OrdinalIgnoreCase)).Select(Read).FirstOrDefault();
    }

    public static string IdOf(ResourceStore store, Role role) => $"{store.Subscription}/providers/{Type}/{role.Id}";

    protected internal override void Complete(Writing w)
    {
        if (BuiltInRoles.All.Any(r => r.Id.Equals(w.Id.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw JsonRead.Refuse("RoleDefinitionUpdateNotPermitted", $"The role definition '{w.Id.Name}' is built in and cannot be changed.");
        }

        var p = w.Properties;
        var name = OptionalText(p, "roleName") ?? throw Required("properties.roleName");
        if (BuiltInRoles.All.Any(r => Is(r.Name, name)) || w.Store.OfType(Type).Any(r => r.Id != w.Id && Is(name, Read(r).Name)))
        {
            throw new ModelException(new CloudError(409, "RoleDefinitionWithSameNameExists", $"A custom role with the name '{name}' already exists."));
        }

        if (Texts(p, "assignableScopes").Length == 0)
        {
            throw JsonRead.Refuse("MissingAssignableScopes", $"The role definition '{name}' must have at least one assignable scope.");
        }

        p["type"] = "CustomRole";
        p["permissions"] = new JsonArray([.. ScaleSetJson.Items(p, "permissions").Select(x => (JsonNode)Permission(
            Texts(x, "actions"), Texts(x, "notActions"), Texts(x, "dataActions")))]);
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) =>
        store.OfType(RoleAssignments.Type).Any(a => Find(store, Text(a.Properties["roleDefinitionId"]))?.Id == resource.Name)
            ? new CloudError(400, "RoleDefinitionHasAssignments", "There are existing role assignments referencing role.")
            : null;

    // What is built in is found without being kept.
    protected internal override ArmReply? Elsewhere(ResourceStore store, ArmRequest r)
    {
        if (r.Method != "GET" || ResourceId.At(r.Segments) is not var (_, tail) || !Is(tail[0], Namespace) || !Is(tail[1], Name))
        {
            return null;
        }

        return tail.Length switch
        {
            3 when BuiltInRoles.All.FirstOrDefault(x => Is(x.Id, tail[2])) is { } role => new ArmReply(200, Json(store, role)),
            2 => List(store, r.Query["$filter"].ToString()),
            _ => null,
        };
    }

    private static ArmReply List(ResourceStore store, string filter)
    {
        var custom = store.OfType(Type).Select(Read);
        var roles = BuiltInRoles.All.Concat(custom);
        if (filter.Length > 0)
        {
            if (Filter().Match(filter) is not { Success: true } match)
            {
                return ArmReply.Error(400, "BadRequestFormat", $"The filter '{filter}' is not supported.");
            }

            var value = match.Groups["value"].Value.Replace("''", "'", StringComparison.Ordinal);
            roles = match.Groups["name"].Value.Equals("roleName", StringComparison.OrdinalIgnoreCase)
                ? roles.Where(x => Is(x.Name, value))
                : match.Groups["name"].Length > 0 ? roles.Where(x => x.BuiltIn == Is(value, "BuiltInRole")) : roles;
        }

        return new ArmReply(200, ScaleSetRoutes.Value(roles.Select(x => Json(store, x))));
    }

    private static JsonObject Json(ResourceStore store, Role role) => new()
    {
        ["id"] = IdOf(store, role),
        ["name"] = role.Id,
        ["type"] = Type,
        ["properties"] = new JsonObject
        {
            ["roleName"] = role.Name,
            ["type"] = role.BuiltIn ? "BuiltInRole" : "CustomRole",
            ["description"] = role.Description,
            ["assignableScopes"] = new JsonArray([.. role.AssignableScopes.Select(s => (JsonNode)s)]),
            ["permissions"] = new JsonArray(Permission(role.Actions, role.NotActions, role.DataActions)),
            ["createdOn"] = "2015-02-02T21:55:09.8806423Z",
            ["updatedOn"] = "2015-02-02T21:55:09.8806423Z",
            ["createdBy"] = null,
            ["updatedBy"] = null,
        },
    };

    private static JsonObject Permission(ImmutableArray<string> actions, ImmutableArray<string> not, ImmutableArray<string> data) => new()
    {
        ["actions"] = new JsonArray([.. actions.Select(a => (JsonNode)a)]),
        ["notActions"] = new JsonArray([.. not.Select(a => (JsonNode)a)]),
        ["dataActions"] = new JsonArray([.. data.Select(a => (JsonNode)a)]),
        ["notDataActions"] = new JsonArray(),
    };

    private static Role Read(Resource custom)
    {
        var p = custom.Properties;
        var permissions = ScaleSetJson.Items(p, "permissions").ToList();
        return new Role(custom.Name, OptionalText(p, "roleName") ?? "", OptionalText(p, "description") ?? "")
        {
            BuiltIn = false,
            Actions = [.. permissions.SelectMany(x => Texts(x, "actions"))],
            NotActions = [.. permissions.SelectMany(x => Texts(x, "notActions"))],
            DataActions = [.. permissions.SelectMany(x => Texts(x, "dataActions"))],
            AssignableScopes = Texts(p, "assignableScopes"),
        };
    }

    [GeneratedRegex(@"^\s*(?:(?<name>roleName|type)\s+eq\s+'(?<value>(?:[^']|'')*)'|atScopeAndBelow\(\)|atScope\(\))\s*\z", RegexOptions.IgnoreCase)]
    private static partial Regex Filter();
}
