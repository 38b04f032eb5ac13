using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Cloud;

public class FaultTests
{
    [Fact]
    public void An_error_strikes_the_named_call_as_often_as_it_says()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        lab.World.Faults.Add(new Fault { Kind = FaultKind.Error, On = CallKind.PutScaleSet, Count = 2, Status = 500, Code = "InternalServerError" });

        var outcomes = Enumerable.Range(2, 3).Select(n => lab.World.SetCapacity(Lab.Group, Lab.Set, n)).ToList();

        Assert.Equal(["InternalServerError", "InternalServerError", null], outcomes.Select(o => o.Error?.Code));
        Assert.Equal(4, lab.Current.Capacity);
        Assert.Empty(lab.World.Faults.InForce);
    }

    [Fact]
    public void A_fault_of_one_pool_leaves_the_others_alone()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        lab.World.Faults.Add(new Fault { Kind = FaultKind.Error, Pool = "others" });

        Assert.True(lab.World.SetCapacity(Lab.Group, Lab.Set, 2).Ok);
    }

    [Theory]
    [InlineData(FaultKind.TimeoutDone, 3)]
    [InlineData(FaultKind.TimeoutNotDone, 1)]
    public void A_call_without_an_answer_has_worked_or_not(FaultKind kind, int capacity)
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        lab.World.Faults.Add(new Fault { Kind = kind, On = CallKind.PutScaleSet, Count = 1 });

        var outcome = lab.World.SetCapacity(Lab.Group, Lab.Set, 3);

        Assert.True(outcome.Unanswered);
        Assert.Equal(capacity, lab.Current.Capacity);
    }

    [Fact]
    public void A_throttled_call_says_when_to_come_again()
    {
        using var lab = new Lab();
        lab.World.Faults.Add(new Fault { Kind = FaultKind.Throttle, On = CallKind.ListScaleSets, Span = TimeSpan.FromSeconds(17), Count = 1 });

        var error = lab.World.ListScaleSets(Lab.Group).Error!;

        Assert.Equal((429, TimeSpan.FromSeconds(17), "TooManyRequests"), (error.Status, error.RetryAfter, error.Details[0].Code));
    }

    [Fact]
    public void A_delayed_answer_says_so()
    {
        using var lab = new Lab();
        lab.World.Faults.Add(new Fault { Kind = FaultKind.Delay, Span = TimeSpan.FromSeconds(9), Count = 1 });

        Assert.Equal(TimeSpan.FromSeconds(9), lab.World.ListScaleSets(Lab.Group).Delay);
    }

    [Fact]
    public void A_stale_list_shows_what_was()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2));
        lab.Pass(minutes: 5);
        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 2);
        lab.World.Faults.Add(new Fault { Kind = FaultKind.StaleList, Span = TimeSpan.FromMinutes(3), Count = 2 });

        var instances = lab.World.ListInstances(Lab.Group, Lab.Set).Value!;
        var sets = lab.World.ListScaleSets(Lab.Group).Value!;

        Assert.Equal(["0", "1"], instances.Items.Select(i => i.Id));
        Assert.Equal(2, sets.Items[0].Capacity);
        Assert.Equal(["1"], lab.World.ListInstances(Lab.Group, Lab.Set).Value!.Items.Select(i => i.Id));
    }

    [Fact]
    public void A_partial_page_says_that_more_cannot_be_read()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(4));
        lab.World.Faults.Add(new Fault { Kind = FaultKind.PartialPage, On = CallKind.ListInstances, Count = 1 });

        var part = lab.World.ListInstances(Lab.Group, Lab.Set).Value!;

        Assert.Equal((2, false), (part.Items.Length, part.Complete));
    }

    [Fact]
    public void A_stuck_machine_stays_creating_and_its_operation_gives_up()
    {
        using var lab = new Lab();
        lab.World.Faults.Add(new Fault { Kind = FaultKind.StuckCreating, Count = 1 });

        var outcome = lab.Put(Lab.Spec(2));
        lab.Pass(minutes: 45);

        Assert.Equal([ProvisioningState.Creating, ProvisioningState.Succeeded], lab.Current.Instances.Values.Select(i => i.Provisioning));
        Assert.Equal(OperationStatus.Failed, lab.Operation(outcome).Status);
    }

    [Fact]
    public void A_machine_stuck_in_deleting_goes_when_deleted_by_force()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        lab.World.Faults.Add(new Fault { Kind = FaultKind.StuckDeleting, Count = 1 });
        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 60);
        Assert.Equal(ProvisioningState.Deleting, lab.Current.Instances[0].Provisioning);

        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["0"], force: true);
        lab.Pass(minutes: 2);

        Assert.Empty(lab.Current.Instances);
        Assert.Equal(0, lab.Current.Capacity);
    }

    [Fact]
    public void A_machine_that_never_boots_looks_well_to_the_cloud()
    {
        using var lab = new Lab();
        lab.World.Faults.Add(new Fault { Kind = FaultKind.NeverBoots, Count = 1 });

        lab.Have(Lab.Spec(1));
        lab.Pass(minutes: 60);

        Assert.Equal((ProvisioningState.Succeeded, PowerState.Running, false), (lab.Current.Instances[0].Provisioning, lab.Current.Instances[0].Power, lab.Current.Instances[0].GuestUp));
        Assert.DoesNotContain(InstanceEvent.Booted, lab.EventsOf(0));
    }

    [Fact]
    public void A_slow_machine_boots_late()
    {
        using var lab = new Lab();
        lab.World.Faults.Add(new Fault { Kind = FaultKind.SlowBoot, Span = TimeSpan.FromMinutes(10), Count = 1 });

        lab.Have(Lab.Spec(1));
        var early = lab.Current.Instances[0].GuestUp;
        lab.Pass(minutes: 10);

        Assert.False(early);
        Assert.True(lab.Current.Instances[0].GuestUp);
    }

    [Fact]
    public void A_failed_machine_counts_and_says_why()
    {
        using var lab = new Lab();
        lab.World.Faults.Add(new Fault { Kind = FaultKind.FailedInstance, Code = "VMExtensionProvisioningError", Count = 1 });

        lab.Have(Lab.Spec(2));

        Assert.Equal((ProvisioningState.Failed, "VMExtensionProvisioningError"), (lab.Current.Instances[0].Provisioning, lab.Current.Instances[0].Failure!.Code));
        Assert.Equal((2, ProvisioningState.Failed), (lab.Current.Capacity, lab.Current.Provisioning));
    }

    [Fact]
    public void A_growth_that_fails_in_the_background_places_nothing_and_keeps_the_capacity()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));
        lab.World.Faults.Add(new Fault { Kind = FaultKind.FailOperation, Code = "AllocationFailed", Count = 1 });

        var outcome = lab.World.SetCapacity(Lab.Group, Lab.Set, 3);
        lab.Pass(minutes: 3);

        Assert.Equal("AllocationFailed", lab.Operation(outcome).Error!.Code);
        Assert.Equal((3, 1), (lab.Current.Capacity, lab.Current.Instances.Count));
    }

    [Fact]
    public void Calls_beyond_a_limit_are_refused_until_the_bucket_has_filled_again()
    {
        using var lab = new Lab(new CloudOptions { Throttling = true });
        lab.Have(Lab.Spec(0));

        // The set's bucket holds 12; the one call that made it was three minutes ago.
        var outcomes = Enumerable.Range(0, 13).Select(_ => lab.World.SetCapacity(Lab.Group, Lab.Set, 0)).ToList();

        Assert.Equal(12, outcomes.Count(o => o.Ok));
        var error = outcomes[^1].Error!;
        Assert.Equal((429, "PutVMScaleSet3Min", true), (error.Status, error.Details[0].Target, error.Bare));
        lab.Time.Advance(error.RetryAfter!.Value);
        Assert.True(lab.World.SetCapacity(Lab.Group, Lab.Set, 0).Ok);
    }

    [Fact]
    public void Requests_are_counted_by_kind()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));

        lab.World.ListScaleSets(Lab.Group);
        lab.World.SetCapacity(Lab.Group, "nothing", 3);

        Assert.Equal((4, 3, 2), (lab.World.Requests.Total, lab.World.Requests.Writes, lab.World.Requests.ByKind[CallKind.PutScaleSet]));
    }
}
