using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Cloud;

/// <summary>What Azure holds against a scale set whose machines are of earlier models than it is.</summary>
public class ModelTests
{
    [Fact]
    public void A_machine_that_stands_on_hardware_gets_no_other_limit_of_price_and_one_that_does_not_gets_it()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2) with { Priority = Priority.Spot });
        lab.World.Deallocate(Lab.Group, Lab.Set, ["1"]);
        lab.Pass(minutes: 3);
        Change(lab, new JsonObject { ["billingProfile"] = new JsonObject { ["maxPrice"] = 0.05 } });

        var refused = lab.World.Upgrade(Lab.Group, Lab.Set, ["0", "1"]);
        var off = lab.World.Upgrade(Lab.Group, Lab.Set, ["1"]);
        lab.Pass(minutes: 3);

        Assert.Equal((409, "OperationNotAllowed"), (refused.Error!.Status, refused.Error.Code));
        Assert.Contains("Max price change is not allowed when the VM 'agents_0' is currently allocated.", refused.Error.Message, StringComparison.Ordinal);
        Assert.True(off.Ok);
        Assert.Equal([false, true], lab.Current.Instances.Values.Select(i => i.ModelVersion == lab.Current.ModelVersion));
        Assert.True(lab.World.Reimage(Lab.Group, Lab.Set, ["0"]).Ok);
    }

    [Fact]
    public void Machines_are_of_ten_models_at_most_and_none_is_made_of_an_eleventh_before_some_are_upgraded()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        for (var machines = 2; machines <= 10; machines++)
        {
            Told(lab);
            Assert.True(Grow(lab, machines).Ok);
        }

        var same = Grow(lab, 11);
        Told(lab);
        var refused = Grow(lab, 12);
        lab.World.Upgrade(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 3);
        var after = Grow(lab, 12);

        Assert.True(same.Ok);
        Assert.Equal(409, refused.Error!.Status);
        Assert.Equal(
            "Virtual Machine Scale Set 'agents' has reached its limit of 10 models that may be referenced by one or more VMs belonging to the Virtual Machine Scale Set. "
            + "Upgrade the VMs to the latest model of the Virtual Machine Scale Set before trying again.",
            refused.Error.Message);
        Assert.True(after.Ok);
        Assert.Equal(12, lab.Ids.Length);
    }

    private static Outcome<ScaleSet> Grow(Lab lab, int machines)
    {
        var grown = lab.World.SetCapacity(Lab.Group, Lab.Set, machines);
        lab.Pass(minutes: 3);
        return grown;
    }

    private static void Told(Lab lab) =>
        Change(lab, new JsonObject { ["osProfile"] = new JsonObject { ["customData"] = Convert.ToBase64String(Guid.NewGuid().ToByteArray()) } });

    private static void Change(Lab lab, JsonObject profile)
    {
        Assert.True(lab.World.CreateOrUpdateScaleSet(Lab.Group, Lab.Set, new JsonObject { ["properties"] = new JsonObject { ["virtualMachineProfile"] = profile } }, patch: true).Ok);
        lab.Pass(minutes: 1);
    }
}
