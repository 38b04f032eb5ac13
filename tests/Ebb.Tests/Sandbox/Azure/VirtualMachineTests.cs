using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class VirtualMachineTests
{
    [Fact]
    public async Task A_machine_is_created_boots_at_its_interfaces_address_and_knows_itself()
    {
        using var lab = await FaceLab.StartAsync();

        var made = await MakeAsync(lab, m => m["identity"] = new JsonObject { ["type"] = "SystemAssigned" });
        var creating = await lab.GetAsync(made.Headers["Azure-AsyncOperation"]);
        lab.Cloud.Pass(minutes: 3);
        var done = await lab.GetAsync(made.Headers["Azure-AsyncOperation"]);
        var read = await lab.GetAsync($"{Id(lab)}?$expand=instanceView");
        var booted = Assert.Single(lab.Cloud.Changes, c => c.Event == InstanceEvent.Booted).Instance;
        var metadata = await lab.MetadataOfAsync(booted, "instance?api-version=2021-12-13");
        var token = await lab.MetadataOfAsync(booted, "identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/");

        Assert.Equal((201, "Creating", "\"1\""), (made.Code, (string)made.Json["properties"]!["provisioningState"]!, made.Headers["ETag"]));
        Assert.Equal(("InProgress", "Succeeded"), ((string)creating.Json["status"]!, (string)done.Json["status"]!));
        Assert.Equal("Succeeded", (string)read.Json["properties"]!["provisioningState"]!);
        Assert.Contains("PowerState/running", read.Text);
        Assert.DoesNotContain("customData", read.Text);
        Assert.Equal(("master0", Id(lab), "k8s-master0"), (booted.Name, booted.ResourceId, booted.ComputerName));
        Assert.Equal($"azure://{Id(lab)}", booted.ProviderId);
        var compute = metadata.Json["compute"]!;
        Assert.Equal(("master0", "", Id(lab), "control-plane"), ((string)compute["name"]!, (string)compute["vmScaleSetName"]!, (string)compute["resourceId"]!, (string)compute["tagsList"]![0]!["value"]!));
        Assert.Equal(200, token.Code);
        Assert.Equal(("10.1.0.4", "10.1.0.0/24"), (booted.Address, booted.Subnet));
        Assert.Contains("\"address\":\"10.1.0.0\"", metadata.Text);
        Assert.Empty(lab.Cloud.World.ScaleSets);
        Assert.Equal("#cloud-config\n", CustomData(lab));
    }

    [Fact]
    public async Task A_machine_obeys_its_orders()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);
        async Task<string> AfterAsync(string action)
        {
            var answer = await lab.PostAsync($"{Id(lab)}/{action}");
            Assert.Equal(202, answer.Code);
            lab.Cloud.Pass(minutes: 2);
            Assert.Equal("Succeeded", (string)(await lab.GetAsync(answer.Headers["Azure-AsyncOperation"])).Json["status"]!);
            var view = await lab.GetAsync($"{Id(lab)}/instanceView");
            return (string)view.Json["statuses"]![1]!["code"]!;
        }

        Assert.Equal("PowerState/stopped", await AfterAsync("powerOff"));
        Assert.Equal("PowerState/running", await AfterAsync("start"));
        Assert.Equal("PowerState/running", await AfterAsync("restart"));
        Assert.Equal("PowerState/running", await AfterAsync("reimage"));
        Assert.Equal("PowerState/deallocated", await AfterAsync("deallocate"));
        Assert.Equal(404, (await lab.PostAsync($"{Id(lab)}/dance")).Code);
        Assert.Equal(404, (await lab.PostAsync($"{Id(lab)}x/start")).Code);
        Assert.Contains(InstanceEvent.Reimaged, lab.Cloud.Changes.Select(c => c.Event));
    }

    [Fact]
    public async Task What_was_read_can_be_put_back_and_changes_nothing()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);
        var read = await lab.GetAsync(Id(lab));

        var put = await lab.PutAsync(Id(lab), read.Text);
        lab.Cloud.Pass(minutes: 1);
        var again = await lab.GetAsync(Id(lab));

        Assert.Equal(200, put.Code);
        Assert.Equal("\"2\"", again.Headers["ETag"]);
        Assert.True(JsonNode.DeepEquals(read.Json["properties"], again.Json["properties"]), $"{read.Text}\n{again.Text}");
        Assert.Equal("#cloud-config\n", CustomData(lab));
        Assert.Single(lab.Cloud.Changes, c => c.Event == InstanceEvent.Booted);
    }

    [Theory]
    [InlineData("hardwareProfile", """{"vmSize":"Huge"}""", 400, "InvalidParameter")]
    [InlineData("osProfile", """{"computerName":"m","adminUsername":"a","customData":"not base64!","adminPassword":"x"}""", 400, "InvalidParameter")]
    [InlineData("osProfile", """{"computerName":"m","adminUsername":"a"}""", 400, "InvalidParameter")]
    [InlineData("osProfile", """{"computerName":7,"adminUsername":"a"}""", 400, "InvalidRequestContent")]
    [InlineData("networkProfile", """{"networkInterfaces":[]}""", 400, "InvalidParameter")]
    [InlineData("networkProfile", """{"networkInterfaces":[{"id":"nic"}]}""", 400, "LinkedInvalidPropertyId")]
    [InlineData("storageProfile", """{"imageReference":{"publisher":"Nobody","offer":"x","sku":"y","version":"latest"},"osDisk":{"createOption":"FromImage"}}""", 404, "PlatformImageNotFound")]
    [InlineData("evictionPolicy", "\"Delete\"", 400, "EvictionPolicyCanBeSetOnlyOnAzureSpotVirtualMachines")]
    [InlineData("availabilitySet", """{"id":"/subscriptions/5eb5eb00-0000-4000-8000-000000000001/resourceGroups/farm/providers/Microsoft.Compute/availabilitySets/none"}""", 400, "InvalidResourceReference")]
    public async Task A_bad_machine_is_refused_and_makes_nothing(string property, string value, int status, string code)
    {
        using var lab = await FaceLab.StartAsync();

        var answer = await MakeAsync(lab, m => m["properties"]![property] = JsonNode.Parse(value));

        Assert.Equal((status, code), (answer.Code, answer.Error));
        Assert.Empty(lab.Cloud.World.Instances);
        Assert.Equal(404, (await lab.GetAsync(Id(lab))).Code);
    }

    [Fact]
    public async Task What_a_machine_was_made_with_cannot_be_changed()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);

        var data = await MakeAsync(lab, m => m["properties"]!["osProfile"]!["customData"] = "AAAA");
        var zone = await MakeAsync(lab, m => m["zones"] = new JsonArray("1"));
        var size = await MakeAsync(lab, m => m["properties"]!["hardwareProfile"]!["vmSize"] = "Standard_D4s_v3");
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal((409, "PropertyChangeNotAllowed", "Changing property 'osProfile.customData' is not allowed."), (data.Code, data.Error, data.Message));
        Assert.Equal((409, "PropertyChangeNotAllowed"), (zone.Code, zone.Error));
        Assert.Equal((200, "Standard_D4s_v3"), (size.Code, Assert.Single(lab.Cloud.World.Instances).Size));
    }

    [Fact]
    public async Task A_machine_over_quota_is_refused_and_one_without_place_fails_and_is_placed_later()
    {
        var small = new CloudOptions { Quotas = new CloudOptions().Quotas.Add("cores", 2), Availability = [new Availability { Machines = 0 }] };
        using var lab = await FaceLab.StartAsync(cloud: small);

        var over = await MakeAsync(lab, m => m["properties"]!["hardwareProfile"]!["vmSize"] = "Standard_D4s_v3");
        var made = await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 1);
        var failed = await lab.GetAsync(made.Headers["Azure-AsyncOperation"]);
        var state = await lab.GetAsync(Id(lab));
        lab.Cloud.World.SetAvailability([]);
        var again = await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal((409, "OperationNotAllowed"), (over.Code, over.Error));
        Assert.Equal((201, "Failed", "AllocationFailed"), (made.Code, (string)failed.Json["status"]!, (string)failed.Json["error"]!["code"]!));
        Assert.Equal("Failed", (string)state.Json["properties"]!["provisioningState"]!);
        Assert.Equal((200, PowerState.Running), (again.Code, Assert.Single(lab.Cloud.World.Instances).Power));
    }

    [Theory]
    [InlineData("Delete", 0)]
    [InlineData("Detach", 1)]
    public async Task A_deleted_machine_is_gone_and_its_disk_as_it_said(string option, int disks)
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab, m => m["properties"]!["storageProfile"]!["osDisk"]!["deleteOption"] = option);
        lab.Cloud.Pass(minutes: 3);
        var attached = await lab.DeleteAsync($"{Group(lab)}/providers/Microsoft.Compute/disks/master0_os");

        var deleted = await lab.DeleteAsync(Id(lab));
        lab.Cloud.Pass(minutes: 2);
        var followed = await lab.GetAsync(deleted.Headers["Location"]);

        Assert.Equal((409, "OperationNotAllowed", 202, 200), (attached.Code, attached.Error, deleted.Code, followed.Code));
        Assert.Equal((404, 204), ((await lab.GetAsync(Id(lab))).Code, (await lab.DeleteAsync(Id(lab))).Code));
        Assert.Empty(lab.Cloud.World.Instances);
        Assert.Equal(disks, (await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.Compute/disks")).Json["value"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("Delete", 404)]
    [InlineData("Deallocate", 200)]
    public async Task A_spot_machine_is_evicted_as_its_policy_says(string policy, int status)
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab, m =>
        {
            m["properties"]!["priority"] = "Spot";
            m["properties"]!["evictionPolicy"] = policy;
        });
        lab.Cloud.Pass(minutes: 3);

        var evicted = await lab.PostAsync($"{Id(lab)}/simulateEviction");
        lab.Cloud.Pass(minutes: 2);

        Assert.Equal((204, status), (evicted.Code, (await lab.GetAsync(Id(lab))).Code));
    }

    [Fact]
    public async Task A_deleted_group_takes_its_machines_with_it()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        await MakeAsync(lab, name: "master1");
        lab.Cloud.Pass(minutes: 3);

        var deleted = await lab.DeleteAsync($"{Group(lab)}?forceDeletionTypes=Microsoft.Compute/virtualMachines");
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal(200, (await lab.GetAsync(deleted.Headers["Location"])).Code);
        Assert.Empty(lab.Cloud.World.Instances);
        Assert.DoesNotContain(lab.Face.Resources.All, x => x.Type.Tracked);
    }

    [Fact]
    public async Task An_availability_set_lists_its_machines_and_stays_while_it_has_any()
    {
        using var lab = await FaceLab.StartAsync();
        var set = $"{Group(lab)}/providers/Microsoft.Compute/availabilitySets/masters";
        await lab.PutAsync(set, """{"location":"eastus","sku":{"name":"Aligned"},"properties":{"platformFaultDomainCount":2}}""");
        await MakeAsync(lab, m => m["properties"]!["availabilitySet"] = new JsonObject { ["id"] = set });

        var read = await lab.GetAsync(set);
        var used = await lab.DeleteAsync(set);
        await lab.DeleteAsync(Id(lab));
        lab.Cloud.Pass(minutes: 2);
        var unused = await lab.DeleteAsync(set);

        Assert.Equal(Id(lab), (string)read.Json["properties"]!["virtualMachines"]![0]!["id"]!);
        Assert.Equal((409, "OperationNotAllowed", 200), (used.Code, used.Error, unused.Code));
    }

    [Fact]
    public async Task Images_are_listed_from_publisher_to_version()
    {
        using var lab = await FaceLab.StartAsync();
        var root = $"{lab.Subscription}/providers/Microsoft.Compute/locations/eastus/publishers";
        var sku = $"{root}/canonical/artifacttypes/vmimage/offers/ubuntu-24_04-lts/skus/server/versions";

        var publishers = await lab.GetAsync(root);
        var newest = await lab.GetAsync($"{sku}?$top=1&$orderby=name desc");
        var one = await lab.GetAsync($"{sku}/{(string)newest.Json[0]!["name"]!}");
        var none = await lab.GetAsync($"{root}/nobody/artifacttypes/vmimage/offers");

        Assert.Contains("Debian", publishers.Json.AsArray().Select(p => (string)p!["name"]!));
        Assert.Single(newest.Json.AsArray());
        Assert.Equal((200, 404), (one.Code, none.Code));
    }

    [Fact]
    public async Task A_machines_console_is_read_by_whoever_was_told_where()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab, m => m["properties"]!["diagnosticsProfile"] = new JsonObject { ["bootDiagnostics"] = new JsonObject { ["enabled"] = true } });
        lab.Cloud.Pass(minutes: 3);

        var where = await lab.PostAsync($"{Id(lab)}/retrieveBootDiagnosticsData");
        var address = (string)where.Json["serialConsoleLogBlobUri"]!;
        lab.Token = "";
        var story = await lab.GetAsync(address);
        lab.Face.Console = machine => $"{machine.Name} login:";
        var console = await lab.GetAsync(address);
        var guessed = await lab.GetAsync(address[..^4] + "0000");

        Assert.Contains("k8s-master0: Booted", story.Text);
        Assert.Equal(("master0 login:", 403), (console.Text, guessed.Code));
    }

    private static string Group(FaceLab lab) => $"{lab.Subscription}/resourceGroups/{Lab.Group}";

    internal static string Id(FaceLab lab, string name = "master0") => $"{Group(lab)}/providers/Microsoft.Compute/virtualMachines/{name}";

    private static string CustomData(FaceLab lab)
    {
        var model = lab.Cloud.World.FindMachine(Lab.Group, "master0")!.Value.Set.Model;
        return Encoding.UTF8.GetString(Convert.FromBase64String((string)model["properties"]!["virtualMachineProfile"]!["osProfile"]!["customData"]!));
    }

    internal static async Task<Answer> MakeAsync(FaceLab lab, Action<JsonObject>? change = null, string name = "master0")
    {
        var nic = await lab.HaveNicAsync($"{name}-nic");
        var model = JsonNode.Parse($$"""
            {
              "location": "eastus",
              "tags": { "ebb-role": "control-plane" },
              "properties": {
                "hardwareProfile": { "vmSize": "Standard_D2s_v3" },
                "storageProfile": {
                  "imageReference": { "publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest" },
                  "osDisk": { "name": "{{name}}_os", "createOption": "FromImage", "managedDisk": { "storageAccountType": "Standard_LRS" } }
                },
                "osProfile": {
                  "computerName": "k8s-{{name}}", "adminUsername": "cluster", "customData": "{{Convert.ToBase64String("#cloud-config\n"u8)}}",
                  "linuxConfiguration": { "disablePasswordAuthentication": true, "ssh": { "publicKeys": [ { "path": "/home/cluster/.ssh/authorized_keys", "keyData": "ssh-ed25519 AAAA" } ] } }
                },
                "networkProfile": { "networkInterfaces": [ { "id": "{{nic}}", "properties": { "primary": true } } ] }
              }
            }
            """)!.AsObject();
        change?.Invoke(model);
        return await lab.PutAsync(Id(lab, name), model.ToJsonString());
    }
}
