using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>Instances of a scale set, as the face shows, deletes and operates them.</summary>
public class InstanceFaceTests
{
    [Fact]
    public async Task Instances_come_in_pages_that_link_to_the_next()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(5), options: new AzureFaceOptions { PageSize = 2 });

        var ids = new List<string>();
        string? next = $"{lab.Set}/virtualMachines?$expand=instanceView";
        var pages = 0;
        while (next is not null)
        {
            var page = await lab.GetAsync(next);
            pages++;
            ids.AddRange(page.Json["value"]!.AsArray().Select(i => (string)i!["instanceId"]!));
            Assert.All(page.Json["value"]!.AsArray(), i => Assert.NotNull(i!["properties"]!["instanceView"]));
            next = (string?)page.Json["nextLink"];
        }

        Assert.Equal(["0", "1", "2", "3", "4"], ids);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task A_partial_list_ends_in_a_page_that_cannot_be_read()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(4));
        lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.PartialPage, Count = 1 });

        var first = await lab.GetAsync($"{lab.Set}/virtualMachines");
        var second = await lab.GetAsync((string)first.Json["nextLink"]!);

        Assert.Equal((200, 2), (first.Code, first.Json["value"]!.AsArray().Count));
        Assert.Equal(500, second.Code);
    }

    [Fact]
    public async Task An_instance_shows_what_it_is_and_how_it_is()
    {
        using var lab = await FaceLab.StartAsync();
        await lab.PutAsync(lab.Set, ScaleSetFaceTests.Body);
        lab.Cloud.Pass(minutes: 3);

        var bare = await lab.GetAsync($"{lab.Set}/virtualMachines/1");
        var full = await lab.GetAsync($"{lab.Set}/virtualMachines/1?$expand=instanceView");
        var view = await lab.GetAsync($"{lab.Set}/virtualMachines/1/instanceView");
        var nic = await lab.GetAsync($"{lab.Set}/virtualMachines/1/networkInterfaces");

        var instance = lab.Cloud.Current.Instances[1];
        var properties = full.Json["properties"]!;
        Assert.Null(bare.Json["properties"]!["instanceView"]);
        Assert.Equal(("agents_1", "1", "1"), ((string)full.Json["name"]!, (string)full.Json["instanceId"]!, (string)full.Json["zones"]![0]!));
        Assert.Equal((instance.VmId, "agents000001", "Standard_D2s_v3", true), ((string)properties["vmId"]!, (string)properties["osProfile"]!["computerName"]!, (string)properties["hardwareProfile"]!["vmSize"]!, (bool)properties["latestModelApplied"]!));
        Assert.Equal(["ProvisioningState/succeeded", "PowerState/running"], properties["instanceView"]!["statuses"]!.AsArray().Select(s => (string)s!["code"]!));
        Assert.Equal("VM running", (string)view.Json["statuses"]![1]!["displayStatus"]!);
        Assert.EndsWith("/virtualMachines/1/networkInterfaces/nic0", (string)properties["networkProfile"]!["networkInterfaces"]![0]!["id"]!);
        Assert.Equal(instance.Address, (string)nic.Json["value"]![0]!["properties"]!["ipConfigurations"]![0]!["properties"]!["privateIPAddress"]!);
        Assert.DoesNotContain("c2VjcmV0", full.Text);
    }

    [Fact]
    public async Task Deleting_machines_is_accepted_and_can_be_followed_both_ways()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(3));

        var delete = await lab.PostAsync($"{lab.Set}/delete?forceDeletion=false", """{"instanceIds":["0","2"]}""");
        var running = await lab.GetAsync(delete.Headers["Location"]);
        lab.Cloud.Pass(minutes: 2);
        var done = await lab.GetAsync(delete.Headers["Location"]);
        var status = await lab.GetAsync(delete.Headers["Azure-AsyncOperation"]);

        Assert.Equal((202, ""), (delete.Code, delete.Text));
        Assert.Equal((202, 200), (running.Code, done.Code));
        Assert.Equal("Succeeded", (string)status.Json["status"]!);
        Assert.Equal(["1"], lab.Cloud.Ids);
        Assert.Equal(1, lab.Cloud.Current.Capacity);
    }

    [Fact]
    public async Task Deleting_without_ids_is_refused()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));

        Assert.Equal(400, (await lab.PostAsync($"{lab.Set}/delete")).Code);
        Assert.Equal(400, (await lab.PostAsync($"{lab.Set}/delete", """{"instanceIds":[]}""")).Code);
        Assert.Equal(400, (await lab.PostAsync($"{lab.Set}/delete", """{"instanceIds":[1]}""")).Code);
        Assert.Equal(400, (await lab.PostAsync($"{lab.Set}/delete", """{"instanceIds":"1"}""")).Code);
        Assert.Equal(2, lab.Cloud.Current.Capacity);
    }

    [Fact]
    public async Task One_instance_can_be_deleted_by_its_own_address()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));

        var delete = await lab.DeleteAsync($"{lab.Set}/virtualMachines/0");
        lab.Cloud.Pass(minutes: 2);

        Assert.Equal(202, delete.Code);
        Assert.Equal(["1"], lab.Cloud.Ids);
    }

    [Theory]
    [InlineData("poweroff", "PowerState/stopped")]
    [InlineData("powerOff?skipShutdown=true", "PowerState/stopped")]
    [InlineData("deallocate", "PowerState/deallocated")]
    [InlineData("restart", "PowerState/running")]
    [InlineData("reimage", "PowerState/running")]
    [InlineData("start", "PowerState/running")]
    public async Task Power_actions_work_on_some_on_all_and_on_one(string action, string power)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(4));

        var some = await lab.PostAsync($"{lab.Set}/{action}", """{"instanceIds":["0"]}""");
        lab.Cloud.Pass(minutes: 2);
        var one = await lab.PostAsync($"{lab.Set}/virtualMachines/1/{action}");
        lab.Cloud.Pass(minutes: 2);
        var all = await lab.PostAsync($"{lab.Set}/{action}");
        lab.Cloud.Pass(minutes: 2);

        Assert.Equal((202, 202, 202), (some.Code, one.Code, all.Code));
        var list = await lab.GetAsync($"{lab.Set}/virtualMachines?$expand=instanceView");
        Assert.All(list.Json["value"]!.AsArray(), i => Assert.Equal(power, (string)i!["properties"]!["instanceView"]!["statuses"]![1]!["code"]!));
        Assert.All(new[] { some, one, all }, a => Assert.Contains("/operations/", a.Headers["Azure-AsyncOperation"]));
    }

    [Fact]
    public async Task An_upgrade_by_hand_brings_instances_to_the_newest_model()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        await lab.PutAsync(lab.Set, """{"location":"eastus","sku":{"name":"Standard_D4s_v3","capacity":1}}""");
        lab.Cloud.Pass(minutes: 1);
        var before = await lab.GetAsync($"{lab.Set}/virtualMachines/0");

        var upgrade = await lab.PostAsync($"{lab.Set}/manualupgrade", """{"instanceIds":["*"]}""");
        var after = await lab.GetAsync($"{lab.Set}/virtualMachines/0");

        Assert.Equal(202, upgrade.Code);
        Assert.Equal((false, true), ((bool)before.Json["properties"]!["latestModelApplied"]!, (bool)after.Json["properties"]!["latestModelApplied"]!));
    }

    [Fact]
    public async Task Protection_is_put_with_an_instance_and_read_back()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var put = await lab.PutAsync($"{lab.Set}/virtualMachines/0", """{"location":"eastus","properties":{"protectionPolicy":{"protectFromScaleIn":true,"protectFromScaleSetActions":false}}}""");
        var wrong = await lab.PutAsync($"{lab.Set}/virtualMachines/0", """{"properties":{"protectionPolicy":{"protectFromScaleIn":false,"protectFromScaleSetActions":true}}}""");
        var stale = await lab.PutAsync($"{lab.Set}/virtualMachines/0", """{"properties":{"protectionPolicy":{"protectFromScaleIn":false}}}""", ifMatch: "\"1\"");
        var read = await lab.GetAsync($"{lab.Set}/virtualMachines/0");

        Assert.Equal((200, 400, 412), (put.Code, wrong.Code, stale.Code));
        Assert.True((bool)read.Json["properties"]!["protectionPolicy"]!["protectFromScaleIn"]!);
        Assert.Contains("Azure-AsyncOperation", put.Headers.Keys);
    }

    [Fact]
    public async Task An_eviction_is_simulated_without_a_body_and_without_waiting()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });

        var evict = await lab.PostAsync($"{lab.Set}/virtualMachines/0/simulateEviction");
        lab.Cloud.Pass(minutes: 2);

        Assert.Equal(204, evict.Code);
        Assert.Equal(0, lab.Cloud.Current.Capacity);
    }
}
