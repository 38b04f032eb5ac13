using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using static Ebb.Tests.Sandbox.Azure.VirtualMachineTests;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>Which sizes a machine can be given depends on the hardware that it stands on.</summary>
public class MachineResizeTests
{
    [Fact]
    public async Task An_allocated_machine_takes_the_sizes_of_its_hardware_and_restarts_and_a_deallocated_one_any_with_a_disk_of_its_own()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);

        Assert.Contains("Standard_B2ms", await OfferedAsync(lab));
        Assert.DoesNotContain("Standard_F4s_v2", await OfferedAsync(lab));
        var refused = await ResizeAsync(lab, "Standard_F4s_v2");
        var without = await ResizeAsync(lab, "Standard_D2s_v5");
        var arm = await ResizeAsync(lab, "Standard_D4ps_v5");
        lab.Cloud.Pass(minutes: 3);
        Assert.Equal((409, "OperationNotAllowed"), (refused.Code, refused.Error));
        Assert.Contains("is not available in the current hardware cluster. The available sizes in this cluster are: Standard_B1s,", refused.Message);
        Assert.Equal((409, "OperationNotAllowed"), (without.Code, without.Error));
        Assert.Contains("resource disk to non-resource disk", without.Message);
        Assert.Equal(409, arm.Code);
        Assert.Equal(("Standard_D2s_v3", 1), (Assert.Single(lab.Cloud.World.Instances).Size, Boots()));

        Assert.Equal(200, (await ResizeAsync(lab, "Standard_D4s_v3")).Code);
        lab.Cloud.Pass(minutes: 3);
        Assert.Equal(("Standard_D4s_v3", 2), (Assert.Single(lab.Cloud.World.Instances).Size, Boots()));

        await lab.PostAsync($"{Id(lab)}/deallocate");
        lab.Cloud.Pass(minutes: 3);
        Assert.Contains("Standard_F4s_v2", await OfferedAsync(lab));
        Assert.Equal(200, (await ResizeAsync(lab, "Standard_F4s_v2")).Code);
        lab.Cloud.Pass(minutes: 3);
        Assert.Equal((PowerState.Deallocated, "Standard_F4s_v2", 2), (Assert.Single(lab.Cloud.World.Instances).Power, Assert.Single(lab.Cloud.World.Instances).Size, Boots()));
        await lab.PostAsync($"{Id(lab)}/start");
        lab.Cloud.Pass(minutes: 3);
        Assert.Equal(3, Boots());

        int Boots() => lab.Cloud.Changes.Count(change => change.Event == InstanceEvent.Booted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_deallocated_machine_whose_resizing_fails_stays_the_machine_that_it_is_and_starts_with_the_size_that_it_says(bool again)
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);
        await lab.PostAsync($"{Id(lab)}/deallocate");
        lab.Cloud.Pass(minutes: 3);
        var before = Assert.Single(lab.Cloud.World.Instances);
        lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.FailOperation, On = CallKind.PutMachine, Count = 1, Code = "AllocationFailed" });

        Assert.Equal(200, (await ResizeAsync(lab, "Standard_F4s_v2")).Code);
        lab.Cloud.Pass(minutes: 1);
        var failed = Assert.Single(lab.Cloud.World.Instances);
        if (again)
        {
            // Without a disk of its own it is not what it was.
            Assert.Equal(409, (await ResizeAsync(lab, "Standard_D2s_v5")).Code);
            Assert.Equal(200, (await ResizeAsync(lab, "Standard_F4s_v2")).Code);
            lab.Cloud.Pass(minutes: 3);
            var resized = Assert.Single(lab.Cloud.World.Instances);
            Assert.Equal((before.VmId, "Standard_F4s_v2"), (resized.VmId, resized.Size));
            Assert.Equal((ProvisioningState.Succeeded, PowerState.Deallocated), (resized.Provisioning, resized.Power));
        }

        await lab.PostAsync($"{Id(lab)}/start");
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal((before.VmId, before.Size, ProvisioningState.Failed), (failed.VmId, failed.Size, failed.Provisioning));
        var after = Assert.Single(lab.Cloud.World.Instances);
        Assert.Equal((before.VmId, "Standard_F4s_v2"), (after.VmId, after.Size));
        Assert.Equal((ProvisioningState.Succeeded, PowerState.Running), (after.Provisioning, after.Power));
        Assert.Equal(2, lab.Cloud.Changes.Count(change => change.Event == InstanceEvent.Booted));
    }

    [Fact]
    public async Task A_machine_that_found_no_place_is_made_when_it_is_asked_for_again_and_what_was_started_meanwhile_stays()
    {
        using var lab = await FaceLab.StartAsync(cloud: new CloudOptions { Availability = [new Availability { Machines = 0 }] });
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 1);
        var unplaced = Assert.Single(lab.Cloud.World.Instances);
        lab.Cloud.World.SetAvailability([]);
        await lab.PostAsync($"{Id(lab)}/start");
        lab.Cloud.Pass(minutes: 3);
        await lab.PostAsync($"{Id(lab)}/deallocate");
        lab.Cloud.Pass(minutes: 3);
        lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.FailOperation, On = CallKind.PutMachine, Count = 1, Code = "AllocationFailed" });

        await MakeAsync(lab);
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);

        var machine = Assert.Single(lab.Cloud.World.Instances);
        Assert.Equal((unplaced.VmId, PowerState.Deallocated), (machine.VmId, machine.Power));
    }

    [Fact]
    public async Task Machines_of_one_availability_set_stand_on_one_hardware()
    {
        using var lab = await FaceLab.StartAsync();
        var set = Id(lab).Replace("virtualMachines/master0", "availabilitySets/together", StringComparison.Ordinal);
        await lab.PutAsync(set, """{"location": "eastus", "sku": {"name": "Aligned"}}""");
        await MakeAsync(lab, m => m["properties"]!["availabilitySet"] = new JsonObject { ["id"] = set });
        await MakeAsync(lab, m => m["properties"]!["availabilitySet"] = new JsonObject { ["id"] = set }, "master1");
        lab.Cloud.Pass(minutes: 3);

        await lab.PostAsync($"{Id(lab)}/deallocate");
        lab.Cloud.Pass(minutes: 3);
        Assert.Equal(409, (await ResizeAsync(lab, "Standard_F4s_v2")).Code);

        await lab.PostAsync($"{Id(lab, "master1")}/deallocate");
        lab.Cloud.Pass(minutes: 3);
        Assert.Equal(200, (await ResizeAsync(lab, "Standard_F4s_v2")).Code);
    }

    [Fact]
    public async Task A_system_disk_grows_while_its_machine_is_deallocated_and_the_machine_says_so()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        lab.Cloud.Pass(minutes: 3);
        var disk = (string)(await lab.GetAsync(Id(lab))).Json["properties"]!["storageProfile"]!["osDisk"]!["managedDisk"]!["id"]!;
        Task<Answer> GrowAsync(int gib) => lab.SendAsync(HttpMethod.Patch, disk, $$"""{"properties": {"diskSizeGB": {{gib}} } }""");

        var running = await GrowAsync(64);
        await lab.PostAsync($"{Id(lab)}/deallocate");
        lab.Cloud.Pass(minutes: 3);
        var grown = await GrowAsync(64);
        var shrunk = await GrowAsync(32);

        Assert.Equal((409, "OperationNotAllowed", 409), (running.Code, running.Error, shrunk.Code));
        Assert.InRange(grown.Code, 200, 202);
        Assert.Equal(64, (int)(await lab.GetAsync(Id(lab))).Json["properties"]!["storageProfile"]!["osDisk"]!["diskSizeGB"]!);
    }

    private static Task<Answer> ResizeAsync(FaceLab lab, string size) =>
        lab.SendAsync(HttpMethod.Patch, Id(lab), new JsonObject { ["properties"] = new JsonObject { ["hardwareProfile"] = new JsonObject { ["vmSize"] = size } } }.ToJsonString());

    private static async Task<IReadOnlyList<string>> OfferedAsync(FaceLab lab) =>
        [.. (await lab.GetAsync($"{Id(lab)}/vmSizes")).Json["value"]!.AsArray().Select(size => (string)size!["name"]!)];
}
