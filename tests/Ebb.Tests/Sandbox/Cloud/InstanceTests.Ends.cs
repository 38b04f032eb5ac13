using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Cloud;

// Evictions and terminations.
public partial class InstanceTests
{
    [Fact]
    public void An_evicted_spot_machine_is_noticed_then_cut_and_deleted_with_its_place_in_the_capacity()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });

        Assert.True(lab.World.SimulateEviction(Lab.Group, Lab.Set, "0").Ok);

        var announced = Assert.Single(lab.World.EventsOf(Lab.Group, Lab.Set)!.Events);
        Assert.Equal(("Preempt", "agents_0", lab.Time.GetUtcNow().AddSeconds(30)), (announced.Type, announced.Resources.Single(), announced.NotBefore));
        lab.Pass(minutes: 0.49);
        Assert.Equal(PowerState.Running, lab.Current.Instances[0].Power);
        lab.Pass(minutes: 0.02);
        Assert.Equal((1, ProvisioningState.Deleting, PowerState.Stopped), (lab.Current.Capacity, lab.Current.Instances[0].Provisioning, lab.Current.Instances[0].Power));
        lab.Pass(minutes: 1);
        Assert.Equal(["1"], lab.Ids);
        Assert.Equal([InstanceEvent.PreemptNotice, InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.Gone], lab.EventsOf(0).TakeLast(4));
        Assert.Empty(lab.World.EventsOf(Lab.Group, Lab.Set)!.Events);
    }

    [Fact]
    public void An_evicted_spot_machine_may_only_be_deallocated_and_started_again()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Deallocate });

        lab.World.SimulateEviction(Lab.Group, Lab.Set, "0");
        lab.Pass(minutes: 1);

        Assert.Equal((1, PowerState.Deallocated), (lab.Current.Capacity, lab.Current.Instances[0].Power));
        lab.World.Start(Lab.Group, Lab.Set, ["0"]);
        lab.Pass(minutes: 2);
        Assert.Equal(PowerState.Running, lab.Current.Instances[0].Power);
    }

    [Fact]
    public void An_acknowledged_eviction_does_not_wait_for_its_time()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });
        lab.World.SimulateEviction(Lab.Group, Lab.Set, "0");
        var announced = lab.World.EventsOf(Lab.Group, Lab.Set)!;

        Assert.True(lab.World.Acknowledge(Lab.Group, Lab.Set, announced.Events[0].Id));

        Assert.Equal(ProvisioningState.Deleting, lab.Current.Instances[0].Provisioning);
        Assert.True(lab.World.EventsOf(Lab.Group, Lab.Set)!.Incarnation > announced.Incarnation);
        Assert.False(lab.World.Acknowledge(Lab.Group, Lab.Set, announced.Events[0].Id));
    }

    [Fact]
    public void Regular_machines_are_not_evicted()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(1));

        Assert.Equal(409, lab.World.SimulateEviction(Lab.Group, Lab.Set, "0").Error!.Status);
    }

    [Fact]
    public void Spot_machines_in_excess_go_when_the_cloud_needs_them_back()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(5) with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });

        lab.World.SetAvailability([new Availability { Priority = Priority.Spot, Machines = 2 }]);
        lab.Pass(minutes: 3);

        Assert.Equal((2, 2), (lab.Current.Capacity, lab.Current.Instances.Count));
    }

    [Fact]
    public void A_set_with_termination_notices_deletes_when_all_of_a_delete_are_acknowledged()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2) with { TerminateNotice = TimeSpan.FromMinutes(5) });

        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["0", "1"]);
        var announced = lab.World.EventsOf(Lab.Group, Lab.Set)!.Events;
        lab.World.Acknowledge(Lab.Group, Lab.Set, announced[0].Id);
        lab.Pass(minutes: 2);
        var afterOne = lab.World.EventsOf(Lab.Group, Lab.Set)!.Events;
        var still = lab.Current.Instances.Count;
        lab.World.Acknowledge(Lab.Group, Lab.Set, announced[1].Id);
        lab.Pass(minutes: 1);

        Assert.Equal(["Terminate", "Terminate"], announced.Select(e => e.Type));
        Assert.Equal([true, false], afterOne.Select(e => e.NotBefore is null));
        Assert.Equal((2, 0), (still, lab.Current.Instances.Count));
        Assert.Empty(lab.World.EventsOf(Lab.Group, Lab.Set)!.Events);
    }

    [Fact]
    public void A_termination_nobody_acknowledges_comes_with_its_time_and_force_does_not_wait()
    {
        using var lab = new Lab();
        lab.Have(Lab.Spec(2) with { TerminateNotice = TimeSpan.FromMinutes(5) });

        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["0"]);
        lab.World.DeleteInstances(Lab.Group, Lab.Set, ["1"], force: true);
        lab.Pass(minutes: 4.9);
        var before = lab.Current.Instances.Keys.ToArray();
        lab.Pass(minutes: 1);

        Assert.Equal([0], before);
        Assert.Empty(lab.Current.Instances);
    }
}
