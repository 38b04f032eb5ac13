using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Deployments;

public class ValidateTests
{
    [Fact]
    public async Task A_valid_template_is_said_to_be_so_and_nothing_is_made()
    {
        using var lab = await DeploymentLab.StartAsync();

        var answer = await lab.ValidateAsync(DeployTests.Net);

        Assert.True(answer.Code == 200, answer.Text);
        Assert.Equal("Succeeded", (string?)answer.Json["properties"]!["provisioningState"]);
        Assert.Equal(5, answer.Json["properties"]!["validatedResources"]!.AsArray().Count);
        Assert.Equal(404, (await lab.GetAsync("Microsoft.Network/virtualNetworks/cluster")).Code);
        Assert.Empty((await lab.Face.GetAsync($"{lab.Deployments()}/{DeploymentLab.Version}")).Json["value"]!.AsArray());
    }

    [Fact]
    public async Task A_mistake_is_told_with_its_place_in_the_template()
    {
        using var lab = await DeploymentLab.StartAsync();

        var answer = await lab.ValidateAsync("\n\"resources\":[\n  {\"type\":\"Microsoft.Network/virtualNetworks\",\"apiVersion\":\"2017-06-01\",\"name\":\"[foo()]\"}]");

        Assert.Equal((400, "InvalidTemplate"), (answer.Code, answer.Error));
        var info = answer.Json["error"]!["additionalInfo"]![0]!;
        Assert.Equal("TemplateViolation", (string?)info["type"]);
        Assert.Equal("""{"lineNumber":3,"linePosition":3,"path":"properties.template.resources[0]"}""", info["info"]!.ToJsonString());
    }

    [Theory]
    [InlineData("Microsoft.Network/virtualNetworks", "bad name!", "\"properties\":{\"addressSpace\":{\"addressPrefixes\":[\"10.0.0.0/8\"]}}", "InvalidResourceName")]
    [InlineData("Microsoft.Network/flyingNetworks", "n", "\"properties\":{}", "InvalidResourceType")]
    [InlineData("Contoso.Things/one", "n", "\"properties\":{}", "InvalidResourceNamespace")]
    [InlineData("Microsoft.Storage/storageAccounts", "takenname", "\"kind\":\"StorageV2\",\"sku\":{\"name\":\"Standard_LRS\"}", "StorageAccountAlreadyTaken")]
    [InlineData("Microsoft.Storage/storageAccounts", "Bad-Name", "\"kind\":\"StorageV2\",\"sku\":{\"name\":\"Standard_LRS\"}", "AccountNameInvalid")]
    public async Task What_a_provider_would_refuse_is_found_beforehand(string type, string name, string rest, string code)
    {
        using var lab = await DeploymentLab.StartAsync(options: new AzureFaceOptions { TakenNames = ["takenname"] });
        var parts = "\"resources\":[{\"type\":\"" + type + "\",\"apiVersion\":\"2021-01-01\",\"name\":\"" + name + "\",\"location\":\"eastus\"," + rest + "}]";

        var validated = await lab.ValidateAsync(parts);
        var put = await lab.PutAsync("main", parts);

        Assert.Equal((400, "InvalidTemplateDeployment"), (validated.Code, validated.Error));
        Assert.Equal(code, (string?)validated.Json["error"]!["details"]![0]!["code"]);
        Assert.Equal((400, "InvalidTemplateDeployment"), (put.Code, put.Error));
    }

    [Fact]
    public async Task A_wrong_region_is_found_beforehand()
    {
        using var lab = await DeploymentLab.StartAsync();

        var answer = await lab.ValidateAsync("""
            "resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2017-06-01","name":"net","location":"westmars","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]}}}]
            """);

        Assert.Equal("LocationNotAvailableForResourceType", (string?)answer.Json["error"]!["details"]![0]!["code"]);
    }

    [Fact]
    public async Task Too_small_a_quota_and_a_size_that_is_sold_out_are_found_beforehand()
    {
        var cloud = new CloudOptions();
        using var lab = await DeploymentLab.StartAsync(cloud with { Quotas = cloud.Quotas.Add("cores", 4) });
        var model = Lab.Spec(10).ToModel("eastus");
        model["type"] = "Microsoft.Compute/virtualMachineScaleSets";
        model["apiVersion"] = "2021-11-01";
        model["name"] = "agents";
        var parts = "\"resources\":[" + model.ToJsonString() + "]";

        var quota = await lab.ValidateAsync(parts);

        Assert.Equal("OperationNotAllowed", (string?)quota.Json["error"]!["details"]![0]!["code"]);
        Assert.Contains("Current Limit: 4", (string?)quota.Json["error"]!["details"]![0]!["message"]);
        Assert.Empty(lab.Face.Cloud.World.ScaleSets);
    }

