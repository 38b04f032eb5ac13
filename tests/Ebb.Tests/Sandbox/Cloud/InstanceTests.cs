using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Cloud;

public partial class InstanceTests
{
    [Fact]
    public void A_deallocated_machine_keeps_its_place_in_the_capacity_and_costs_nothing()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2));

        var outcome = lab.World.Deallocate(Lab.Group, Lab.Set, ["1"]);
        lab.Pass(minutes: 1);
        var before = lab.World.Bill;
        lab.Pass(minutes: 60);

        Assert.Equal(OperationStatus.Succeeded, lab.Operation(outcome).Status);
        Assert.Equal((2, PowerState.Deallocated, ProvisioningState.Succeeded), (lab.Current.Capacity, lab.Current.Instances[1].Power, lab.Current.Instances[1].Provisioning));
        Assert.Equal(1, lab.World.Bill.MachineHours - before.MachineHours, 3);
        Assert.Equal(0.096m, decimal.Round(lab.World.Bill.Cost - before.Cost, 3));
    }

    [Fact]
    public void A_machine_powered_off_is_still_paid_for()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));

        lab.World.PowerOff(Lab.Group, Lab.Set, null);
        lab.Pass(minutes: 1);
        var before = lab.World.Bill;
        lab.Pass(minutes: 60);

        Assert.Equal(PowerState.Stopped, lab.Current.Instances[0].Power);
        Assert.Equal(1, lab.World.Bill.MachineHours - before.MachineHours, 3);
    }

    [Fact]
    public void A_stopped_machine_boots_again_when_started()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        lab.World.Deallocate(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 1);
        lab.Changes.Clear();

        lab.World.Start(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 2);

        Assert.Equal([InstanceEvent.PoweredOn, InstanceEvent.Booted], lab.EventsOf(0));
        Assert.True(lab.Current.Instances[0].GuestUp);
    }

    [Fact]
    public void A_reimaged_machine_shuts_down_and_boots_with_the_model_that_it_has()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        lab.Put(Lab.Spec(1) with { Size = "Standard_D4s_v3" });
        lab.Pass(minutes: 1);
        Assert.NotEqual(lab.Current.ModelVersion, lab.Current.Instances[0].ModelVersion);
        lab.Changes.Clear();

        lab.World.Reimage(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 2);

        Assert.Equal([InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.Reimaged, InstanceEvent.PoweredOn, InstanceEvent.Booted], lab.EventsOf(0));
        Assert.Equal((lab.Current.ModelVersion - 1, "Standard_D2s_v3"), (lab.Current.Instances[0].ModelVersion, lab.Current.Instances[0].Size));
    }

    [Fact]
    public void What_machines_are_told_at_their_birth_reaches_those_that_are_there_by_an_upgrade_and_a_reimage_after_it()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2));
        Change(lab, new JsonObject { ["osProfile"] = new JsonObject { ["customData"] = Convert.ToBase64String("new"u8) } });
        lab.World.Reimage(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 3);
        var reimaged = lab.Current.CustomDataOf(lab.Current.Instances[0]);
        lab.Changes.Clear();

        var upgrade = lab.World.Upgrade(Lab.Group, Lab.Set, ["0"]);
        var meanwhile = (lab.Current.Instances[0].Provisioning, lab.Operation(upgrade).Status);
        lab.Pass(minutes: 3);

        Assert.Empty(reimaged);
        Assert.Equal((ProvisioningState.Updating, OperationStatus.InProgress), meanwhile);
        Assert.Equal((ProvisioningState.Succeeded, OperationStatus.Succeeded), (lab.Current.Instances[0].Provisioning, lab.Operation(upgrade).Status));
        Assert.Empty(lab.EventsOf(0));
        Assert.Equal("new"u8, lab.Current.CustomDataOf(lab.Current.Instances[0]));
        Assert.Empty(lab.Current.CustomDataOf(lab.Current.Instances[1]));
        Assert.Equal([true, false], lab.Current.Instances.Values.Select(i => i.ModelVersion == lab.Current.ModelVersion));
    }

    [Fact]
    public void Another_image_is_another_disk_as_soon_as_a_machine_is_upgraded()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        Change(lab, new JsonObject { ["storageProfile"] = new JsonObject { ["imageReference"] = new JsonObject { ["sku"] = "12-gen2-new" } } });
        lab.Changes.Clear();

        lab.World.Upgrade(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 3);

        Assert.Equal([InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.Reimaged, InstanceEvent.PoweredOn, InstanceEvent.Booted], lab.EventsOf(0));
        Assert.Equal(lab.Current.ModelVersion, lab.Current.Instances[0].ModelVersion);
    }

    [Fact]
    public void A_machine_that_boots_while_it_is_upgraded_boots_to_its_end()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        Change(lab, new JsonObject { ["osProfile"] = new JsonObject { ["customData"] = Convert.ToBase64String("new"u8) } });
        lab.World.Restart(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 0.1);

        var upgrade = lab.World.Upgrade(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 3);

        Assert.Equal(OperationStatus.Succeeded, lab.Operation(upgrade).Status);
        Assert.Equal((true, ProvisioningState.Succeeded), (lab.Current.Instances[0].GuestUp, lab.Current.Instances[0].Provisioning));
    }

    [Fact]
    public void Actions_on_the_whole_set_leave_out_those_protected_from_them()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2));
        lab.World.Protect(Lab.Group, Lab.Set, "0", fromScaleIn: true, fromSetActions: true);

        lab.World.PowerOff(Lab.Group, Lab.Set, ["*"]);
        lab.Pass(minutes: 2);

        Assert.Equal([PowerState.Running, PowerState.Stopped], lab.Current.Instances.Values.Select(i => i.Power));
    }

    [Fact]
    public void Protection_from_scale_in_hinders_neither_reimage_nor_upgrade_nor_eviction_nor_deletion_by_name()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(3) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });
        foreach (var id in new[] { "0", "1", "2" })
        {
            lab.World.Protect(Lab.Group, Lab.Set, id, fromScaleIn: true);
        }

        lab.Pass(minutes: 1);
        lab.Changes.Clear();
        lab.World.Reimage(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 3);
        Assert.Contains(InstanceEvent.Reimaged, lab.EventsOf(0));

        lab.Put(Lab.Spec(3) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete, Size = "Standard_D4s_v3" });
        lab.World.Upgrade(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 3);
        Assert.Equal("Standard_D4s_v3", lab.Current.Instances[0].Size);
        Assert.True(lab.Current.Instances[0].ProtectedFromScaleIn);

        Assert.True(lab.World.SimulateEviction(Lab.Group, Lab.Set, "1").Ok);
        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["2"]);
        lab.Pass(minutes: 5);
        Assert.Equal(["0"], lab.Ids);
    }

    [Fact]
    public void Protection_from_actions_without_protection_from_scale_in_is_refused()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));

        Assert.Equal("InvalidParameter", lab.World.Protect(Lab.Group, Lab.Set, "0", fromScaleIn: false, fromSetActions: true).Error!.Code);
    }

    [Fact]
    public void What_was_deleted_does_not_come_back_with_a_change_that_says_nothing_of_capacity()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(3));
        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["1"]);
        lab.Pass(minutes: 3);
        var tags = new JsonObject { ["tags"] = new JsonObject { ["team"] = "render" } };

        var foreseen = lab.World.ForeseeScaleSet(Lab.Group, Lab.Set, (JsonObject)tags.DeepClone(), new QuotaClaims());
        Assert.True(lab.World.CreateOrUpdateScaleSet(Lab.Group, Lab.Set, tags, patch: true).Ok);
        lab.Pass(minutes: 3);

        Assert.Equal(["0", "2"], lab.Ids);
        Assert.Equal(2, lab.Current.Capacity);
        Assert.Equal((2, 2), ((int)foreseen.Before!["sku"]!["capacity"]!, (int)foreseen.After!["sku"]!["capacity"]!));
    }

    [Fact]
    public void An_order_during_boot_voids_the_boot()
    {
        using var lab = new Lab();
        lab.Put(Lab.Spec(1));
        lab.Pass(minutes: 0.1);

        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 5);

        Assert.DoesNotContain(InstanceEvent.Booted, lab.EventsOf(0));
        Assert.Empty(lab.Current.Instances);
    }

    private static void Change(Lab lab, JsonObject profile)
    {
        Assert.True(lab.World.CreateOrUpdateScaleSet(Lab.Group, Lab.Set, new JsonObject { ["properties"] = new JsonObject { ["virtualMachineProfile"] = profile } }, patch: true).Ok);
        lab.Pass(minutes: 1);
    }
}
