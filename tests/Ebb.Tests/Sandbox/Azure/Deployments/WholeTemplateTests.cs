using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Deployments;

/// <summary>Whole templates as people write them, and those that are rendered from an ebb.yaml.</summary>
public class WholeTemplateTests
{
    [Fact]
    public async Task A_farm_of_leaders_and_workers_goes_up_and_again_without_a_change()
    {
        using var lab = await DeploymentLab.StartAsync();
        var body = Body(Template("farm"), """{"leaderCount":{"value":3}}""");

        await ValidAsync(lab, Lab.Group, body);
        var properties = await DeployAsync(lab, Lab.Group, body);
        var changes = await ChangesAsync(lab, Lab.Group, body);

        Assert.Equal("farm-leader0.eastus.cloudapp.azure.com", (string?)properties["outputs"]!["name"]!["value"]);
        Assert.StartsWith("2036-", (string?)properties["outputs"]!["until"]!["value"]);
        Assert.Equal("10.1.0.12", (string?)(await lab.GetAsync("Microsoft.Network/networkInterfaces/leader2")).Json["properties"]!["ipConfigurations"]![0]!["properties"]!["privateIPAddress"]);
        Assert.Equal(2, lab.Face.Cloud.World.Find(Lab.Group, "workers")!.Instances.Count);
        Assert.Empty(changes);
        Assert.Equal("Succeeded", (string?)(await DeployAsync(lab, Lab.Group, body))["provisioningState"]);
    }

    [Fact]
    public async Task Shares_are_made_one_after_the_other_below_their_account()
    {
        using var lab = await DeploymentLab.StartAsync();

        var properties = await DeployAsync(lab, Lab.Group, Body(Template("share"), "{}"));

        var account = (string)properties["outputs"]!["account"]!["value"]!;
        Assert.Equal(200, (await lab.GetAsync($"Microsoft.Storage/storageAccounts/{account}/fileServices/default/shares/data")).Code);
        Assert.Null(properties["outputs"]!["key"]!["value"]);
    }

    [Fact]
    public async Task Container_groups_wait_for_each_other_and_get_the_account_s_key_and_a_secret()
    {
        using var lab = await DeploymentLab.StartAsync();
        var body = Body(
            Template("containers"),
            """{"clientId":{"value":"c"},"clientSecret":{"value":"Sesame99"},"objectId":{"value":"OID"}}""".Replace("OID", lab.ObjectId));

        await ValidAsync(lab, Lab.Group, body);
        var properties = await DeployAsync(lab, Lab.Group, body);
        var store = await lab.GetAsync("Microsoft.ContainerInstance/containerGroups/store");

        Assert.StartsWith("farm-store", (string?)store.Json["properties"]!["ipAddress"]!["fqdn"]);
        Assert.DoesNotContain("Sesame99", properties.ToJsonString() + store.Text);
        Assert.Empty(await ChangesAsync(lab, Lab.Group, body));
    }

    [Theory]
    [InlineData("minimal")]
    [InlineData("typical")]
    [InlineData("full")]
    [InlineData("air-gapped")]
    public async Task What_is_rendered_from_an_ebb_yaml_goes_up(string cluster)
    {
        var folder = At($"../../../Cli/Provisioning/Rendered/approved/{cluster}");
        var (storage, compute) = (ReadRendered(folder, "storage"), ReadRendered(folder, "compute"));
        using var lab = await DeploymentLab.StartAsync(new CloudOptions { Location = (string)compute["parameters"]!["location"]!["value"]! });
        var storageGroup = (string)compute["parameters"]!["storageGroup"]!["value"]!;
        foreach (var group in (string[])[storageGroup, "compute"])
        {
            await lab.Face.PutAsync($"{lab.Face.Subscription}/resourcegroups/{group}{DeploymentLab.Version}", $$"""{"location":"{{lab.Face.Cloud.World.Options.Location}}"}""");
        }

        await ValidAsync(lab, storageGroup, Around(storage));
        await DeployAsync(lab, storageGroup, Around(storage));
        await ValidAsync(lab, "compute", Around(compute));
        await DeployAsync(lab, "compute", Around(compute));

        Assert.Empty(await ChangesAsync(lab, storageGroup, Around(storage)));
        Assert.Empty(await ChangesAsync(lab, "compute", Around(compute)));
    }

    private static string Template(string name) => File.ReadAllText(At($"templates/{name}.json"));

    private static JsonObject ReadRendered(string folder, string name)
    {
        var parameters = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, $"{name}.parameters.json")))!["parameters"]!.AsObject();
        if (parameters["customData"]?["value"] is JsonObject data)
        {
            foreach (var machine in data.Select(m => m.Key).ToList())
            {
                data[machine] = Convert.ToBase64String(CloudConfig.Encode(File.ReadAllText(Path.Combine(folder, "cloud-config", machine + ".yaml")), machine));
            }
        }

        return new JsonObject { ["template"] = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name + ".json"))), ["parameters"] = parameters.DeepClone() };
    }

    private static string Around(JsonObject rendered) => new JsonObject
    {
        ["properties"] = new JsonObject { ["mode"] = "Incremental", ["template"] = rendered["template"]!.DeepClone(), ["parameters"] = rendered["parameters"]!.DeepClone() },
    }.ToJsonString();

    private static string Body(string template, string parameters) =>
        $"{{\"properties\":{{\"mode\":\"Incremental\",\"parameters\":{parameters},template:{template}}}}}";

    private static async Task ValidAsync(DeploymentLab lab, string group, string body)
    {
        var answer = await lab.Face.PostAsync($"{lab.Deployments(group)}/main/validate{DeploymentLab.Version}", body);
        Assert.True(answer.Code == 200, answer.Text);
    }

    private static async Task<JsonNode> DeployAsync(DeploymentLab lab, string group, string body)
    {
        var put = await lab.Face.PutAsync($"{lab.Deployments(group)}/main{DeploymentLab.Version}", body);
        Assert.True(put.Code is 200 or 201, put.Text);
        var properties = await lab.EndAsync(group: group);
        Assert.True((string?)properties["provisioningState"] == "Succeeded", properties["error"]?.ToJsonString());
        return properties;
    }

    private static async Task<List<JsonNode>> ChangesAsync(DeploymentLab lab, string group, string body)
    {
        var answer = await lab.Face.PostAsync($"{lab.Deployments(group)}/main/whatIf{DeploymentLab.Version}", body);
        Assert.True(answer.Code == 200, answer.Text);
        return [.. answer.Json["properties"]!["changes"]!.AsArray().Select(c => c!).Where(c => (string?)c["changeType"] is not ("NoChange" or "Ignore") && !DeploymentLab.IsOfSecretsOnly(c))];
    }

    private static string At(string path, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, path);
}
