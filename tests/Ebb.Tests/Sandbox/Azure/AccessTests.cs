using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Azure.Access;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class AccessTests
{
    private const string Somebody = "11111111-2222-4333-8444-555555555555";
    private const string Assignment = "aaaaaaaa-0000-4000-8000-00000000000";
    private const string Reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    private const string Contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    private const string MachineContributor = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";
    private const string IdentityOperator = "f1a07417-d97a-45cb-824c-7a7467783830";

    [Fact]
    public async Task Whoever_has_no_role_sees_nothing_and_may_do_nothing()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var list = As(lab, "GET", "/subscriptions");
        var subscription = As(lab, "GET", lab.Subscription);
        var groups = As(lab, "GET", $"{lab.Subscription}/resourceGroups");
        var resources = As(lab, "GET", $"{lab.Subscription}/resources");
        var set = As(lab, "GET", lab.Set.ToUpperInvariant());

        Assert.Equal((0, 404, 0, 0), (Count(list), subscription.Status, Count(groups), Count(resources)));
        Assert.Equal((403, "AuthorizationFailed"), (set.Status, Code(set)));
        Assert.StartsWith($"The client '{Somebody}' with object id '{Somebody}' does not have authorization to perform action 'Microsoft.Compute/virtualMachineScaleSets/read' over scope '", Message(set));
        Assert.EndsWith("or the scope is invalid. If access was recently granted, please refresh your credentials.", Message(set));
    }

    [Fact]
    public async Task A_reader_reads_and_a_contributor_changes_all_but_roles()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        var body = JsonNode.Parse("""{"location":"eastus"}""")!;
        var identity = $"{Group(lab)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner";

        await AssignAsync(lab, Reader, Group(lab), 1);
        var reads = As(lab, "GET", lab.Set);
        var lists = As(lab, "GET", $"{lab.Set}/virtualMachines");
        var writes = As(lab, "PUT", identity, body);
        var scales = As(lab, "POST", $"{lab.Set}/delete", JsonNode.Parse("""{"instanceIds":["0"]}"""));
        await AssignAsync(lab, Contributor, Group(lab), 2);
        var wrote = As(lab, "PUT", identity, body);
        var elsewhere = As(lab, "PUT", $"{lab.Subscription}/resourceGroups/other", body);
        var grants = As(lab, "PUT", Assigned(Group(lab), 3), Grant(lab, Contributor));
        var held = As(lab, "PUT", $"{Group(lab)}/providers/Microsoft.Authorization/locks/held", JsonNode.Parse("""{"properties":{"level":"ReadOnly"}}"""));

        Assert.Equal((200, 200, 403, 403), (reads.Status, lists.Status, writes.Status, scales.Status));
        Assert.Contains("'Microsoft.Compute/virtualMachineScaleSets/delete/action' over scope '" + lab.Set, Message(scales));
        Assert.Equal((201, 403, 403, 403), (wrote.Status, elsewhere.Status, grants.Status, held.Status));
        Assert.Contains("'Microsoft.Authorization/roleAssignments/write' over scope", Message(grants));
    }

    [Fact]
    public async Task Using_a_network_or_an_identity_needs_a_role_there_too()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        var nic = await lab.HaveNicAsync("nic");
        var subnet = nic.Replace("networkInterfaces/nic", "virtualNetworks/net/subnets/default", StringComparison.Ordinal);
        var identity = $"{Group(lab)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner";
        await lab.PutAsync(identity, """{"location":"eastus"}""");
        await AssignAsync(lab, MachineContributor, lab.Set, 1);
        JsonNode Using(string? subnetId, string? identityId)
        {
            var body = JsonNode.Parse("""{"location":"eastus","sku":{"capacity":1}}""")!;
            if (subnetId is not null)
            {
                body["properties"] = JsonNode.Parse("""{"virtualMachineProfile":{"networkProfile":{"networkInterfaceConfigurations":[{"name":"n","properties":{"ipConfigurations":[{"name":"i","properties":{"subnet":{"id":"ID"}}}]}}]}}}""".Replace("ID", subnetId, StringComparison.Ordinal));
            }

            if (identityId is not null)
            {
                body["identity"] = new JsonObject { ["type"] = "UserAssigned", ["userAssignedIdentities"] = new JsonObject { [identityId] = new JsonObject() } };
            }

            return body;
        }

        var plain = As(lab, "PUT", lab.Set, Using(null, null));
        var network = As(lab, "PUT", lab.Set, Using(subnet, null));
        var assigned = As(lab, "PUT", lab.Set, Using(null, identity));
        await AssignAsync(lab, MachineContributor, subnet, 2);
        await AssignAsync(lab, IdentityOperator, identity, 3);
        var allowed = As(lab, "PUT", lab.Set, Using(subnet, identity));

        Assert.Equal(200, plain.Status);
        Assert.Equal((403, "LinkedAuthorizationFailed"), (network.Status, Code(network)));
        Assert.Contains($"'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '{subnet}'", Message(network));
        Assert.Contains("'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'", Message(assigned));
        Assert.Equal(200, allowed.Status);
    }

    [Fact]
    public async Task An_assignment_is_made_once_kept_and_taken_away()
    {
        using var lab = await FaceLab.StartAsync();
        var id = Assigned(Group(lab), 1);
        var grant = Grant(lab, Reader).ToJsonString();

        var made = await lab.PutAsync(id, grant);
        var again = await lab.PutAsync(id, grant);
        var twin = await lab.PutAsync(Assigned(Group(lab), 2), grant);
        var changed = await lab.PutAsync(id, Grant(lab, Contributor).ToJsonString());
        var moved = await lab.PutAsync(Assigned(lab.Subscription, 1), grant);
        var here = await lab.GetAsync($"{Group(lab)}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope() and principalId eq '{Somebody}'");
        var all = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.Authorization/roleAssignments");
        var deleted = await lab.DeleteAsync(id);
        var absent = await lab.DeleteAsync(id);

        Assert.Equal((201, 200), (made.Code, again.Code));
        Assert.Equal((Group(lab), "ServicePrincipal"), ((string)made.Json["properties"]!["scope"]!, (string)made.Json["properties"]!["principalType"]!));
        Assert.Equal((409, "RoleAssignmentExists"), (twin.Code, twin.Error));
        Assert.Equal((400, "RoleAssignmentUpdateNotPermitted"), (changed.Code, changed.Error));
        Assert.Equal((400, "RoleAssignmentUpdateNotPermitted"), (moved.Code, moved.Error));
        Assert.Single(here.Json["value"]!.AsArray());
        Assert.Equal(2, all.Json["value"]!.AsArray().Count);
        Assert.Equal((200, Somebody, 204), (deleted.Code, (string)deleted.Json["properties"]!["principalId"]!, absent.Code));
        Assert.Equal(403, As(lab, "GET", Group(lab)).Status);
    }

    [Theory]
    [InlineData("""{"principalId":"nobody"}""", 400, "InvalidPrincipalId")]
    [InlineData("""{"principalType":"Robot"}""", 400, "InvalidPrincipalType")]
    [InlineData("""{"principalType":null}""", 400, "PrincipalNotFound")]
    [InlineData("""{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-4000-8000-000000000000"}""", 400, "RoleDefinitionDoesNotExist")]
    [InlineData("""{"roleDefinitionId":null}""", 400, "InvalidParameter")]
    [InlineData("""{"principalId":7}""", 400, "InvalidRequestContent")]
    public async Task A_bad_assignment_is_refused(string change, int status, string code)
    {
        using var lab = await FaceLab.StartAsync();
        var body = Grant(lab, Reader);
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            body["properties"]![name] = value?.DeepClone();
        }

        var answer = await lab.PutAsync(Assigned(Group(lab), 1), body.ToJsonString());

        Assert.Equal((status, code), (answer.Code, answer.Error));
    }

    [Fact]
    public async Task A_new_identity_is_unknown_to_the_directory_for_a_while_unless_its_kind_is_named()
    {
        var slow = new AzureFaceOptions { DirectoryReplication = TimeSpan.FromMinutes(2), RolePropagation = TimeSpan.FromMinutes(3) };
        using var lab = await FaceLab.StartAsync(options: slow);
        lab.Cloud.Pass(minutes: 5);
        var identity = await lab.PutAsync($"{Group(lab)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner", """{"location":"eastus"}""");
        var body = Grant(lab, Reader, (string)identity.Json["properties"]!["principalId"]!);
        var typed = body.ToJsonString();
        body["properties"]!.AsObject().Remove("principalType");

        var early = await lab.PutAsync(Assigned(Group(lab), 1), body.ToJsonString());
        lab.Cloud.Pass(minutes: 3);
        var later = await lab.PutAsync(Assigned(Group(lab), 1), body.ToJsonString());
        var named = await lab.PutAsync(Assigned(lab.Subscription, 2), typed);

        Assert.Equal((400, "PrincipalNotFound", 201, 201), (early.Code, early.Error, later.Code, named.Code));
    }

    [Fact]
    public async Task Whoever_asks_is_told_what_the_roles_at_a_scope_and_above_it_allow()
    {
        using var lab = await FaceLab.StartAsync();
        await AssignAsync(lab, Reader, lab.Subscription, 1);
        await AssignAsync(lab, Contributor, Group(lab), 2);
        const string Permissions = "/providers/Microsoft.Authorization/permissions";

        var above = As(lab, "GET", lab.Subscription + Permissions);
        var here = As(lab, "GET", Group(lab).ToUpperInvariant() + Permissions);
        var nowhere = As(lab, "GET", $"{lab.Subscription}/resourceGroups/none{Permissions}");
        var owner = await lab.GetAsync(lab.Subscription + Permissions);

        Assert.Equal("*/read", (string)Assert.Single(above.Body!["value"]!.AsArray())!["actions"]![0]!);
        Assert.Contains(here.Body!["value"]!.AsArray(), grant => grant!["notActions"]!.AsArray().Any(action => (string)action! == "Microsoft.Authorization/*/Write"));
        Assert.Equal((2, 404), (Count(here), nowhere.Status));
        Assert.Equal("*", (string)Assert.Single(owner.Json["value"]!.AsArray())!["actions"]![0]!);
    }

    [Fact]
    public async Task A_role_counts_only_once_it_has_spread()
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { RolePropagation = TimeSpan.FromMinutes(3) });
        lab.Cloud.Pass(minutes: 5);
        await AssignAsync(lab, Reader, Group(lab), 1);

        var early = As(lab, "GET", Group(lab));
        lab.Cloud.Pass(minutes: 4);
        var later = As(lab, "GET", Group(lab));

        Assert.Equal((403, 200), (early.Status, later.Status));
    }

    [Fact]
    public async Task Roles_are_found_by_name_and_custom_ones_made()
    {
        using var lab = await FaceLab.StartAsync();
        var roles = $"{lab.Subscription}/providers/Microsoft.Authorization/roleDefinitions";
        var custom = """{"properties":{"roleName":"Restarter","assignableScopes":["SCOPE"],"permissions":[{"actions":["Microsoft.Compute/virtualMachineScaleSets/restart/action"]}]}}"""
            .Replace("SCOPE", lab.Subscription, StringComparison.Ordinal);

        var found = await lab.GetAsync($"{roles}?$filter=roleName eq 'Contributor'");
        var one = await lab.GetAsync($"/providers/Microsoft.Authorization/roleDefinitions/{Contributor}");
        var made = await lab.PutAsync($"{roles}/{Assignment}9", custom);
        var builtIn = await lab.PutAsync($"{roles}/{Contributor}", custom);
        await AssignAsync(lab, Assignment + "9", Group(lab), 1);
        var restart = As(lab, "POST", $"{lab.Set}/restart");
        var read = As(lab, "GET", lab.Set);

        Assert.Equal(Contributor, (string)Assert.Single(found.Json["value"]!.AsArray())!["name"]!);
        Assert.Equal(("Contributor", 201, 400), ((string)one.Json["properties"]!["roleName"]!, made.Code, builtIn.Code));
        Assert.Equal((404, 403), (restart.Status, read.Status));
    }

    [Theory]
    [InlineData("Managed Identity Operator", "Microsoft.ManagedIdentity/userAssignedIdentities/read", true)]
    [InlineData("Managed Identity Operator", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", true)]
    [InlineData("Managed Identity Operator", "Microsoft.ManagedIdentity/userAssignedIdentities/write", false)]
    [InlineData("Virtual Machine Contributor", "microsoft.compute/virtualmachinescalesets/delete/ACTION", true)]
    [InlineData("Virtual Machine Contributor", "Microsoft.Network/virtualNetworks/write", false)]
    [InlineData("Contributor", "Microsoft.Authorization/roleAssignments/write", false)]
    [InlineData("Contributor", "Microsoft.Authorization/roleAssignments/read", true)]
    [InlineData("Reader", "Microsoft.Storage/storageAccounts/listKeys/action", false)]
    [InlineData("User Access Administrator", "Microsoft.Authorization/locks/delete", true)]
    public void A_built_in_role_allows_what_it_says(string role, string action, bool allowed) =>
        Assert.Equal(allowed, BuiltInRoles.All.Single(r => r.Name == role).Allows(action));

    private static string Group(FaceLab lab) => $"{lab.Subscription}/resourceGroups/{Lab.Group}";

    private static string Assigned(string scope, int number) => $"{scope}/providers/Microsoft.Authorization/roleAssignments/{Assignment}{number}";

    private static JsonObject Grant(FaceLab lab, string role, string principal = Somebody) => new()
    {
        ["properties"] = new JsonObject
        {
            ["roleDefinitionId"] = $"{lab.Subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            ["principalId"] = principal,
            ["principalType"] = "ServicePrincipal",
        },
    };

    private static async Task AssignAsync(FaceLab lab, string role, string scope, int number)
    {
        var answer = await lab.PutAsync(Assigned(scope, number), Grant(lab, role).ToJsonString());
        Assert.True(answer.Code == 201, answer.Text);
    }

    private static ArmReply As(FaceLab lab, string method, string path, JsonNode? body = null) =>
        lab.Face.Dispatch(ArmRequest.Internal(method, $"{path}?api-version=2023-09-01", body, new ArmCaller("client", Somebody), FaceLab.Base));

    private static int Count(ArmReply reply) => reply.Body!["value"]!.AsArray().Count;

    private static string Code(ArmReply reply) => (string)reply.Body!["error"]!["code"]!;

    private static string Message(ArmReply reply) => (string)reply.Body!["error"]!["message"]!;
}