    [Fact]
    public async Task Machines_that_fit_the_quota_each_by_itself_must_fit_it_together()
    {
        var cloud = new CloudOptions();
        using var lab = await DeploymentLab.StartAsync(cloud with { Quotas = cloud.Quotas.Add("cores", 5) });
        static string Set(string name)
        {
            var model = Lab.Spec(2).ToModel("eastus");
            model["type"] = "Microsoft.Compute/virtualMachineScaleSets";
            model["apiVersion"] = "2021-11-01";
            model["name"] = name;
            return model.ToJsonString();
        }

        var one = await lab.ValidateAsync("\"resources\":[" + Set("a") + "]");
        var two = await lab.ValidateAsync("\"resources\":[" + Set("a") + "," + Set("b") + "]");

        Assert.Equal(200, one.Code);
        Assert.Contains("Current Usage: 4", (string?)two.Json["error"]!["details"]![0]!["message"]);
    }

    [Fact]
    public async Task What_the_caller_may_not_make_is_found_beforehand_and_its_history_is_not_everybodys()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.DeployAsync("\"resources\":[]");
        const string Somebody = "11111111-2222-4333-8444-555555555555";
        await lab.Face.PutAsync(
            $"{lab.Providers}/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-4000-8000-000000000001",
            "{\"properties\":{\"roleDefinitionId\":\"" + lab.Face.Subscription + "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c\",\"principalId\":\"" + Somebody + "\",\"principalType\":\"ServicePrincipal\"}}");
        var body = JsonNode.Parse(DeploymentLab.Body("""
            "resources":[{"type":"Microsoft.Authorization/roleAssignments","apiVersion":"2022-04-01","name":"[guid('x')]","properties":{"roleDefinitionId":"x","principalId":"y"}}]
            """));
        ArmReply As(string oid, string method, string path, JsonNode? content = null) => lab.Face.Face.Dispatch(ArmRequest.Internal(method, path + DeploymentLab.Version, content, new ArmCaller("someone", oid), FaceLab.Base));

        var validated = As(Somebody, "POST", $"{lab.Deployments()}/mine/validate", body);
        var stranger = As("99999999-2222-4333-8444-555555555555", "GET", $"{lab.Group}/deployments/main/operations");
        var strangers = As("99999999-2222-4333-8444-555555555555", "PUT", $"{lab.Deployments()}/mine", body);

