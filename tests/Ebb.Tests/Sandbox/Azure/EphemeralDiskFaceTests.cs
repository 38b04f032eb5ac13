using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;
using static Ebb.Tests.Sandbox.Azure.VirtualMachineTests;

namespace Ebb.Tests.Sandbox.Azure;

public class EphemeralDiskFaceTests
{
    [Theory]
    [InlineData("/deallocate", null)]
    [InlineData("/deallocate", """{"instanceIds":["1"]}""")]
    [InlineData("/virtualMachines/1/deallocate", null)]
    public async Task Machines_with_their_disk_on_the_host_are_not_deallocated_by_any_address(string below, string? body)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2) with { Size = "Standard_D4s_v3", EphemeralDisk = true });

        var refused = await lab.PostAsync(lab.Set + below, body);
        var off = await lab.PostAsync(lab.Set + below.Replace("deallocate", "powerOff", StringComparison.Ordinal), body);

        Assert.Equal((409, 202), (refused.Code, off.Code));
        Assert.Equal("OperationNotAllowed", (string)refused.Json["error"]!["code"]!);
        Assert.Contains("using an ephemeral OS disk", (string)refused.Json["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nor_is_one_that_stands_alone_and_another_size_gives_it_a_fresh_disk()
    {
        using var lab = await FaceLab.StartAsync();
        Assert.Equal(400, (await MakeAsync(lab, m => Local(m, "Standard_D2s_v3"))).Code);
        await MakeAsync(lab, m => Local(m, "Standard_D4s_v3"));
        lab.Cloud.Pass(minutes: 3);

        var refused = await lab.PostAsync($"{Id(lab)}/deallocate");
        var resized = await MakeAsync(lab, m => Local(m, "Standard_D8s_v3"));
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal((409, 200), (refused.Code, resized.Code));
        Assert.Single(lab.Cloud.Changes, change => change.Event == InstanceEvent.Reimaged);

        static void Local(JsonObject machine, string size)
        {
            machine["properties"]!["hardwareProfile"]!["vmSize"] = size;
            machine["properties"]!["storageProfile"]!["osDisk"]!["diffDiskSettings"] = new JsonObject { ["option"] = "Local" };
        }
    }
}
