using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>Which principal has which role, at a scope and all below it.</summary>
internal sealed partial class RoleAssignments() : ResourceType("Microsoft.Authorization", "roleAssignments")
{
    public const string Type = "Microsoft.Authorization/roleAssignments";

    private const int MostInSubscription = 4000;

    private static readonly string[] PrincipalTypes = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];

    // What may be changed of one that is there.
    private static readonly string[] Said = ["description", "condition", "conditionVersion", "delegatedManagedIdentityResourceId"];

    public override bool Extends => true;

    public override bool Located => false;

    public override bool Tracked => false;

    public override bool HasState => false;

    public override bool EchoesDeleted => true;

    public override NameRule Names => NameRule.Guid;

    public override ImmutableArray<string> ApiVersions => ["2022-04-01", "2020-10-01-preview", "2020-04-01-preview", "2018-01-01-preview", "2015-07-01"];

    /// <summary>Gives a principal a built-in role at a scope, as the subscription's owner would.</summary>
    public static void Grant(ResourceStore store, string scope, string role, string principalId)
    {
        var name = Principals.PrincipalOf($"{scope} {principalId} {role}");
        var now = store.World.Agenda.Now;
        var model = Writing.Empty();
        model["properties"] = Properties(
            RoleDefinitions.IdOf(store, BuiltInRoles.All.First(r => r.Id == role)), principalId, "ServicePrincipal", scope, "", now);
        store.Put(new Resource
        {
            Id = ResourceId.Of(scope, "Microsoft.Authorization", "roleAssignments", name),
            Type = store.TypeOf(Type)!,
            Model = model,

            // Long spread: it is there from the first instant on.
            CreatedAt = DateTimeOffset.UnixEpoch,
            ChangedAt = now,
        });
    }

    protected internal override void Complete(Writing w)
    {
        var p = w.Properties;
        var role = OptionalText(p, "roleDefinitionId") ?? throw Required("roleDefinitionId");
        var principal = OptionalText(p, "principalId") ?? throw Required("principalId");
        if (!Guid.TryParse(principal, out _))
        {
            throw JsonRead.Refuse("InvalidPrincipalId", $"A valid principal ID must be provided for role assignment. '{principal}' is not one.");
        }

        var type = OptionalText(p, "principalType");
        if (type is not null && !PrincipalTypes.Contains(type, StringComparer.OrdinalIgnoreCase))
        {
            throw JsonRead.Refuse("InvalidPrincipalType", $"The principal type '{type}' is not valid. Allowed values are '{string.Join("', '", PrincipalTypes)}'.");
        }

        var found = RoleDefinitions.Find(w.Store, role)
            ?? throw JsonRead.Refuse("RoleDefinitionDoesNotExist", $"The specified role definition with ID '{role[(role.LastIndexOf('/') + 1)..]}' does not exist.");
        var roleId = RoleDefinitions.IdOf(w.Store, found);
        CheckAlone(w, roleId, principal);

        // A caller that says what kind of principal it is spares the look-up in a directory that may not know it yet.
        if (w.Old is null && type is null && !Directory.Knows(w.Store, principal))
        {
            throw JsonRead.Refuse("PrincipalNotFound",
                $"Principal {principal.Replace("-", "", StringComparison.Ordinal)} does not exist in the directory {w.World.Options.TenantId}. " +
                "Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, " +
                "this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, " +
                "such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype");
        }

        var made = Properties(roleId, principal.ToLowerInvariant(), type ?? "ServicePrincipal", w.Id.Scope, w.Request.Caller.ObjectId, w.World.Agenda.Now);
        foreach (var said in Said)
        {
            made[said] = p[said]?.DeepClone();
        }

        if (w.Old is { } old)
        {
            // The same once more is no update.
            var same = Said.All(said => JsonNode.DeepEquals(made[said], old.Properties[said]));
            foreach (var kept in same ? ["createdOn", "createdBy", "updatedOn", "updatedBy"] : new[] { "createdOn", "createdBy" })
            {
                made[kept] = old.Properties[kept]?.DeepClone();
            }
        }

        w.Model["properties"] = made;
    }

    // By its filter: at the scope and above, of one principal, or all at, above and below.
    protected internal override IEnumerable<Resource> List(ResourceStore store, string scope, ArmRequest r)
    {
        var all = store.OfType(Type).Where(a => Covers(a.Id.Scope, scope) || Covers(scope, a.Id.Scope));
        foreach (var term in r.Query["$filter"].ToString().Split(" and ", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Is(term, "atScope()"))
            {
                all = all.Where(a => Covers(a.Id.Scope, scope));
            }
            else if (OfPrincipal().Match(term) is { Success: true } match)
            {
                all = all.Where(a => Is(match.Groups["id"].Value, Text(a.Properties["principalId"]) ?? ""));
            }
            else
            {
                throw JsonRead.Refuse("UnsupportedQuery", $"The filter '{term}' is not supported. Supported filters are 'atScope()', 'principalId eq '{{value}}'' and 'assignedTo('{{value}}')'.");
            }
        }

        return all;
    }

    /// <summary>What is said of a scope holds for another one: the same, or below it.</summary>
    public static bool Covers(string scope, string other) =>
        other.Equals(scope, StringComparison.OrdinalIgnoreCase) || other.StartsWith(scope.TrimEnd('/') + "/", StringComparison.OrdinalIgnoreCase);

    private static void CheckAlone(Writing w, string roleId, string principal)
    {
        bool Same(Resource a) => Is(roleId, Text(a.Properties["roleDefinitionId"]) ?? "") && Is(principal, Text(a.Properties["principalId"]) ?? "");
        if (w.Old is { } old)
        {
            if (!Same(old))
            {
                throw JsonRead.Refuse("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.");
            }

            return;
        }

        // A name is unique in the whole subscription, whatever the scope.
        if (w.Store.OfType(Type).Any(a => Is(a.Name, w.Id.Name)))
        {
            throw JsonRead.Refuse("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.");
        }

        if (w.Store.OfType(Type).FirstOrDefault(a => Is(a.Id.Scope, w.Id.Scope) && Same(a)) is { } twin)
        {
            throw new ModelException(new CloudError(409, "RoleAssignmentExists", $"The role assignment already exists. The ID of the existing role assignment is {twin.Name.Replace("-", "", StringComparison.Ordinal)}."));
        }

        if (w.Store.OfType(Type).Count() >= MostInSubscription)
        {
            throw JsonRead.Refuse("RoleAssignmentLimitExceeded", "No more role assignments can be created.");
        }
    }

    private static JsonObject Properties(string role, string principal, string type, string scope, string by, DateTimeOffset now) => new()
    {
        ["roleDefinitionId"] = role,
        ["principalId"] = principal,
        ["principalType"] = PrincipalTypes.First(t => Is(t, type)),
        ["scope"] = scope,
        ["condition"] = null,
        ["conditionVersion"] = null,
        ["createdOn"] = ScaleSetJson.Time(now),
        ["updatedOn"] = ScaleSetJson.Time(now),
        ["createdBy"] = by,
        ["updatedBy"] = by,
        ["delegatedManagedIdentityResourceId"] = null,
        ["description"] = null,
    };

    [GeneratedRegex(@"^(?:principalId\s+eq\s+'(?<id>[^']*)'|assignedTo\('(?<id>[^']*)'\))\z", RegexOptions.IgnoreCase)]
    private static partial Regex OfPrincipal();
}
