using System.Text.Json.Nodes;
using Ebb.Tests.Sandbox.Cloud;
using static Ebb.Tests.Sandbox.Azure.VirtualMachineTests;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>Network cards are accelerated on machines of some sizes only, whichever of both changes.</summary>
public class AccelerationTests
{
    [Theory]
    [InlineData("Standard_B2ms", "False")]
    [InlineData("Standard_D2s_v3", "False")]
    [InlineData("Standard_D4s_v3", "True")]
    [InlineData("Standard_D2_v2", "True")]
    [InlineData("Standard_D2s_v5", "True")]
    public async Task The_list_of_sizes_says_which_have_it(string size, string has)
    {
        using var lab = await FaceLab.StartAsync();

        var skus = (await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.Compute/skus")).Json["value"]!.AsArray();

        var capabilities = skus.Single(sku => (string)sku!["name"]! == size)!["capabilities"]!.AsArray();
        Assert.Equal(has, (string)capabilities.Single(c => (string)c!["name"]! == "AcceleratedNetworkingEnabled")!["value"]!);
    }

    [Fact]
    public async Task A_card_is_not_accelerated_on_a_machine_whose_size_has_no_such_cards()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);

        var refused = await SwitchAsync(lab, "master0-nic", on: true);

        Assert.Equal((400, "VMSizeIsNotPermittedToEnableAcceleratedNetworking"), (refused.Code, refused.Error));
        Assert.Contains("has size Standard_D2s_v3, which is not compatible with enabling accelerated networking on network interface(s) on the VM. Compatible VM sizes: Standard_D2_v2, ", refused.Message);
        Assert.InRange((await SwitchAsync(lab, "master0-nic", on: false)).Code, 200, 201);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_machine_with_an_accelerated_card_takes_no_size_without_such_cards_until_it_is_switched_off(bool deallocated)
    {
        using var lab = await FaceLab.StartAsync();
        await lab.HaveNicAsync("master0-nic");
        await MakeAsync(lab, model => SizeOf(model, "Standard_D4s_v3"));
        lab.Cloud.Pass(minutes: 3);
        Assert.InRange((await SwitchAsync(lab, "master0-nic", on: true)).Code, 200, 201);
        if (deallocated)
        {
            await lab.PostAsync($"{Id(lab)}/deallocate");
            lab.Cloud.Pass(minutes: 3);
        }

        var refused = await ResizeAsync(lab);
        Assert.InRange((await SwitchAsync(lab, "master0-nic", on: false)).Code, 200, 201);
        var taken = await ResizeAsync(lab);

        Assert.Equal((400, "VMSizeIsNotPermittedToEnableAcceleratedNetworking", 200), (refused.Code, refused.Error, taken.Code));
    }

    [Fact]
    public async Task A_machine_with_an_accelerated_card_does_not_join_an_availability_set_of_others_without()
    {
        using var lab = await FaceLab.StartAsync();
        var set = Id(lab).Replace("virtualMachines/master0", "availabilitySets/together", StringComparison.Ordinal);
        await lab.PutAsync(set, """{"location": "eastus", "sku": {"name": "Aligned"}}""");
        await MakeAsync(lab, Fast);
        await MakeAsync(lab, Fast, "master1");
        lab.Cloud.Pass(minutes: 3);

        var refused = await SwitchAsync(lab, "master0-nic", on: true);
        await lab.PostAsync($"{Id(lab, "master1")}/deallocate");
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal((400, "ExistingAvailabilitySetWasNotDeployedOnAcceleratedNetworkingEnabledCluster"), (refused.Code, refused.Error));
        Assert.InRange((await SwitchAsync(lab, "master0-nic", on: true)).Code, 200, 201);

        void Fast(JsonObject model)
        {
            SizeOf(model, "Standard_D4s_v3");
            model["properties"]!["availabilitySet"] = new JsonObject { ["id"] = set };
        }
    }

    private static void SizeOf(JsonObject model, string size) => model["properties"]!["hardwareProfile"]!["vmSize"] = size;

    private static Task<Answer> ResizeAsync(FaceLab lab) => lab.SendAsync(HttpMethod.Patch, Id(lab), """{"properties":{"hardwareProfile":{"vmSize":"Standard_B2ms"}}}""");

    private static async Task<Answer> SwitchAsync(FaceLab lab, string name, bool on)
    {
        var address = $"{lab.Subscription}/resourceGroups/{Lab.Group}/providers/Microsoft.Network/networkInterfaces/{name}";
        var card = (await lab.GetAsync(address)).Json.AsObject();
        card["properties"]!["enableAcceleratedNetworking"] = on;
        return await lab.PutAsync(address, card.ToJsonString());
    }
}
