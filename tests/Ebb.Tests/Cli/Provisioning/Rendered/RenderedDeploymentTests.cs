using System.Text.Json.Nodes;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Tests.Sandbox.Azure.Deployments;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

/// <summary>The templates, as a resource manager takes them that shares no code with what made them.</summary>
public class RenderedDeploymentTests
{
    [Theory]
    [InlineData("minimal")]
    [InlineData("typical")]
    [InlineData("full")]
    [InlineData("air-gapped")]
    public async Task Both_templates_deploy_and_deploying_them_again_changes_nothing(string name)
    {
        using var lab = await DeploymentLab.StartAsync();
        var (cluster, rendered) = await RenderAsync(lab, name);

        var storage = await DeployAsync(lab, cluster.Cloud.StorageGroup, ResourceNames.StorageDeployment, rendered.StorageTemplate, rendered.StorageParameters);
        var compute = await DeployAsync(lab, cluster.Cloud.ComputeGroup, ResourceNames.ComputeDeployment, rendered.ComputeTemplate, rendered.ComputeParameters);

        Assert.Equal(rendered.Names.SystemAccount, (string?)storage["outputs"]!["systemAccount"]!["value"]);
        Assert.Equal(rendered.Names.PublicName, (string?)compute["outputs"]!["controlPlane"]!["value"]);
        Assert.Matches(@"^\d+\.\d+\.\d+\.\d+$", (string?)compute["outputs"]!["address"]!["value"]);
        Assert.DoesNotContain("customData\":{\"type\":\"SecureObject\",\"value", compute.ToJsonString());
        foreach (var (group, template, parameters) in new[]
        {
            (cluster.Cloud.StorageGroup, rendered.StorageTemplate, rendered.StorageParameters),
            (cluster.Cloud.ComputeGroup, rendered.ComputeTemplate, rendered.ComputeParameters),
        })
        {
            var changes = await ChangesAsync(lab, group, template, parameters);
            Assert.True(changes.Count == 0, string.Join('\n', changes));
        }
    }

    [Fact]
    public async Task The_control_plane_has_its_identity_its_address_and_what_it_is_told()
    {
        using var lab = await DeploymentLab.StartAsync();
        var (cluster, rendered) = await RenderAsync(lab, "minimal");
        await DeployAsync(lab, cluster.Cloud.StorageGroup, "s", rendered.StorageTemplate, rendered.StorageParameters);
        await DeployAsync(lab, cluster.Cloud.ComputeGroup, "c", rendered.ComputeTemplate, rendered.ComputeParameters);
        var providers = $"{lab.Face.Subscription}/resourceGroups/{cluster.Cloud.ComputeGroup}/providers";

        var machine = (await lab.Face.GetAsync($"{providers}/Microsoft.Compute/virtualMachines/farm-control-plane-0?api-version=2023-09-01")).Json;
        var card = (await lab.Face.GetAsync($"{providers}/Microsoft.Network/networkInterfaces/farm-control-plane-0?api-version=2023-09-01")).Json;
        var set = (await lab.Face.GetAsync($"{providers}/Microsoft.Compute/virtualMachineScaleSets/agents?api-version=2023-09-01")).Json;

        Assert.Equal("control-plane", (string?)machine["tags"]!["ebb-role"]);
        Assert.Single(machine["identity"]!["userAssignedIdentities"]!.AsObject());
        Assert.Equal("10.1.0.10", (string?)card["properties"]!["ipConfigurations"]![0]!["properties"]!["privateIPAddress"]);
        Assert.Equal(("agents", 0), ((string?)set["tags"]!["ebb-pool"], (int)set["sku"]!["capacity"]!));
        Assert.False((bool)set["properties"]!["overprovision"]!);
    }

