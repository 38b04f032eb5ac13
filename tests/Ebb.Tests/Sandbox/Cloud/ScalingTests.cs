using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Cloud;

public class ScalingTests
{
    [Fact]
    public void Raising_capacity_creates_machines_with_the_next_ids()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2));

        var outcome = lab.World.SetCapacity(Lab.Group, Lab.Set, 4);
        lab.Pass(minutes: 3);

        Assert.Equal(["0", "1", "2", "3"], lab.Ids);
        Assert.Equal(OperationStatus.Succeeded, lab.Operation(outcome).Status);
        Assert.All(lab.Current.Instances.Values, i => Assert.Equal((ProvisioningState.Succeeded, PowerState.Running, true), (i.Provisioning, i.Power, i.GuestUp)));
        Assert.Equal(ProvisioningState.Succeeded, lab.Current.Provisioning);
    }

    [Fact]
    public void A_machine_appears_powers_on_boots_and_says_so_in_that_order()
    {
        using var lab = new Lab();

        lab.Have(Lab.Spec(1));

        Assert.Equal([InstanceEvent.Created, InstanceEvent.PoweredOn, InstanceEvent.Booted], lab.EventsOf(0));
    }

    [Fact]
    public void Host_names_end_in_six_base_36_digits_in_upper_case()
    {
        using var lab = new Lab();

        lab.Have(Lab.Spec(37));

        Assert.Equal("agents000000", lab.Current.Instances[0].ComputerName);
        Assert.Equal("agents00000B", lab.Current.Instances[11].ComputerName);
        Assert.Equal("agents000010", lab.Current.Instances[36].ComputerName);
        Assert.Equal("agents_36", lab.Current.Instances[36].Name);
    }

    [Fact]
    public void Lowering_capacity_removes_the_highest_ids_and_spares_the_protected()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(5));
        Assert.True(lab.World.Protect(Lab.Group, Lab.Set, "4", fromScaleIn: true).Ok);

        lab.World.SetCapacity(Lab.Group, Lab.Set, 3);
        lab.Pass(minutes: 3);

        Assert.Equal(["0", "1", "4"], lab.Ids);
        Assert.Equal(3, lab.Current.Instances.Count);
    }

    [Fact]
    public void Lowering_capacity_below_the_protected_removes_fewer()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(3));
        lab.World.Protect(Lab.Group, Lab.Set, "0", fromScaleIn: true);
        lab.World.Protect(Lab.Group, Lab.Set, "2", fromScaleIn: true, fromSetActions: true);

        lab.World.SetCapacity(Lab.Group, Lab.Set, 0);
        lab.Pass(minutes: 3);

        Assert.Equal(["0", "2"], lab.Ids);
        Assert.Equal(0, lab.Current.Capacity);
    }

    [Theory]
    [InlineData(ScaleIn.OldestVM, "2")]
    [InlineData(ScaleIn.NewestVM, "0")]
    [InlineData(ScaleIn.Default, "0")]
    public void The_scale_in_rule_chooses_who_stays(ScaleIn rule, string stays)
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1) with { ScaleIn = rule });
        lab.World.SetCapacity(Lab.Group, Lab.Set, 2);
        lab.Pass(minutes: 3);
        lab.World.SetCapacity(Lab.Group, Lab.Set, 3);
        lab.Pass(minutes: 3);

        lab.World.SetCapacity(Lab.Group, Lab.Set, 1);
        lab.Pass(minutes: 3);

        Assert.Equal([stays], lab.Ids);
    }

    [Fact]
    public void Zones_are_kept_in_balance_on_the_way_up_and_down()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(6) with { Zones = ["1", "2", "3"] });
        Assert.Equal(["1", "2", "3", "1", "2", "3"], lab.Current.Instances.Values.Select(i => i.Zone));
        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["2", "5"]);
        lab.Pass(minutes: 3);

        lab.World.SetCapacity(Lab.Group, Lab.Set, 2);
        lab.Pass(minutes: 3);

        Assert.Equal(["1", "2"], lab.Current.Instances.Values.Select(i => i.Zone).Order());
    }

    [Fact]
    public void Deleting_machines_lowers_capacity_by_their_number()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(4));

        var outcome = lab.World.DeleteInstances(Lab.Group, Lab.Set, ["0", "2"]);

        Assert.Equal(2, lab.Current.Capacity);
        Assert.Equal(["1", "3"], lab.Ids);
        lab.Pass(minutes: 3);
        Assert.Equal(2, lab.Current.Instances.Count);
        Assert.Equal(OperationStatus.Succeeded, lab.Operation(outcome).Status);
        Assert.Equal([InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.Gone], lab.EventsOf(0).TakeLast(3));
    }

    [Fact]
    public void Deleting_a_machine_twice_lowers_capacity_once()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(3));

        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["1"]);
        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["1"]);
        lab.Pass(minutes: 3);
        var gone = lab.World.DeleteInstances(Lab.Group, Lab.Set, ["1"]);

        Assert.Equal(2, lab.Current.Capacity);
        Assert.Equal(("InvalidParameter", "The provided instanceId 1 is not an active Virtual Machine Scale Set VM instanceId."), (gone.Error!.Code, gone.Error.Message));
    }

    [Fact]
    public void Growth_beyond_a_quota_is_refused_and_changes_nothing()
    {
        using var lab = new Lab(new CloudOptions { Quotas = ImmutableSortedDictionary<string, int>.Empty.Add("cores", 10) });
        lab.Have(Lab.Spec(4));

        var outcome = lab.World.SetCapacity(Lab.Group, Lab.Set, 6);

        Assert.Equal((409, "OperationNotAllowed"), (outcome.Error!.Status, outcome.Error.Code));
        Assert.Contains("exceeding approved Total Regional Cores quota", outcome.Error.Message);
        Assert.Contains("Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12.", outcome.Error.Message);
        Assert.Equal(4, lab.Current.Capacity);
    }

    [Fact]
    public void Spot_machines_use_the_low_priority_quota_only()
    {
        using var lab = new Lab(new CloudOptions { Quotas = ImmutableSortedDictionary<string, int>.Empty.Add("cores", 0).Add("lowPriorityCores", 4) });
        lab.Have(Lab.Spec(2) with { Priority = Priority.Spot });

        var outcome = lab.World.SetCapacity(Lab.Group, Lab.Set, 3);

        Assert.Contains("LowPriorityCores", outcome.Error!.Message);
        Assert.Equal(4, lab.World.ListUsages().Value!.Items.Single(u => u.Name == "lowPriorityCores").Current);
    }

    [Theory]
    [InlineData(Shortage.Allocation, false, "AllocationFailed")]
    [InlineData(Shortage.Allocation, true, "ZonalAllocationFailed")]
    [InlineData(Shortage.Overconstrained, false, "OverconstrainedAllocationRequest")]
    [InlineData(Shortage.Overconstrained, true, "OverconstrainedZonalAllocationRequest")]
    public void A_shortage_fails_the_operation_later_and_leaves_the_capacity_as_asked(Shortage answer, bool zonal, string code)
    {
        using var lab = new Lab(new CloudOptions { Availability = [new Availability { Machines = 2, Answer = answer }] });
        lab.Have(Lab.Spec(1) with { Zones = zonal ? ["1"] : [] });

        var outcome = lab.World.SetCapacity(Lab.Group, Lab.Set, 5);
        lab.Pass(minutes: 3);

        Assert.True(outcome.Ok);
        Assert.Equal((OperationStatus.Failed, code), (lab.Operation(outcome).Status, lab.Operation(outcome).Error!.Code));
        Assert.Equal((5, 2, ProvisioningState.Failed), (lab.Current.Capacity, lab.Current.Instances.Count, lab.Current.Provisioning));
    }

    [Fact]
    public void Machines_that_found_no_place_may_be_listed_as_failed()
    {
        using var lab = new Lab(new CloudOptions { ListUnplaced = true, Availability = [new Availability { Machines = 1 }] });

        lab.Have(Lab.Spec(3));

        Assert.Equal(["AllocationFailed", "AllocationFailed"], lab.Current.Instances.Values.Where(i => i.Provisioning == ProvisioningState.Failed).Select(i => i.Failure!.Code));
    }

    [Fact]
    public void A_size_sold_out_is_refused_at_once_when_the_cloud_says_so()
    {
        using var lab = new Lab(new CloudOptions { Availability = [new Availability { Machines = 1, Answer = Shortage.SkuNotAvailable }] });
        lab.Have(Lab.Spec(1));

        var outcome = lab.World.SetCapacity(Lab.Group, Lab.Set, 2);

        Assert.Equal((409, "SkuNotAvailable"), (outcome.Error!.Status, outcome.Error.Code));
        Assert.Equal(1, lab.Current.Capacity);
    }

    [Fact]
    public void A_later_put_preempts_an_earlier_one()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(0));

        var first = lab.World.SetCapacity(Lab.Group, Lab.Set, 3);
        lab.Pass(minutes: 0.1);
        var second = lab.World.SetCapacity(Lab.Group, Lab.Set, 5);
        lab.Pass(minutes: 3);

        Assert.Equal("OperationPreempted", lab.Operation(first).Error!.Code);
        Assert.Equal(OperationStatus.Succeeded, lab.Operation(second).Status);
        Assert.Equal(5, lab.Current.Instances.Count);
    }

    [Fact]
    public void Overprovisioning_starts_more_and_keeps_what_was_asked_for()
    {
        using var lab = new Lab();

        lab.Put(Lab.Spec(10) with { Overprovision = true });
        lab.Pass(minutes: 0.1);
        var started = lab.Current.Instances.Count;
        lab.Pass(minutes: 5);

        Assert.Equal(12, started);
        Assert.Equal((10, 10), (lab.Current.Capacity, lab.Current.Instances.Count));
        Assert.All(lab.Current.Instances.Values, i => Assert.True(i.Counts && i.GuestUp));
    }

    [Fact]
    public void A_capacity_is_changed_only_at_the_entity_tag_it_was_read_at()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        var tag = lab.Current.ETagText;
        lab.World.SetCapacity(Lab.Group, Lab.Set, 2, tag);

        var late = lab.World.SetCapacity(Lab.Group, Lab.Set, 9, tag);

        Assert.Equal((412, "PreconditionFailed", "Etag provided in if-match header \"1\" does not match etag \"2\" of resource."), (late.Error!.Status, late.Error.Code, late.Error.Message));
        Assert.Equal(2, lab.Current.Capacity);
    }

    [Fact]
    public void What_a_put_leaves_out_stays_as_it_was()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1) with { ScaleIn = ScaleIn.OldestVM, Tags = Lab.Spec().Tags.Add("min", "1") });

        lab.World.CreateOrUpdateScaleSet(Lab.Group, Lab.Set, JsonNode.Parse("""{"location":"East US","sku":{"capacity":2}}""")!.AsObject());

        Assert.Equal((2, "Standard_D2s_v3", ScaleIn.OldestVM, "1"), (lab.Current.Capacity, lab.Current.Size, lab.Current.Spec.ScaleIn, lab.Current.Tags["min"]));
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_and_another_seed_another()
    {
        static string Run(int seed)
        {
            using var lab = new Lab(new CloudOptions { Seed = seed, SpotEvictionsPerHour = 2 });
            lab.Have(Lab.Spec(5) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete, Zones = ["1", "2"] });
            lab.World.SetCapacity(Lab.Group, Lab.Set, 8);
            lab.Pass(minutes: 60);
            lab.World.DeleteInstances(Lab.Group, Lab.Set, [lab.Ids[0]]);
            lab.Pass(minutes: 5);
            return string.Join('\n', lab.Changes.Select(c => $"{c.Event} {c.Instance.Name} {c.Instance.VmId} {c.Instance.Zone} {c.Notice}"));
        }

        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
    }

    [Fact]
    public void A_deleted_scale_set_is_gone_when_its_last_machine_is()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(3));

        var outcome = lab.World.DeleteScaleSet(Lab.Group, Lab.Set);
        Assert.Equal(ProvisioningState.Deleting, lab.Current.Provisioning);
        lab.Pass(minutes: 3);

        Assert.Null(lab.World.Find(Lab.Group, Lab.Set));
        Assert.Equal(OperationStatus.Succeeded, lab.Operation(outcome).Status);
    }
}
