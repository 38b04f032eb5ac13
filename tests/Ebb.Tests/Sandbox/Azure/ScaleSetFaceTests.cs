using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class ScaleSetFaceTests
{
    internal const string Body = """
        {"location":"eastus","tags":{"min":"0","max":"5"},"zones":["1"],"sku":{"name":"Standard_D2s_v3","tier":"Standard","capacity":2},
         "identity":{"type":"UserAssigned","userAssignedIdentities":{"/subscriptions/s/userAssignedIdentities/agents":{}}},
         "properties":{"overprovision":false,"upgradePolicy":{"mode":"Manual"},"virtualMachineProfile":{"priority":"Spot","evictionPolicy":"Delete",
          "billingProfile":{"maxPrice":-1},
          "osProfile":{"computerNamePrefix":"agents","adminUsername":"cluster","adminPassword":"hidden","customData":"c2VjcmV0"},
          "storageProfile":{"imageReference":{"publisher":"Canonical","offer":"jammy","sku":"22_04","version":"latest"},"osDisk":{"createOption":"FromImage"}},
          "networkProfile":{"networkInterfaceConfigurations":[{"name":"nic0","properties":{"primary":true,"ipConfigurations":[{"name":"ip","properties":{}}]}}]},
          "userData":"dXNlcg=="}}}
        """;

    [Fact]
    public async Task A_scale_set_is_created_followed_to_its_end_and_read()
    {
        using var lab = await FaceLab.StartAsync();

        var put = await lab.PutAsync(lab.Set, Body);
        var poll = put.Headers["Azure-AsyncOperation"];
        var running = await lab.GetAsync(poll);
        lab.Cloud.Pass(minutes: 3);
        var ended = await lab.GetAsync(poll);
        var read = await lab.GetAsync(lab.Set);

        Assert.Equal((201, "Creating", "\"1\""), (put.Code, (string)put.Json["properties"]!["provisioningState"]!, put.Headers["ETag"]));
        Assert.Equal(("InProgress", "Succeeded"), ((string)running.Json["status"]!, (string)ended.Json["status"]!));
        Assert.NotNull(ended.Json["endTime"]);
        Assert.Equal("Succeeded", (string)read.Json["properties"]!["provisioningState"]!);
        Assert.Equal("Uniform", (string)read.Json["properties"]!["orchestrationMode"]!);
        Assert.Equal(2, (int)read.Json["sku"]!["capacity"]!);
        Assert.Equal("\"1\"", (string)read.Json["etag"]!);
        Assert.Equal("Linux", (string)read.Json["properties"]!["virtualMachineProfile"]!["storageProfile"]!["osDisk"]!["osType"]!);
        Assert.NotNull(read.Json["identity"]!["userAssignedIdentities"]!["/subscriptions/s/userAssignedIdentities/agents"]!["clientId"]);
        Assert.DoesNotContain("hidden", read.Text);
        Assert.DoesNotContain("c2VjcmV0", read.Text);
        Assert.DoesNotContain("dXNlcg==", read.Text);
        Assert.Contains("dXNlcg==", (await lab.GetAsync(lab.Set + "?$expand=userData")).Text);
        Assert.NotEmpty(read.Headers["x-ms-request-id"]);
        Assert.Matches("^EASTUS:20260101T", read.Headers["x-ms-routing-request-id"]);
        Assert.Contains("Microsoft.Compute/LowCostGetVMScaleSet3Min;", read.Headers["x-ms-ratelimit-remaining-resource"]);
        Assert.NotEmpty(read.Headers["x-ms-ratelimit-remaining-subscription-reads"]);
    }

    [Theory]
    [InlineData("""{"name":"agents","location":"eastus","sku":{"name":"Standard_D2s_v3","tier":"Standard","capacity":4}}""")]
    [InlineData("""{"location":"East US","sku":{"name":"Standard_D2s_v3","tier":"Standard","capacity":4},"tags":{"min":"0","max":"5"}}""")]
    public async Task A_put_without_properties_scales_and_keeps_the_rest(string sparse)
    {
        using var lab = await FaceLab.StartAsync();
        await lab.PutAsync(lab.Set, Body);
        lab.Cloud.Pass(minutes: 3);

        var put = await lab.PutAsync(lab.Set, sparse, ifMatch: "\"1\"");
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal((200, "Updating", "\"2\""), (put.Code, (string)put.Json["properties"]!["provisioningState"]!, put.Headers["ETag"]));
        Assert.Equal(("5", "Spot"), ((string)put.Json["tags"]!["max"]!, (string)put.Json["properties"]!["virtualMachineProfile"]!["priority"]!));
        Assert.Equal(4, lab.Cloud.Current.Instances.Count);
    }

    [Theory]
    [InlineData("\"offer\":\"jammy\"", "\"offer\":\"noble\"", "imageReference.offer")]
    [InlineData("\"publisher\":\"Canonical\"", "\"publisher\":\"Debian\"", "imageReference.publisher")]
    [InlineData("Premium_LRS", "StandardSSD_LRS", "osDisk.managedDisk.storageAccountType")]
    [InlineData("\"zones\":[\"1\"]", "\"zones\":[\"2\"]", "zones")]
    [InlineData("\"sku\":\"22_04\"", "\"sku\":\"22_04-arm64\"", null)]
    [InlineData("Canonical", "canonical", null)]
    public async Task What_a_set_was_made_with_is_not_changed(string before, string after, string? refused)
    {
        using var lab = await FaceLab.StartAsync();
        var made = Body.Replace("\"createOption\":\"FromImage\"", "\"createOption\":\"FromImage\",\"managedDisk\":{\"storageAccountType\":\"Premium_LRS\"}", StringComparison.Ordinal);
        await lab.PutAsync(lab.Set, made);
        lab.Cloud.Pass(minutes: 3);

        var put = await lab.PutAsync(lab.Set, made.Replace(before, after, StringComparison.Ordinal));

        Assert.Equal(refused is null ? 200 : 409, put.Code);
        if (refused is not null)
        {
            Assert.Equal(("PropertyChangeNotAllowed", $"Changing property '{refused}' is not allowed."), (put.Error, put.Message));
        }
    }

    [Fact]
    public async Task An_old_entity_tag_is_refused()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var put = await lab.PutAsync(lab.Set, """{"location":"eastus","sku":{"capacity":9}}""", ifMatch: "\"7\"");
        var fresh = await lab.SendAsync(HttpMethod.Put, lab.Set, Body, ("If-None-Match", "*"));

        Assert.Equal((412, "PreconditionFailed"), (put.Code, put.Error));
        Assert.Equal("Etag provided in if-match header \"7\" does not match etag \"1\" of resource.", put.Message);
        Assert.Equal(412, fresh.Code);
        Assert.Equal(1, lab.Cloud.Current.Capacity);
    }

    [Fact]
    public async Task A_patch_changes_tags_of_what_exists_only()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var patched = await lab.SendAsync(HttpMethod.Patch, lab.Set, """{"tags":{"ebb-max":"7"}}""");
        var missing = await lab.SendAsync(HttpMethod.Patch, $"{lab.Sets}/nothing", """{"tags":{}}""");

        Assert.Equal((200, "7"), (patched.Code, (string)patched.Json["tags"]!["ebb-max"]!));
        Assert.Equal((404, "ResourceNotFound"), (missing.Code, missing.Error));
    }

    [Fact]
    public async Task Paths_are_read_without_regard_to_case_and_names_keep_theirs()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var read = await lab.GetAsync(lab.Set.ToUpperInvariant());

        Assert.Equal((200, Lab.Set, Lab.Group), (read.Code, (string)read.Json["name"]!, ((string)read.Json["id"]!).Split('/')[4]));
    }

    [Fact]
    public async Task Scale_sets_are_listed_by_group_and_by_subscription()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        lab.Cloud.World.PutResourceGroup("other", "eastus", null);

        var group = await lab.GetAsync(lab.Sets);
        var subscription = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.Compute/virtualMachineScaleSets");
        var empty = await lab.GetAsync($"{lab.Subscription}/resourceGroups/other/providers/Microsoft.Compute/virtualMachineScaleSets");
        var missing = await lab.GetAsync($"{lab.Subscription}/resourceGroups/none/providers/Microsoft.Compute/virtualMachineScaleSets");

        Assert.Equal("agents", (string)Assert.Single(group.Json["value"]!.AsArray())!["name"]!);
        Assert.Single(subscription.Json["value"]!.AsArray());
        Assert.Equal("""{"value":[]}""", empty.Text);
        Assert.Equal((404, "ResourceGroupNotFound", "Resource group 'none' could not be found."), (missing.Code, missing.Error, missing.Message));
    }

    [Theory]
    [InlineData("GET", "/virtualMachines/abc", 400, "InvalidParameter")]
    [InlineData("GET", "/virtualMachines/77", 404, "NotFound")]
    [InlineData("POST", "/virtualMachines/77/start", 400, "InvalidParameter")]
    [InlineData("GET", "/virtualMachines?$skiptoken=x", 400, "InvalidParameter")]
    [InlineData("POST", "/noSuchAction", 404, "InvalidResourceType")]
    public async Task What_does_not_exist_is_refused_as_the_cloud_does(string method, string below, int status, string code)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var answer = await lab.SendAsync(new HttpMethod(method), lab.Set + below);

        Assert.Equal((status, code), (answer.Code, answer.Error));
    }

    [Fact]
    public async Task A_set_shows_its_summary_and_its_sizes()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));

        var view = await lab.GetAsync($"{lab.Set}/instanceView");
        var skus = await lab.GetAsync($"{lab.Set}/skus");

        Assert.Equal(["ProvisioningState/succeeded 2", "PowerState/running 2"], view.Json["virtualMachine"]!["statusesSummary"]!.AsArray().Select(s => $"{s!["code"]} {s["count"]}"));
        Assert.Contains(skus.Json["value"]!.AsArray(), s => (string)s!["sku"]!["name"]! == "Standard_D4s_v5");
    }

    [Fact]
    public async Task A_set_is_deleted_and_deleting_it_again_is_no_error()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));

        var first = await lab.DeleteAsync(lab.Set);
        var during = await lab.GetAsync(lab.Set);
        lab.Cloud.Pass(minutes: 2);
        var after = await lab.GetAsync(lab.Set);
        var again = await lab.DeleteAsync(lab.Set);

        Assert.Equal((202, "Deleting", 404, 204), (first.Code, (string)during.Json["properties"]!["provisioningState"]!, after.Code, again.Code));
        Assert.Equal($"The Resource 'Microsoft.Compute/virtualMachineScaleSets/agents' under resource group 'farm' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", after.Message);
    }

    [Fact]
    public async Task A_failed_allocation_shows_in_the_operation_both_ways()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1), new CloudOptions { Availability = [new Availability { Machines = 2 }] });

        var put = await lab.PutAsync(lab.Set, """{"location":"eastus","sku":{"capacity":5}}""");
        lab.Cloud.Pass(minutes: 3);
        var status = await lab.GetAsync(put.Headers["Azure-AsyncOperation"]);
        var monitor = await lab.GetAsync(put.Headers["Azure-AsyncOperation"] + "&monitor=true");

        Assert.Equal(("Failed", "AllocationFailed"), ((string)status.Json["status"]!, (string)status.Json["error"]!["code"]!));
        Assert.Equal((409, "AllocationFailed"), (monitor.Code, monitor.Error));
    }

    [Fact]
    public async Task Compute_states_its_throttling_without_the_envelope()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.Throttle, On = CallKind.ListInstances, Span = TimeSpan.FromSeconds(42), Count = 1 });

        var answer = await lab.GetAsync($"{lab.Set}/virtualMachines");

        Assert.Equal((429, "42", "OperationNotAllowed"), (answer.Code, answer.Headers["Retry-After"], (string)answer.Json["code"]!));
        var detail = JsonNode.Parse((string)answer.Json["details"]![0]!["message"]!)!;
        Assert.Equal(("TooManyRequests", "HighCostGet3Min"), ((string)answer.Json["details"]![0]!["code"]!, (string)detail["operationGroup"]!));
    }

    [Fact]
    public async Task An_unanswered_call_stays_silent_until_the_caller_gives_up()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.TimeoutDone, On = CallKind.PutScaleSet, Count = 1 });

        var call = lab.PutAsync(lab.Set, """{"location":"eastus","sku":{"capacity":3}}""");
        var early = call.IsCompleted;
        lab.Cloud.Pass(minutes: 6);

        Assert.False(early);
        await Assert.ThrowsAsync<HttpRequestException>(() => call);
        Assert.Equal(3, lab.Cloud.Current.Capacity);
    }

    [Fact]
    public async Task A_delayed_answer_comes_late()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.Delay, Span = TimeSpan.FromSeconds(20), Count = 1 });

        var call = lab.GetAsync(lab.Set);
        var early = call.IsCompleted;
        lab.Cloud.Pass(minutes: 1);

        Assert.False(early);
        Assert.Equal(200, (await call).Code);
    }
}
