using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Cloud;

/// <summary>Machines whose system disk is on their host, as Azure's pages on ephemeral OS disks describe them.</summary>
public class EphemeralDiskTests
{
    private static readonly ScaleSetSpec Spec = Lab.Spec(2) with { Size = "Standard_D4s_v3", EphemeralDisk = true };

    [Theory]
    [InlineData(null)]
    [InlineData("1")]
    public void They_are_not_deallocated_neither_all_nor_one(string? id)
    {
        using var lab = new Lab();
        lab.Have(Spec);

        var outcome = lab.World.Deallocate(Lab.Group, Lab.Set, id is null ? null : [id]);
        lab.Pass(minutes: 3);

        Assert.Equal((409, "OperationNotAllowed"), (outcome.Error?.Status, outcome.Error?.Code));
        Assert.Equal("Operation 'deallocate' is not supported for VMs or VM Scale Set instances using an ephemeral OS disk.", outcome.Error?.Message);
        Assert.All(lab.Current.Instances.Values, i => Assert.Equal((PowerState.Running, true), (i.Power, i.GuestUp)));
    }

    [Fact]
    public void They_are_powered_off_and_boot_again_with_the_disk_that_they_had()
    {
        using var lab = new Lab();
        lab.Have(Spec);
        lab.Changes.Clear();

        Assert.True(lab.World.PowerOff(Lab.Group, Lab.Set, null).Ok);
        lab.Pass(minutes: 3);
        Assert.True(lab.World.Start(Lab.Group, Lab.Set, null).Ok);
        lab.Pass(minutes: 3);

        Assert.Equal([InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.PoweredOn, InstanceEvent.Booted], lab.EventsOf(0));
    }

    [Theory]
    [InlineData(true, "Standard_D8s_v3", true)]
    [InlineData(true, "Standard_D4s_v3", false)]
    [InlineData(false, "Standard_D8s_v3", false)]
    public void Another_size_comes_with_a_fresh_disk_as_it_is_another_host_s(bool ephemeral, string size, bool fresh)
    {
        using var lab = new Lab();
        lab.Have(Spec with { EphemeralDisk = ephemeral });
        lab.Put(Spec with { EphemeralDisk = ephemeral, Size = size, Tags = Spec.Tags.Add("changed", "yes") });
        lab.Pass(minutes: 1);
        lab.Changes.Clear();

        Assert.True(lab.World.Upgrade(Lab.Group, Lab.Set, ["0"]).Ok);
        lab.Pass(minutes: 3);

        Assert.Equal(fresh, lab.EventsOf(0).Contains(InstanceEvent.Reimaged));
        Assert.Equal((size, true), (lab.Current.Instances[0].Size, lab.Current.Instances[0].GuestUp));
    }

    [Fact]
    public void One_without_power_has_its_fresh_disk_when_it_is_started()
    {
        using var lab = new Lab();
        lab.Have(Spec);
        lab.World.PowerOff(Lab.Group, Lab.Set, ["0"]);
        lab.Put(Spec with { Size = "Standard_D8s_v3" });
        lab.Pass(minutes: 3);
        lab.Changes.Clear();

        lab.World.Upgrade(Lab.Group, Lab.Set, ["0"]);
        lab.World.Start(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 3);

        Assert.Equal([InstanceEvent.Reimaged, InstanceEvent.PoweredOn, InstanceEvent.Booted], lab.EventsOf(0));
    }

    [Fact]
    public void A_size_without_room_for_the_disk_is_refused()
    {
        using var lab = new Lab();
        lab.Have(Spec);

        var outcome = lab.Put(Spec with { Size = "Standard_D4s_v5" });

        Assert.Equal((400, "NotSupported"), (outcome.Error?.Status, outcome.Error?.Code));
        Assert.StartsWith("OS disk of Ephemeral VM with size greater than 0 GB is not allowed for VM size Standard_D4s_v5", outcome.Error?.Message, StringComparison.Ordinal);
        Assert.Equal("Standard_D4s_v3", lab.Current.Size);
    }
}
