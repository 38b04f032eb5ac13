namespace Ebb.SystemTests.AzureCli;

[Collection(AzCommands.Name)]
public sealed class AzAccountTests(AzWorld world)
{
    [Fact]
    public async Task A_service_principal_signs_in_and_sees_the_subscription()
    {
        var account = await world.Latest.JsonAsync("account", "show");
        var locations = await world.Latest.LinesAsync("[].name", "account", "list-locations");

        Assert.Equal(world.Subscription, (string)account["id"]!);
        Assert.Equal(("sandbox", "servicePrincipal", "Enabled"), ((string)account["environmentName"]!, (string)account["user"]!["type"]!, (string)account["state"]!));
        Assert.Equal([world.Cloud.Options.Location], locations);
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_with_the_cause()
    {
        var (code, _, error) = await world.Latest.TryAsync(
            "login", "--service-principal", "--username", AzWorld.App, "--password", "wrong", "--tenant", world.Cloud.Options.TenantId);

        Assert.NotEqual(0, code);
        Assert.Contains("AADSTS7000215", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_is_made_tagged_found_and_deleted()
    {
        var made = await world.Latest.JsonAsync("group", "create", "--name", "az-group", "--location", "East US", "--tags", "team=blue");
        await world.Latest.RunAsync("group", "update", "--name", "az-group", "--set", "tags.team=red");
        var listed = await world.Latest.LinesAsync("[].name", "group", "list", "--tag", "team=red");
        var exists = await world.Latest.RunAsync("group", "exists", "--name", "az-group");
        await world.Latest.RunAsync("group", "delete", "--name", "az-group", "--yes");
        var after = await world.Latest.RunAsync("group", "exists", "--name", "az-group");

        Assert.Equal(("eastus", "Succeeded"), ((string)made["location"]!, (string)made["properties"]!["provisioningState"]!));
        Assert.Equal(["az-group"], listed);
        Assert.Equal(("true", "false"), (exists.Trim(), after.Trim()));
    }

    [Fact]
    public async Task What_is_not_there_is_said_by_its_name()
    {
        var (code, _, error) = await world.Latest.TryAsync("group", "show", "--name", "nobody");

        Assert.Equal(3, code);
        Assert.Contains("(ResourceGroupNotFound) Resource group 'nobody' could not be found.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_is_made_and_given_a_role_through_rest()
    {
        // `az role assignment create` asks a directory of people that private clouds do not have; `az rest` is what remains.
        var identity = await world.Latest.JsonAsync("identity", "create", "--resource-group", AzWorld.Group, "--name", "runner");
        var scope = $"/subscriptions/{world.Subscription}/resourceGroups/{AzWorld.Group}";
        var body = world.Write("role.json", $$"""
            {"properties":{"principalId":"{{identity["principalId"]}}","principalType":"ServicePrincipal",
             "roleDefinitionId":"/subscriptions/{{world.Subscription}}/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"} }
            """);
        var url = $"{world.Endpoint}{scope[1..]}/providers/Microsoft.Authorization/roleAssignments";

        await world.Latest.RunAsync("rest", "--method", "put", "--url", $"{url}/5eb5eb00-0000-4000-8000-0000000000bb?api-version=2022-04-01", "--body", $"@{body}", "--resource", world.Endpoint.ToString());
        var listed = await world.Latest.JsonAsync("rest", "--method", "get", "--url", $"{url}?api-version=2022-04-01&$filter=atScope()", "--resource", world.Endpoint.ToString());

        Assert.Contains(listed["value"]!.AsArray(), a => (string)a!["properties"]!["principalId"]! == (string)identity["principalId"]!);
        Assert.Contains("runner", await world.Latest.LinesAsync("[].name", "identity", "list", "--resource-group", AzWorld.Group));
    }
}