    [Fact]
    public async Task The_identity_may_do_what_is_said_and_its_roles_lie_where_they_are_said_to()
    {
        using var lab = await DeploymentLab.StartAsync();
        var (cluster, rendered) = await RenderAsync(lab, "typical");
        await DeployAsync(lab, cluster.Cloud.StorageGroup, "s", rendered.StorageTemplate, rendered.StorageParameters);
        await DeployAsync(lab, cluster.Cloud.ComputeGroup, "c", rendered.ComputeTemplate, rendered.ComputeParameters);

        var assignments = (await lab.Face.GetAsync($"{lab.Face.Subscription}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"))
            .Json["value"]!.AsArray().Select(assignment => assignment!["properties"]!).ToList();

        var identity = (string?)(await lab.Face.GetAsync(
            $"{lab.Face.Subscription}/resourceGroups/{cluster.Cloud.StorageGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{rendered.Names.Identity}?api-version=2023-01-31"))
            .Json["properties"]!["principalId"];
        var ours = assignments.Where(assignment => (string?)assignment["principalId"] == identity)
            .Select(assignment => $"{((string)assignment["scope"]!).Split('/')[^1]} {((string)assignment["roleDefinitionId"]!).Split('/')[^1]}")
            .Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "agents 9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
                "agents-regular 9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
                $"{rendered.Names.StorageAccount} 81a9662b-bebf-436f-a333-f67b29880f12",
                $"{rendered.Names.SystemAccount} 81a9662b-bebf-436f-a333-f67b29880f12",
                "farm-compute acdd72a7-3385-48ef-bd42-f606fba81ae7",
                "pools 9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
                "steady 9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
            ],
            ours);
    }

    private static async Task<(ClusterFile Cluster, Rendering Rendered)> RenderAsync(DeploymentLab lab, string name)
    {
        var (cluster, inputs) = RenderLab.Of(name);

        // Where the face has its machines.
        var region = lab.Face.Cloud.World.Options.Location;
        cluster = cluster with { Cloud = cluster.Cloud with { Region = region } };
        inputs = inputs with { SubscriptionId = lab.Face.Cloud.World.Options.SubscriptionId, Capacities = inputs.Capacities.Clear() };
        foreach (var group in new[] { cluster.Cloud.StorageGroup, cluster.Cloud.ComputeGroup })
        {
            var put = await lab.Face.PutAsync($"{lab.Face.Subscription}/resourcegroups/{group}?api-version=2021-04-01", $$"""{"location":"{{region}}"}""");
            Assert.True(put.Code is 200 or 201, put.Text);
        }

        return (cluster, Renderer.Render(cluster, inputs));
    }

    private static string Body(JsonObject template, JsonObject parameters) => new JsonObject
    {
        ["properties"] = new JsonObject { ["mode"] = "Incremental", ["template"] = template.DeepClone(), ["parameters"] = parameters.DeepClone() },
    }.ToJsonString();

    private static async Task<JsonNode> DeployAsync(DeploymentLab lab, string group, string name, JsonObject template, JsonObject parameters)
    {
        var validated = await lab.Face.PostAsync($"{lab.Deployments(group)}/{name}/validate{DeploymentLab.Version}", Body(template, parameters));
        Assert.True(validated.Code == 200, validated.Text);
        var put = await lab.Face.PutAsync($"{lab.Deployments(group)}/{name}{DeploymentLab.Version}", Body(template, parameters));
        Assert.True(put.Code is 200 or 201, put.Text);
        var ended = await lab.EndAsync(name, group);
        if ((string?)ended["provisioningState"] != "Succeeded")
        {
            var steps = await lab.Face.GetAsync($"{lab.Deployments(group)}/{name}/operations{DeploymentLab.Version}");
            Assert.Fail(ended["error"]?.ToJsonString() + string.Concat(steps.Json["value"]!.AsArray()
                .Select(step => step!["properties"]!)
                .Where(step => (string?)step["provisioningState"] == "Failed")
                .Select(step => "\n" + step["targetResource"]?["id"] + " " + step["statusMessage"]?.ToJsonString())));
        }

        return ended;
    }

    /// <summary>What deploying it once more would change, in words.</summary>
    private static async Task<List<string>> ChangesAsync(DeploymentLab lab, string group, JsonObject template, JsonObject parameters)
    {
        var answer = await lab.Face.PostAsync($"{lab.Deployments(group)}/again/whatIf{DeploymentLab.Version}", Body(template, parameters));
        Assert.True(answer.Code == 200, answer.Text);
        return
        [
            .. answer.Json["properties"]!["changes"]!.AsArray()
                .Where(change => (string?)change!["changeType"] is not ("NoChange" or "Ignore"))
                .Where(change => !DeploymentLab.IsOfSecretsOnly(change))
                .Select(change => $"{change!["changeType"]} {change["resourceId"]} {change["delta"]?.ToJsonString()}"),
        ];
    }
}
