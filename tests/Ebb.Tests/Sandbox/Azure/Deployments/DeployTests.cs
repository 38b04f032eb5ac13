using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Deployments;

public class DeployTests
{
    internal const string Net = """
        "parameters":{"prefix":{"type":"string","defaultValue":"n"},"tag":{"type":"string","defaultValue":"one"},"pw":{"type":"securestring","defaultValue":"Sesame99"}},
        "resources":[
          {"type":"Microsoft.Network/networkInterfaces","apiVersion":"2017-06-01","name":"[concat(parameters('prefix'), copyIndex())]","location":"[resourceGroup().location]","copy":{"name":"nics","count":2},
           "dependsOn":["[concat('Microsoft.Network/virtualNetworks/', 'cluster')]","[concat('Microsoft.Network/publicIpAddresses/', parameters('prefix'), copyIndex())]"],
           "properties":{"ipConfigurations":[{"name":"ipconfig1","properties":{"privateIPAllocationMethod":"Static","privateIPAddress":"[concat('10.1.0.', add(10, copyIndex()))]",
             "subnet":{"id":"[concat(resourceId('Microsoft.Network/virtualNetworks', 'cluster'), '/subnets/', 'masters')]"},
             "publicIpAddress":{"id":"[resourceId('Microsoft.Network/publicIpAddresses', concat(parameters('prefix'), copyIndex()))]"}}}]}},
          {"type":"Microsoft.Network/publicIPAddresses","apiVersion":"2017-06-01","name":"[concat(parameters('prefix'), copyIndex())]","location":"[resourceGroup().location]","copy":{"name":"ips","count":2},
           "properties":{"publicIPAllocationMethod":"Dynamic","dnsSettings":{"domainNameLabel":"[concat('ebb-', parameters('prefix'), copyIndex())]"}}},
          {"type":"Microsoft.Network/virtualNetworks","apiVersion":"2017-06-01","name":"cluster","location":"[resourceGroup().location]","tags":{"t":"[parameters('tag')]"},
           "properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]},"subnets":[{"name":"masters","properties":{"addressPrefix":"10.1.0.0/16"}}]}}],
        "outputs":{"address":{"type":"string","value":"[reference(resourceId('Microsoft.Network/networkInterfaces', 'n1')).ipConfigurations[0].properties.privateIPAddress]"},"hidden":{"type":"securestring","value":"[parameters('pw')]"}}
        """;

    [Fact]
    public async Task A_template_becomes_resources_in_their_order_and_its_outputs_say_what_came_of_them()
    {
        using var lab = await DeploymentLab.StartAsync();

        var put = await lab.PutAsync("main", Net);
        var properties = await lab.EndAsync();

        Assert.Equal(201, put.Code);
        Assert.Equal("Accepted", (string?)put.Json["properties"]!["provisioningState"]);
        Assert.Matches("/deployments/main/operationStatuses/0858[0-9]+\\?api-version=2021-04-01$", put.Headers["Azure-AsyncOperation"]);
        Assert.True((string?)properties["provisioningState"] == "Succeeded", properties.ToJsonString());
        Assert.Equal("10.1.0.11", (string?)properties["outputs"]!["address"]!["value"]);
        Assert.Equal("""{"type":"SecureString"}""", properties["outputs"]!["hidden"]!.ToJsonString());
        Assert.Equal("""{"type":"SecureString"}""", properties["parameters"]!["pw"]!.ToJsonString());
        Assert.Equal(5, properties["outputResources"]!.AsArray().Count);
        Assert.Equal(2, properties["dependencies"]!.AsArray().Count);
        Assert.Equal(200, (await lab.GetAsync("Microsoft.Network/networkInterfaces/n0")).Code);
        Assert.DoesNotContain("Sesame99", put.Text + properties.ToJsonString());

        var status = await lab.Face.GetAsync(put.Headers["Azure-AsyncOperation"]);
        Assert.Equal("Succeeded", (string?)status.Json["status"]);
    }

