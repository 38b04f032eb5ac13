using Ebb.Tests.Sandbox.Azure.Templates;

namespace Ebb.Tests.Sandbox.Azure.Deployments;

public class ScopeTests
{
    private const string Inner = """
        "parameters":{"prefix":{"type":"string"}},"variables":{"name":"[concat(parameters('prefix'), '-net')]"},
        "resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2017-06-01","name":"[variables('name')]","location":"[resourceGroup().location]","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]}}}],
        "outputs":{"id":{"type":"string","value":"[resourceId('Microsoft.Network/virtualNetworks', variables('name'))]"}}
        """;

    [Fact]
    public async Task A_deployment_of_the_subscription_makes_a_group_and_deploys_into_it()
    {
        using var lab = await DeploymentLab.StartAsync();
        var url = $"{lab.Face.Subscription}/providers/Microsoft.Resources/deployments/sub";
        var parts = """
            "parameters":{"group":{"type":"string"}},
            "resources":[
              {"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"[parameters('group')]","location":"[deployment().location]","tags":{"made":"here"}},
              {"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inside","resourceGroup":"[parameters('group')]","dependsOn":["[resourceId('Microsoft.Resources/resourceGroups/', parameters('group'))]"],
               "properties":{"mode":"Incremental","expressionEvaluationOptions":{"scope":"inner"},"parameters":{"prefix":{"value":"[parameters('group')]"}},"template":
            """ + TemplateLab.Text(Inner) + """
               }}],
            "outputs":{"net":{"type":"string","value":"[reference(extensionResourceId(subscriptionResourceId('Microsoft.Resources/resourceGroups', parameters('group')), 'Microsoft.Resources/deployments', 'inside'), '2021-04-01').outputs.id.value]"}}
            """;
        var body = "{\"location\":\"eastus\",\"properties\":{\"mode\":\"Incremental\",\"parameters\":{\"group\":{\"value\":\"fresh\"}},\"template\":" + TemplateLab.Text(parts) + "}}";

        var validated = await lab.Face.PostAsync($"{url}/validate{DeploymentLab.Version}", body);
        var put = await lab.Face.PutAsync(url + DeploymentLab.Version, body);
        lab.Face.Cloud.Pass(minutes: 1);
        var ended = (await lab.Face.GetAsync(url + DeploymentLab.Version)).Json;

        Assert.True(validated.Code == 200, validated.Text);
        Assert.Equal(201, put.Code);
        Assert.Equal("eastus", (string?)ended["location"]);
        Assert.True((string?)ended["properties"]!["provisioningState"] == "Succeeded", ended.ToJsonString());
        Assert.EndsWith("/resourceGroups/fresh/providers/Microsoft.Network/virtualNetworks/fresh-net", (string?)ended["properties"]!["outputs"]!["net"]!["value"]);
        Assert.Equal("Succeeded", (string?)(await lab.EndAsync("inside", "fresh"))["provisioningState"]);
        Assert.Equal(200, (await lab.Face.GetAsync($"{lab.Face.Subscription}/deployments/sub/operations{DeploymentLab.Version}")).Code);
    }

    [Fact]
    public async Task A_nested_template_without_a_scope_of_its_own_sees_the_outer_names()
    {
        using var lab = await DeploymentLab.StartAsync();
        var nested = TemplateLab.Text("""
            "variables":{"name":"inner"},
            "resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2017-06-01","name":"[concat(variables('name'), copyIndex())]","copy":{"name":"l","count":2},"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]}}}]
            """);

        var properties = await lab.DeployAsync("""
            "variables":{"name":"outer"},
            "resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"nested","properties":{"mode":"Incremental","template":
            """ + nested + "}}]");

        Assert.True((string?)properties["provisioningState"] == "Succeeded", properties.ToJsonString());
        Assert.Equal(200, (await lab.GetAsync("Microsoft.Network/virtualNetworks/outer1")).Code);
        Assert.Equal(2, (await lab.EndAsync("nested"))["outputResources"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_failure_of_a_nested_deployment_is_told_down_to_its_cause()
    {
        using var lab = await DeploymentLab.StartAsync();
        var nested = TemplateLab.Text("""
            "resources":[{"type":"Microsoft.Network/virtualNetworks/subnets","apiVersion":"2017-06-01","name":"gone/s","properties":{"addressPrefix":"10.1.0.0/16"}}]
            """);

        var properties = await lab.DeployAsync("""
            "resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"nested","properties":{"mode":"Incremental","template":
            """ + nested + "}}]");

        var detail = properties["error"]!["details"]![0]!;
        Assert.Equal("DeploymentFailed", (string?)detail["code"]);
        Assert.EndsWith("/deployments/nested", (string?)detail["target"]);
        Assert.Contains("ParentResourceNotFound", (string?)detail["details"]![0]!["message"]);
    }

    [Theory]
    [InlineData("inner")]
    [InlineData("outer")]
    public async Task Deployments_that_multiply_inside_each_other_are_stopped(string scope)
    {
        using var lab = await DeploymentLab.StartAsync();
        var template = TemplateLab.Text("\"resources\":[]");
        string Multiplied() => "\"resources\":[{\"type\":\"Microsoft.Resources/deployments\",\"apiVersion\":\"2021-04-01\",\"name\":\"[concat('n', copyIndex('l'))]\",\"copy\":{\"name\":\"l\",\"count\":800},"
            + "\"properties\":{\"mode\":\"Incremental\",\"expressionEvaluationOptions\":{\"scope\":\"" + scope + "\"},\"template\":" + template + "}}]";
        template = TemplateLab.Text(Multiplied());
        template = TemplateLab.Text(Multiplied());

        var answer = await lab.ValidateAsync(Multiplied());

        Assert.Equal((400, "InvalidTemplate"), (answer.Code, answer.Error));
        Assert.Contains("steps to evaluate", answer.Message);
    }

    [Theory]
    [InlineData("\"templateLink\":{\"uri\":\"https://example.com/t.json\"}", "InvalidContentLink")]
    [InlineData("\"template\":{}", "InvalidTemplate")]
    public async Task A_linked_or_empty_template_inside_is_refused_beforehand(string content, string code)
    {
        using var lab = await DeploymentLab.StartAsync();

        var answer = await lab.ValidateAsync("\"resources\":[{\"type\":\"Microsoft.Resources/deployments\",\"apiVersion\":\"2021-04-01\",\"name\":\"n\",\"properties\":{\"mode\":\"Incremental\"," + content + "}}]");

        Assert.Equal((400, code), (answer.Code, answer.Error));
    }
}
