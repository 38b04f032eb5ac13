namespace Ebb.SystemTests.AzureCli;

[Collection(AzCommands.Name)]
public sealed class AzDeploymentTests(AzWorld world)
{
    private const string Template = """
        {
          // az sends this file as it stands, behind a name without quotes.
          "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
          "contentVersion": "1.0.0.0",
          "parameters": { "label": { "type": "string" }, "secret": { "type": "securestring" } },
          "variables": { "account": "[toLower(concat('az', uniqueString(resourceGroup().id)))]" },
          "resources": [
            {
              "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2017-06-01", "name": "az-deployed", "location": "[resourceGroup().location]",
              "tags": { "label": "[parameters('label')]" }, "dependsOn": [ "[variables('account')]" ],
              "properties": { "addressSpace": { "addressPrefixes": [ "10.9.0.0/16" ] } }
            },
            {
              "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2019-04-01", "name": "[variables('account')]",
              "location": "[resourceGroup().location]", "kind": "StorageV2", "sku": { "name": "Standard_LRS" }
            }
          ],
          "outputs": { "id": { "type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks',
            'az-deployed')]" } }
        }
        """;

    private static readonly string[] In = ["--resource-group", AzWorld.Group];

    [Fact]
    public async Task A_template_is_validated_foretold_deployed_shown_and_forgotten()
    {
        var az = world.Latest;
        string[] what = [.. In, "--name", "az-main", "--template-file", world.Write("template.json", Template), "--parameters", "label=blue", "secret=Sesame99"];

        var valid = await az.JsonAsync(["deployment", "group", "validate", .. what]);
        var before = await az.JsonAsync(["deployment", "group", "what-if", "--no-pretty-print", .. what]);
        var made = await az.JsonAsync(["deployment", "group", "create", .. what]);
        var after = await az.JsonAsync(["deployment", "group", "what-if", "--no-pretty-print", .. what]);
        var steps = await az.LinesAsync("[].properties.provisioningOperation", ["deployment", "operation", "group", "list", .. In, "--name", "az-main"]);
        var exported = await az.JsonAsync(["deployment", "group", "export", .. In, "--name", "az-main"]);

        Assert.Equal("Succeeded", (string?)valid["properties"]!["provisioningState"]);
        Assert.Equal(2, before["changes"]!.AsArray().Count(c => (string?)c!["changeType"] == "Create"));
        Assert.Equal("Succeeded", (string?)made["properties"]!["provisioningState"]);
        Assert.EndsWith("/virtualNetworks/az-deployed", (string?)made["properties"]!["outputs"]!["id"]!["value"], StringComparison.Ordinal);
        Assert.DoesNotContain("Sesame99", made.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(2, after["changes"]!.AsArray().Count(c => (string?)c!["changeType"] == "NoChange"));
        Assert.Equal(["Create", "Create", "EvaluateDeploymentOutput"], steps.Order());
        Assert.NotNull(exported["resources"]);

        Assert.Contains("az-main", await az.LinesAsync("[].name", ["deployment", "group", "list", .. In]));
        await az.RunAsync(["deployment", "group", "delete", .. In, "--name", "az-main"]);
        Assert.DoesNotContain("az-main", await az.LinesAsync("[].name", ["deployment", "group", "list", .. In]));
    }

    [Fact]
    public async Task A_mistake_in_a_template_is_told_with_its_cause()
    {
        var file = world.Write("wrong.json", Template.Replace("resourceGroup().location", "resourceGroup().place", StringComparison.Ordinal));

        var (code, _, error) = await world.Latest.TryAsync(["deployment", "group", "create", .. In, "--name", "az-wrong", "--template-file", file, "--parameters", "label=blue", "secret=x"]);

        Assert.NotEqual(0, code);
        Assert.Contains("InvalidTemplate", error, StringComparison.Ordinal);
        Assert.Contains("property 'place' doesn't exist", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deployment_of_the_subscription_makes_a_group()
    {
        var file = world.Write("sub.json", """
            {
              "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
              "contentVersion": "1.0.0.0",
              "resources": [ { "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2021-04-01", "name": "az-of-template", "location": "[deployment().location]" } ]
            }
            """);

        await world.Latest.RunAsync("deployment", "sub", "create", "--name", "az-sub", "--location", world.Cloud.Options.Location, "--template-file", file);
        var exists = await world.Latest.RunAsync("group", "exists", "--name", "az-of-template");
        await world.Latest.RunAsync("group", "delete", "--name", "az-of-template", "--yes");

        Assert.Equal("true", exists.Trim());
    }
}