        Assert.Equal(400, validated.Status);
        Assert.Equal("AuthorizationFailed", (string?)validated.Body!["error"]!["details"]![0]!["code"]);
        Assert.Contains("Microsoft.Authorization/roleAssignments/write", (string?)validated.Body["error"]!["details"]![0]!["message"]);
        Assert.Equal((403, 403), (stranger.Status, strangers.Status));
        Assert.Equal(200, As(Somebody, "GET", $"{lab.Group}/deployments/main/operations").Status);
    }

    [Theory]
    [InlineData("{\"properties\":{\"mode\":\"Incremental\"}}", "InvalidRequestContent", "'template' or a 'templateLink'")]
    [InlineData("{\"properties\":{\"template\":{}}}", "InvalidRequestContent", "'mode'")]
    [InlineData("{\"properties\":{\"mode\":\"Sometimes\",\"template\":{}}}", "InvalidRequestContent", "'Sometimes'")]
    [InlineData("{\"properties\":{\"mode\":\"Incremental\",\"template\":{}}}", "InvalidTemplate", "'$schema'")]
    [InlineData("{\"properties\":{\"mode\":\"Incremental\",\"templateLink\":{\"uri\":\"https://example.com/x\"}}}", "InvalidContentLink", "does not follow links")]
    [InlineData("{\"properties\":{\"mode\":\"Incremental\",\"template\":{\"a\":}}}", "InvalidRequestContent", "line 1, position")]
    [InlineData("[]", "InvalidRequestContent", "an object is expected")]
    public async Task A_body_that_asks_for_nothing_that_can_be_done_is_refused(string body, string code, string message)
    {
        using var lab = await DeploymentLab.StartAsync();

        var answer = await lab.Face.PutAsync($"{lab.Deployments()}/main{DeploymentLab.Version}", body);

        Assert.Equal((400, code), (answer.Code, answer.Error));
        Assert.Contains(message, answer.Message);
    }

    [Fact]
    public async Task No_value_of_a_wrong_kind_anywhere_in_a_request_breaks_the_face()
    {
        string[] odd = ["null", "5", "1e308", "\"\"", "\"[x(\"", "\"[parameters('prefix')]\"", "[]", "[null]", "{}", "true"];
        var good = DeploymentLab.Body(DeployTests.Net, """{"prefix":{"value":"n"}}""", more: "\"debugSetting\":{\"detailLevel\":\"none\"},\"onErrorDeployment\":{\"type\":\"LastSuccessful\"},");
        var paths = Paths(JsonNode.Parse(good)!).ToList();
        using var lab = await DeploymentLab.StartAsync();
        foreach (var path in paths)
        {
            foreach (var value in odd)
            {
                var body = JsonNode.Parse(good)!;
                Replace(body, path, value);
                var text = body.ToJsonString();
                var what = await lab.Face.PostAsync($"{lab.Deployments()}/d/whatIf{DeploymentLab.Version}", text);
                var put = await lab.Face.PutAsync($"{lab.Deployments()}/d{DeploymentLab.Version}", text);
                lab.Face.Cloud.Time.Advance(TimeSpan.FromSeconds(20));
                var ended = await lab.Face.GetAsync($"{lab.Deployments()}/d{DeploymentLab.Version}");

                Assert.True(what.Code < 500 && put.Code < 500 && ended.Code < 500, $"{path} = {value}: {what.Text} {put.Text} {ended.Text}");
                Assert.DoesNotContain("The sandbox failed", ended.Text);
            }
        }

        static IEnumerable<string> Paths(JsonNode node) => (node switch
        {
            JsonObject o => o.Select(m => m.Value!),
            JsonArray list => list.Select(i => i!),
            _ => [],
        }).SelectMany(child => Paths(child).Prepend(child.GetPath()));

        static void Replace(JsonNode root, string path, string value)
        {
            var node = Find(root, path)!;
            if (node.Parent is JsonArray list)
            {
                list[node.GetElementIndex()] = JsonNode.Parse(value);
            }
            else
            {
                node.Parent![node.GetPropertyName()] = JsonNode.Parse(value);
            }
        }

        static JsonNode? Find(JsonNode? node, string path) => node is null || node.GetPath() == path
            ? node
            : (node switch { JsonObject o => o.Select(m => m.Value), JsonArray list => list, _ => [] }).Select(child => Find(child, path)).FirstOrDefault(found => found is not null);
    }

    [Theory]
    [InlineData("a b", "DeploymentNameInvalidCharacters")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "DeploymentNameLengthLimitExceeded")]
    public async Task A_bad_name_is_refused(string name, string code)
    {
        using var lab = await DeploymentLab.StartAsync();

        Assert.Equal(code, (await lab.PutAsync(Uri.EscapeDataString(name), "\"resources\":[]")).Error);
    }

    [Fact]
    public async Task What_if_tells_create_change_nothing_ignored_and_deleted_apart()
    {
        using var lab = await DeploymentLab.StartAsync();
        string Kind(IEnumerable<JsonNode> changes, string end) => (string)changes.Single(c => ((string)c["resourceId"]!).EndsWith(end, StringComparison.OrdinalIgnoreCase))["changeType"]!;

        var first = await lab.WhatIfAsync(DeployTests.Net);
        await lab.DeployAsync(DeployTests.Net);
        var same = await lab.WhatIfAsync(DeployTests.Net);
        var retagged = await lab.WhatIfAsync(DeployTests.Net, """{"tag":{"value":"two"}}""");
        var idsOnly = await lab.WhatIfAsync(DeployTests.Net, more: "\"whatIfSettings\":{\"resultFormat\":\"ResourceIdOnly\"},");
        const string One = """
            "resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2017-06-01","name":"cluster","location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]},
             "subnets":[{"name":"masters","properties":{"addressPrefix":"10.1.0.0/16"}},{"name":"agents","properties":{"addressPrefix":"10.2.0.0/16"}}]}}]
            """;
        var fewer = await lab.WhatIfAsync(One);
        var complete = await lab.WhatIfAsync(One, mode: "Complete");

        Assert.All(first, c => Assert.Equal("Create", (string?)c["changeType"]));
        Assert.All(same, c => Assert.True((string?)c["changeType"] == "NoChange", c.ToJsonString()));
        Assert.Equal("Modify", Kind(retagged, "/virtualNetworks/cluster"));
        var delta = Assert.Single(retagged.Single(c => (string?)c["changeType"] == "Modify")["delta"]!.AsArray())!;
        Assert.Equal(("tags.t", "Modify", "one", "two"), ((string?)delta["path"], (string?)delta["propertyChangeType"], (string?)delta["before"], (string?)delta["after"]));
        Assert.All(idsOnly, c => Assert.Equal("Deploy", (string?)c["changeType"]));
        Assert.Equal("Ignore", Kind(fewer, "/networkInterfaces/n0"));
        Assert.Equal("Modify", Kind(fewer, "/virtualNetworks/cluster"));
        var changed = fewer.Single(c => (string?)c["changeType"] == "Modify")["delta"]!.AsArray();
        var added = changed.Single(d => (string?)d!["path"] == "properties.subnets")!;
        Assert.Equal(("Array", "Create"), ((string?)added["propertyChangeType"], (string?)added["children"]![0]!["propertyChangeType"]));
        Assert.Contains(changed, d => (string?)d!["path"] is "tags.t" or "tags" && (string?)d["propertyChangeType"] == "Delete");
        Assert.Equal("Delete", Kind(complete, "/publicIPAddresses/n1"));
    }
}