    [Fact]
    public async Task Its_operations_tell_what_was_made_one_after_the_other_and_the_outputs_last()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.DeployAsync(Net);

        var steps = await lab.StepsAsync();
        var asAz = await lab.Face.GetAsync($"{lab.Group}/deployments/main/operations{DeploymentLab.Version}");

        Assert.Equal(6, steps.Count);
        Assert.All(steps, s => Assert.Equal("Succeeded", (string?)s["provisioningState"]));
        Assert.Equal("EvaluateDeploymentOutput", (string?)steps[^1]["provisioningOperation"]);
        Assert.Null(steps[^1]["targetResource"]);
        Assert.Equal("Microsoft.Network/networkInterfaces", (string?)steps[^2]["targetResource"]!["resourceType"]);
        Assert.Equal("Created", (string?)steps[0]["statusCode"]);
        Assert.Equal(6, asAz.Json["value"]!.AsArray().Count);
        Assert.Equal(200, (await lab.Face.GetAsync(asAz.Json["value"]![0]!["id"] + DeploymentLab.Version)).Code);
    }

    [Fact]
    public async Task Doing_it_again_changes_nothing_and_answers_200()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.DeployAsync(Net);
        var before = (await lab.GetAsync("Microsoft.Network/networkInterfaces/n0")).Json["properties"]!["ipConfigurations"]![0]!["properties"]!["privateIPAddress"]!.ToJsonString();

        var again = await lab.PutAsync("main", Net);
        var properties = await lab.EndAsync();

        Assert.Equal(200, again.Code);
        Assert.Equal("Succeeded", (string?)properties["provisioningState"]);
        Assert.Equal(before, (await lab.GetAsync("Microsoft.Network/networkInterfaces/n0")).Json["properties"]!["ipConfigurations"]![0]!["properties"]!["privateIPAddress"]!.ToJsonString());
    }

    [Fact]
    public async Task What_az_sends_is_no_JSON_and_is_read_all_the_same()
    {
        using var lab = await DeploymentLab.StartAsync();
        var body = "{\"properties\": {\"parameters\": {\"x\": {\"value\": \"y\"}}, \"mode\": \"Incremental\", template:{\n // why\n \"$schema\":\"s\",\"contentVersion\":\"1.0.0.0\",\"parameters\":{\"x\":{\"type\":\"string\"}},\n \"resources\":[],\"outputs\":{\"o\":{\"type\":\"string\",\"value\":\"[concat(\n   parameters('x'), 'z')]\"}}}\n}}";

        var put = await lab.Face.PutAsync($"{lab.Deployments()}/main{DeploymentLab.Version}", body);

        Assert.True(put.Code == 201, put.Text);
        Assert.Equal("yz", (string?)(await lab.EndAsync())["outputs"]!["o"]!["value"]);
    }

    [Fact]
    public async Task A_failed_resource_holds_up_only_what_waits_for_it()
    {
        using var lab = await DeploymentLab.StartAsync();
        lab.Face.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.Error, On = CallKind.PutResource, ResourceType = "Microsoft.Network/virtualNetworks", Status = 409, Code = "AnotherOperationInProgress", Message = "Wait." });

        var properties = await lab.DeployAsync(Net);
        var steps = await lab.StepsAsync();

        Assert.Equal("Failed", (string?)properties["provisioningState"]);
        Assert.Equal("DeploymentFailed", (string?)properties["error"]!["code"]);
        var detail = Assert.Single(properties["error"]!["details"]!.AsArray())!;
        Assert.Equal("Conflict", (string?)detail["code"]);
        var inner = JsonNode.Parse((string)detail["message"]!)!["error"]!;
        Assert.Equal("AnotherOperationInProgress", (string?)inner["code"]);
        Assert.Contains("\r\n", (string?)detail["message"]);
        Assert.Equal(3, steps.Count);
        Assert.Equal(2, steps.Count(s => (string?)s["provisioningState"] == "Succeeded"));
        Assert.Equal("AnotherOperationInProgress", (string?)steps.Single(s => (string?)s["provisioningState"] == "Failed")["statusMessage"]!["error"]!["code"]);
        Assert.Equal(404, (await lab.GetAsync("Microsoft.Network/networkInterfaces/n0")).Code);
    }

    [Fact]
    public async Task A_resource_that_fails_after_it_was_accepted_is_told_with_its_terminal_state()
    {
        using var lab = await DeploymentLab.StartAsync();
        lab.Face.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.FailOperation, ResourceType = "Microsoft.Storage/storageAccounts", Code = "AllocationFailed", Message = "No room." });

        var properties = await lab.DeployAsync("""
            "resources":[{"type":"Microsoft.Storage/storageAccounts","apiVersion":"2019-04-01","name":"ebbstore","location":"eastus","kind":"StorageV2","sku":{"name":"Standard_LRS"}}]
            """);

        var detail = properties["error"]!["details"]![0]!;
        Assert.Equal("ResourceDeploymentFailure", (string?)detail["code"]);
        Assert.Contains("terminal provisioning state 'Failed'", (string?)detail["message"]);
        Assert.Equal("AllocationFailed", (string?)detail["details"]![0]!["code"]);
        Assert.Equal("Failed", (string?)(await lab.StepsAsync())[0]["statusMessage"]!["status"]);
    }

    [Theory]
    [InlineData(FaultKind.Error, 500)]
    [InlineData(FaultKind.Error, 429)]
    [InlineData(FaultKind.TimeoutDone, 0)]
    [InlineData(FaultKind.TimeoutNotDone, 0)]
    public async Task What_fails_in_passing_is_asked_again(FaultKind kind, int status)
    {
        using var lab = await DeploymentLab.StartAsync();
        lab.Face.Cloud.World.Faults.Add(new Fault { Kind = kind, On = CallKind.PutResource, ResourceType = "Microsoft.Network/virtualNetworks", Status = status, Count = 2 });

        Assert.Equal("Succeeded", (string?)(await lab.DeployAsync(Net))["provisioningState"]);
    }

    [Fact]
    public async Task While_one_runs_another_of_its_name_is_refused_and_it_can_be_cancelled()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.PutAsync("main", Net);

        var second = await lab.PutAsync("main", Net);
        var deleted = await lab.Face.DeleteAsync($"{lab.Deployments()}/main{DeploymentLab.Version}");
        var cancelled = await lab.Face.PostAsync($"{lab.Deployments()}/main/cancel{DeploymentLab.Version}");
        var again = await lab.Face.PostAsync($"{lab.Deployments()}/main/cancel{DeploymentLab.Version}");

        Assert.Equal((409, "DeploymentActive"), (second.Code, second.Error));
        Assert.Contains("is still active (expiration time is '", second.Message);
        Assert.Equal(409, deleted.Code);
        Assert.Equal(204, cancelled.Code);
        Assert.Equal(409, again.Code);
        Assert.Equal("Canceled", (string?)(await lab.EndAsync())["provisioningState"]);
        Assert.Equal(404, (await lab.GetAsync("Microsoft.Network/virtualNetworks/cluster")).Code);
        Assert.Equal(200, (await lab.PutAsync("main", Net)).Code);
    }

    [Fact]
    public async Task Deployments_are_listed_found_and_forgotten()
    {
        using var lab = await DeploymentLab.StartAsync();
        const string Empty = "\"resources\":[]";
        await lab.DeployAsync(Empty, name: "one");
        await lab.DeployAsync(Empty, name: "two");
        await lab.DeployAsync("\"resources\":[],\"outputs\":{\"o\":{\"type\":\"int\",\"value\":\"[reference('/x', '2020-01-01')]\"}}", name: "bad");

        async Task<IEnumerable<string>> Names(string query) =>
            (await lab.Face.GetAsync($"{lab.Deployments()}/?api-version=2021-04-01{query}")).Json["value"]!.AsArray().Select(d => (string)d!["name"]!);

        Assert.Equal(["bad", "two", "one"], await Names(""));
        Assert.Equal(["bad"], await Names("&$filter=" + Uri.EscapeDataString("provisioningState eq 'Failed'")));
        Assert.Equal(["bad", "two"], await Names("&$top=2"));
        Assert.Equal(204, (await lab.Face.SendAsync(HttpMethod.Head, $"{lab.Deployments()}/one{DeploymentLab.Version}")).Code);

        var delete = await lab.Face.DeleteAsync($"{lab.Deployments()}/one{DeploymentLab.Version}");
        Assert.Equal(202, delete.Code);
        Assert.Equal(202, (await lab.Face.GetAsync(delete.Headers["Location"])).Code);
        lab.Face.Cloud.Pass(minutes: 1);
        Assert.Equal(204, (await lab.Face.GetAsync(delete.Headers["Location"])).Code);
        Assert.Equal(404, (await lab.Face.SendAsync(HttpMethod.Head, $"{lab.Deployments()}/one{DeploymentLab.Version}")).Code);
        Assert.Equal("DeploymentNotFound", (await lab.Face.GetAsync($"{lab.Deployments()}/one{DeploymentLab.Version}")).Error);
        Assert.Equal(Empty.Length > 0, (await lab.Face.PostAsync($"{lab.Deployments()}/two/exportTemplate{DeploymentLab.Version}")).Json["template"]!["resources"] is JsonArray);
    }

    [Fact]
    public async Task In_mode_Complete_what_is_not_in_the_template_goes()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.DeployAsync(Net);

        var properties = await lab.DeployAsync("""
            "resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2017-06-01","name":"cluster","location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]},"subnets":[{"name":"masters","properties":{"addressPrefix":"10.1.0.0/16"}}]}}]
            """, name: "clean", mode: "Complete");

        Assert.True((string?)properties["provisioningState"] == "Succeeded", properties.ToJsonString());
        Assert.Equal("Complete", (string?)properties["mode"]);
        Assert.Equal(404, (await lab.GetAsync("Microsoft.Network/networkInterfaces/n0")).Code);
        Assert.Equal(404, (await lab.GetAsync("Microsoft.Network/publicIPAddresses/n0")).Code);
        Assert.Equal(200, (await lab.GetAsync("Microsoft.Network/virtualNetworks/cluster")).Code);
        Assert.Contains("Delete", (await lab.StepsAsync("clean")).Select(s => (string?)s["provisioningOperation"]));
    }

    [Fact]
    public async Task Keys_are_asked_for_while_it_runs_and_whoever_asks_waits()
    {
        using var lab = await DeploymentLab.StartAsync();

        var properties = await lab.DeployAsync("""
            "variables":{"name":"[toLower(concat('store', take(uniqueString(resourceGroup().id), 6)))]"},
            "resources":[
              {"type":"Microsoft.Network/virtualNetworks","apiVersion":"2017-06-01","name":"net","location":"eastus","tags":{"key":"[take(listKeys(resourceId('Microsoft.Storage/storageAccounts', variables('name')), providers('Microsoft.Storage', 'storageAccounts').apiVersions[0]).keys[0].value, 4)]"},
               "properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]}}},
              {"type":"Microsoft.Storage/storageAccounts","apiVersion":"2018-02-01","name":"[variables('name')]","location":"[resourceGroup().location]","kind":"StorageV2","sku":{"name":"Standard_LRS"}}],
            "outputs":{"name":{"type":"string","value":"[variables('name')]"}}
            """);

        Assert.True((string?)properties["provisioningState"] == "Succeeded", properties.ToJsonString());
        var keys = await lab.Face.PostAsync($"{lab.Providers}/Microsoft.Storage/storageAccounts/{properties["outputs"]!["name"]!["value"]}/listKeys?api-version=2019-06-01");
        Assert.Equal(((string)keys.Json["keys"]![0]!["value"]!)[..4], (string?)(await lab.GetAsync("Microsoft.Network/virtualNetworks/net")).Json["tags"]!["key"]);
    }

    [Fact]
    public async Task The_history_of_a_group_goes_with_the_group()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.DeployAsync("\"resources\":[]");
        await lab.Face.DeleteAsync(lab.Group + "?api-version=2021-04-01");
        lab.Face.Cloud.Pass(minutes: 2);

        Assert.Equal("ResourceGroupNotFound", (await lab.Face.GetAsync($"{lab.Deployments()}/main{DeploymentLab.Version}")).Error);
        await lab.Face.PutAsync(lab.Group + "?api-version=2021-04-01", """{"location":"eastus"}""");
        Assert.Equal("DeploymentNotFound", (await lab.Face.GetAsync($"{lab.Deployments()}/main{DeploymentLab.Version}")).Error);
    }

    [Fact]
    public async Task On_error_the_last_that_succeeded_is_deployed_again()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.DeployAsync(Net, name: "good");
        lab.Face.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.Error, On = CallKind.PutResource, ResourceType = "Microsoft.Network/virtualNetworks", Status = 400, Code = "Bad", Message = "No.", Count = 1 });

        await lab.DeployAsync(Net, """{"tag":{"value":"two"}}""", name: "worse", more: "\"onErrorDeployment\":{\"type\":\"LastSuccessful\"},");
        var rollback = await lab.EndAsync("worse-rollback");
        var worse = await lab.EndAsync("worse");

        Assert.Equal("Succeeded", (string?)rollback["provisioningState"]);
        Assert.Equal("Failed", (string?)worse["provisioningState"]);
        Assert.Equal("worse-rollback", (string?)worse["onErrorDeployment"]!["deploymentName"]);
        Assert.Equal("one", (string?)(await lab.GetAsync("Microsoft.Network/virtualNetworks/cluster")).Json["tags"]!["t"]);
    }

    [Fact]
    public async Task Requests_and_answers_are_kept_only_when_asked_for()
    {
        using var lab = await DeploymentLab.StartAsync();
        await lab.DeployAsync(Net);
        Assert.All(await lab.StepsAsync(), s => Assert.Null(s["request"]));

        await lab.DeployAsync(Net, name: "debug", more: "\"debugSetting\":{\"detailLevel\":\"requestContent, responseContent\"},");

        Assert.Equal("eastus", (string?)(await lab.StepsAsync("debug"))[0]["request"]!["content"]!["location"]);
        Assert.NotNull((await lab.StepsAsync("debug"))[0]["response"]!["content"]!["id"]);
    }

    [Fact]
    public async Task A_scale_set_is_waited_for_until_its_machines_run()
    {
        using var lab = await DeploymentLab.StartAsync();
        var model = Lab.Spec(2).ToModel("eastus");
        model["type"] = "Microsoft.Compute/virtualMachineScaleSets";
        model["apiVersion"] = "2021-11-01";
        model["name"] = "agents";
        model["sku"]!["capacity"] = "[parameters('count')]";

        var properties = await lab.DeployAsync("\"parameters\":{\"count\":{\"type\":\"int\",\"defaultValue\":2}},\"resources\":[" + model.ToJsonString() + "]");

        Assert.True((string?)properties["provisioningState"] == "Succeeded", properties.ToJsonString());
        Assert.Equal(2, lab.Face.Cloud.Current.Instances.Count);
        Assert.All(lab.Face.Cloud.Current.Instances.Values, i => Assert.Equal(PowerState.Running, i.Power));
    }
}
