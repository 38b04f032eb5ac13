using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class HostileBodyTests
{
    private const string Full = """
        {"location":"eastus","tags":{"min":"0"},"zones":["1"],"sku":{"name":"Standard_D4s_v3","tier":"Standard","capacity":1},
         "identity":{"type":"SystemAssigned, UserAssigned","userAssignedIdentities":{"/ids/a":{}}},
         "properties":{"overprovision":false,"singlePlacementGroup":true,"platformFaultDomainCount":5,"orchestrationMode":"Uniform",
          "upgradePolicy":{"mode":"Manual"},"scaleInPolicy":{"rules":["Default"],"forceDeletion":false},
          "virtualMachineProfile":{"priority":"Regular","billingProfile":{"maxPrice":-1},
           "osProfile":{"computerNamePrefix":"agents","adminUsername":"cluster","customData":"eA==",
            "linuxConfiguration":{"disablePasswordAuthentication":true,"ssh":{"publicKeys":[{"path":"/p","keyData":"k"}]}}},
           "storageProfile":{"imageReference":{"publisher":"Canonical","offer":"jammy","sku":"22_04","version":"latest"},
            "osDisk":{"createOption":"FromImage","caching":"ReadWrite","diskSizeGB":30,"managedDisk":{"storageAccountType":"Standard_LRS"},
             "diffDiskSettings":{"option":"Local"}}},
           "networkProfile":{"networkInterfaceConfigurations":[{"name":"nic0","properties":{"primary":true,"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"/ids/x"}}}]}}]},
           "scheduledEventsProfile":{"terminateNotificationProfile":{"enable":true,"notBeforeTimeout":"PT5M"}},
           "userData":"dXNlcg=="}}}
        """;

    private const string Machine = """
        {"location":"eastus","tags":{"a":"b"},"zones":["1"],"identity":{"type":"SystemAssigned","userAssignedIdentities":{}},
         "properties":{"hardwareProfile":{"vmSize":"Standard_D4s_v3"},"priority":"Spot","evictionPolicy":"Deallocate","billingProfile":{"maxPrice":-1},
          "storageProfile":{"imageReference":{"publisher":"Debian","offer":"debian-12","sku":"12-gen2","version":"latest"},
           "osDisk":{"name":"os","createOption":"FromImage","caching":"ReadWrite","diskSizeGB":30,"deleteOption":"Delete","managedDisk":{"storageAccountType":"Standard_LRS"},"diffDiskSettings":{"option":"Local"}},
           "dataDisks":[{"lun":0,"name":"data","createOption":"Empty","diskSizeGB":8,"deleteOption":"Delete","managedDisk":{"id":"GROUP/providers/Microsoft.Compute/disks/data"}}]},
          "osProfile":{"computerName":"m","adminUsername":"cluster","customData":"eA==",
           "linuxConfiguration":{"disablePasswordAuthentication":true,"ssh":{"publicKeys":[{"path":"/p","keyData":"k"}]}}},
          "networkProfile":{"networkInterfaces":[{"id":"GROUP/providers/Microsoft.Network/networkInterfaces/nic","properties":{"primary":true,"deleteOption":"Detach"}}]},
          "diagnosticsProfile":{"bootDiagnostics":{"enabled":true}},"userData":"eA=="}}
        """;

    internal static readonly string[] Odd = ["null", "5", "-1", "1e308", "\"\"", "\"x\"", "[]", "[5]", "[null]", "{}", "true"];

    [Fact]
    public async Task No_value_of_a_wrong_kind_anywhere_in_a_scale_set_breaks_the_face()
    {
        var paths = Paths(JsonNode.Parse(Full)!).ToList();
        Assert.True(paths.Count > 50);
        using var lab = await FaceLab.StartAsync();
        var number = 0;
        foreach (var path in paths)
        {
            foreach (var odd in Odd)
            {
                var body = JsonNode.Parse(Full)!;
                Replace(body, path, JsonNode.Parse(odd));
                var set = $"{lab.Sets}/s{number++}";
                var answers = new List<Answer> { await lab.PutAsync(set, body.ToJsonString()) };
                if (answers[0].Code == 201)
                {
                    lab.Cloud.Time.Advance(TimeSpan.FromSeconds(3));
                    answers.Add(await lab.GetAsync(set));
                    answers.Add(await lab.PutAsync(set, body.ToJsonString()));
                    answers.Add(await lab.GetAsync($"{set}/virtualMachines?$expand=instanceView"));
                    answers.Add(await lab.GetAsync($"{set}/networkInterfaces"));
                    answers.Add(await lab.SendAsync(HttpMethod.Get, $"/machines/farm/s{number - 1}/0/metadata/instance?api-version=2025-04-07", null, ("Metadata", "true")));
                    answers.Add(await lab.SendAsync(HttpMethod.Get, $"/machines/farm/s{number - 1}/0/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/", null, ("Metadata", "true")));
                    await lab.DeleteAsync(set + "?forceDeletion=true");
                }

                Assert.All(answers, a => Assert.True(a.Code < 500, $"{path} = {odd}: {a.Text}"));
            }
        }
    }

    [Fact]
    public async Task No_value_of_a_wrong_kind_in_an_autoscale_setting_breaks_the_face()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        lab.Cloud.World.CpuPercent = _ => 50;
        var full = AutoscaleSetting.ByCpu(lab.Set, 1, 3);
        foreach (var path in Paths(full).ToList())
        {
            foreach (var odd in Odd)
            {
                var body = full.DeepClone();
                Replace(body, path, JsonNode.Parse(odd));
                var setting = $"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.Insights/autoscalesettings/cpu";

                var put = await lab.PutAsync(setting, body.ToJsonString());
                lab.Cloud.Pass(minutes: 1.1);
                var read = await lab.GetAsync(setting);
                await lab.DeleteAsync(setting);

                Assert.True(put.Code < 500 && read.Code < 500, $"{path} = {odd}: {put.Text} {read.Text}");
            }
        }
    }

    [Theory]
    [InlineData("Microsoft.Compute/virtualMachines/m", Machine)]
    [InlineData("Microsoft.Compute/disks/d", """{"location":"eastus","zones":["1"],"sku":{"name":"Premium_LRS"},"properties":{"creationData":{"createOption":"Empty"},"diskSizeGB":8}}""")]
    [InlineData("Microsoft.Compute/availabilitySets/a", """{"location":"eastus","sku":{"name":"Aligned"},"properties":{"platformFaultDomainCount":2,"platformUpdateDomainCount":5}}""")]
    [InlineData("Microsoft.ManagedIdentity/userAssignedIdentities/identity", """{"location":"eastus","tags":{"a":"b"},"properties":{"tenantId":"x"}}""")]
    [InlineData("Microsoft.Authorization/locks/l", """{"properties":{"level":"CanNotDelete","notes":"n"}}""")]
    [InlineData("Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-4000-8000-000000000001", """{"properties":{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7","principalId":"11111111-2222-4333-8444-555555555555","principalType":"User","description":"d","condition":"c"}}""")]
    [InlineData("Microsoft.Authorization/roleDefinitions/aaaaaaaa-0000-4000-8000-000000000002", """{"properties":{"roleName":"r","description":"d","assignableScopes":["/"],"permissions":[{"actions":["a/*"],"notActions":["a/b"],"dataActions":[],"notDataActions":[]}]}}""")]
    [InlineData("Microsoft.Resources/tags/default", """{"operation":"Merge","properties":{"tags":{"a":"b"}}}""")]
    public async Task No_value_of_a_wrong_kind_in_a_resource_breaks_the_face(string resource, string full)
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { Authenticate = false });
        await lab.HaveNicAsync("nic");
        var group = $"{lab.Subscription}/resourceGroups/farm";
        full = full.Replace("GROUP", group, StringComparison.Ordinal);
        var id = $"{group}/providers/{resource}";
        foreach (var path in Paths(JsonNode.Parse(full)!).ToList())
        {
            foreach (var odd in Odd)
            {
                var body = JsonNode.Parse(full)!;
                Replace(body, path, JsonNode.Parse(odd));
                var answers = new List<Answer>
                {
                    await lab.PutAsync(id, body.ToJsonString()),
                    await lab.SendAsync(HttpMethod.Patch, id, body.ToJsonString()),
                    await lab.GetAsync($"{id}?$expand=instanceView"),
                    await lab.GetAsync(id[..id.LastIndexOf('/')]),
                    await lab.DeleteAsync(id + "?forceDeletion=true"),
                };
                lab.Cloud.Pass(minutes: 1);

                Assert.All(answers, a => Assert.True(a.Code < 500, $"{path} = {odd}: {a.Text}"));
            }
        }
    }

    [Theory]
    [InlineData("""{"Location":"eastus","location":"eastus"}""")]
    [InlineData("""{"location":"eastus","sku":{"name":"Standard_D2s_v3","NAME":"x"}}""")]
    public async Task A_name_given_twice_is_refused_whatever_its_case(string body)
    {
        using var lab = await FaceLab.StartAsync();

        Assert.Equal(400, (await lab.PutAsync(lab.Set, body)).Code);
    }

    [Fact]
    public async Task Names_in_a_body_are_read_without_regard_to_case()
    {
        using var lab = await FaceLab.StartAsync();

        var put = await lab.PutAsync(lab.Set, Full.Replace("\"properties\":{\"over", "\"Properties\":{\"over").Replace("virtualMachineProfile", "VirtualMachineProfile"));
        var read = await lab.GetAsync(lab.Set);

        Assert.Equal(201, put.Code);
        Assert.Single(read.Json.AsObject(), m => m.Key.Equals("properties", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("eA==", read.Text);
    }

    internal static IEnumerable<string> Paths(JsonNode node)
    {
        switch (node)
        {
            case JsonObject o:
                foreach (var (_, value) in o)
                {
                    yield return value!.GetPath();
                    foreach (var inner in Paths(value))
                    {
                        yield return inner;
                    }
                }

                break;
            case JsonArray a:
                foreach (var value in a)
                {
                    yield return value!.GetPath();
                    foreach (var inner in Paths(value))
                    {
                        yield return inner;
                    }
                }

                break;
        }
    }

    internal static void Replace(JsonNode root, string path, JsonNode? with)
    {
        var found = Find(root, path)!;
        switch (found.Parent)
        {
            case JsonObject o:
                o[o.First(m => ReferenceEquals(m.Value, found)).Key] = with;
                break;
            case JsonArray a:
                a[a.IndexOf(found)] = with;
                break;
        }
    }

    private static JsonNode? Find(JsonNode node, string path)
    {
        if (node.GetPath() == path)
        {
            return node;
        }

        var children = node switch
        {
            JsonObject o => o.Select(m => m.Value),
            JsonArray a => a,
            _ => [],
        };
        return children.Where(c => c is not null).Select(c => Find(c!, path)).FirstOrDefault(f => f is not null);
    }
}
