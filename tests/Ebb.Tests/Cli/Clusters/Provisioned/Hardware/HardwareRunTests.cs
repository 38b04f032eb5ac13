using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

/// <summary>Control-plane machines become other hardware, or fewer, whatever becomes of any request, and the store never loses its majority.</summary>
[Trait("Suite", "sim")]
public sealed class HardwareRunTests
{
    private const string One = "\ncontrolPlane:\n  machines: 1";

    private const string Three = "\ncontrolPlane:\n  machines: 3";

    private const string InZones = Three + "\n  zones: [1, 2, 3]";

    public static TheoryData<string> Troubles => [.. FaultMatrixTests.OfWrites];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Machines_are_resized_one_after_the_other_whatever_becomes_of_any_request(string trouble) => Matrix(
        Three, Three + "\n  size: Standard_D2s_v3", trouble,
        (lab, when) =>
        {
            Assert.True(lab.Machines.All(machine => machine is { Size: "Standard_D2s_v3", Power: PowerState.Running }), when);
            Assert.True(lab.Down.Distinct().SequenceEqual([PlaneLab.Name(0), PlaneLab.Name(1), PlaneLab.Name(2)]), $"{when}: {string.Join(", ", lab.Down)}");
        });

    [Theory]
    [InlineData(FaultMatrixTests.OperationFails)]
    [InlineData("crash")]
    public void Machines_that_leave_their_hardware_for_a_size_stay_the_machines_that_they_are_whatever_becomes_of_any_request(string trouble) => Matrix(
        InZones, InZones + "\n  size: Standard_F4s_v2", trouble,
        (lab, when) =>
        {
            Assert.True(lab.Machines.All(machine => machine is { Size: "Standard_F4s_v2", Power: PowerState.Running }), when);
            Assert.True(lab.Ids.OrderBy(id => id.Key).SequenceEqual(lab.FirstIds.OrderBy(id => id.Key)), when);
        });

    [Theory]
    [MemberData(nameof(Troubles))]
    public void What_only_another_machine_can_be_is_made_anew_one_after_the_other_whatever_becomes_of_any_request(string trouble) => Matrix(
        Three, Three + "\n  size: Standard_D2s_v5", trouble,
        (lab, when) =>
        {
            Assert.True(lab.Machines.All(machine => machine is { Size: "Standard_D2s_v5", Power: PowerState.Running }), when);
            Assert.True(lab.Machines.Count() == 3 && lab.Nodes.Count == 3, when);
            Assert.True(lab.Forgotten.Distinct().Count() >= 2, when);
        });

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Three_become_one_with_the_address_that_there_was_whatever_becomes_of_any_request(string trouble) => Matrix(
        Three, One, trouble,
        (lab, when) =>
        {
            Assert.True(lab.Machines.Single().Name == PlaneLab.Name(0), when);
            Assert.True(lab.Nodes.Single().Metadata.Name == PlaneLab.Name(0), when);
            Assert.True(lab.FirstBoots[PlaneLab.Name(0)] == lab.Boots[PlaneLab.Name(0)], when);
            Assert.True(lab.Machines.Single().VmId.Length > 0 && lab.Cloud.Do(() => lab.Cloud.Cloud.Groups.ListAsync("farm-compute", CancellationToken.None)).Count(r => r.Type.EndsWith("networkInterfaces", StringComparison.OrdinalIgnoreCase) || r.Type.EndsWith("loadBalancers", StringComparison.OrdinalIgnoreCase)) == 1, when);
        });

    [Fact]
    public void A_machine_whose_resizing_failed_says_its_new_size_and_is_done_again_all_the_same()
    {
        using var lab = new PlaneLab(Three);
        const string Wanted = Three + "\n  size: Standard_D2s_v3";
        lab.Cloud.Wire.Before = request =>
        {
            if (request.Method == HttpMethod.Patch)
            {
                lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.FailOperation, On = CallKind.PutMachine, Count = 1, Code = "AllocationFailed" });
                lab.Cloud.Wire.Before = null;
            }
        };
        Assert.Contains("AllocationFailed", Assert.Throws<CloudException>(() => lab.Up(Wanted)).Message, StringComparison.Ordinal);

        var plan = lab.Plan(Wanted);
        lab.Up(Wanted);

        Assert.Contains("what was last done to it failed (AllocationFailed)", plan.Changes.Single(change => change.Name == PlaneLab.Name(0)).Means, StringComparison.Ordinal);
        Assert.All(lab.Machines, machine => Assert.Equal(("Standard_D2s_v3", PowerState.Running), (machine.Size, machine.Power)));
        Assert.Empty(lab.QuorumLost);
        Assert.Empty(lab.Plan(Wanted).Changes);
    }

    [Fact]
    public void Five_become_three_the_highest_number_first()
    {
        using var lab = new PlaneLab("\ncontrolPlane:\n  machines: 5");
        var plan = lab.Plan(Three);

        Assert.True(plan.Touches);
        Assert.Equal([PlaneLab.Name(4), PlaneLab.Name(3)], plan.Changes.Where(change => change.Action is ChangeAction.Delete).Select(change => change.Name));
        lab.Up(Three);

        Assert.Equal([PlaneLab.Name(4), PlaneLab.Name(3)], lab.Down);
        Assert.Equal(3, lab.Machines.Count());
        Assert.Empty(lab.QuorumLost);
        Assert.Empty(lab.Plan(Three).Changes);
    }

    [Fact]
    public void A_dead_member_leaves_before_one_that_lives()
    {
        using var lab = new PlaneLab(Three);
        lab.CutPower(PlaneLab.Name(1));

        lab.Up(One);

        Assert.Equal(PlaneLab.Name(0), Assert.Single(lab.Machines).Name);
        Assert.Empty(lab.QuorumLost);
    }

    [Fact]
    public void None_leaves_while_one_that_stays_is_not_there_or_not_ready()
    {
        using var lab = new PlaneLab(Three);
        lab.CutPower(PlaneLab.Name(0));

        Assert.Contains("farm-control-plane-0 is not ready", Assert.Throws<IOException>(() => lab.Up(One)).Message, StringComparison.Ordinal);
        lab.Cloud.Do(() => lab.Cloud.Cloud.Groups.RemoveResourceAsync(lab.Machines.First().ResourceId, "2023-09-01", CancellationToken.None));
        var e = Assert.Throws<EbbException>(() => lab.Up(One));

        Assert.Contains("it may hold what farm-control-plane-0, which is not there, would have to take over", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, lab.Machines.Count());
    }

    [Fact]
    public void Hardware_that_does_not_offer_a_size_is_left_and_a_disk_grows_while_it_is()
    {
        using var lab = new PlaneLab(InZones);
        var wanted = InZones + "\n  size: Standard_F4s_v2\n  diskGiB: 64";

        var plan = lab.Plan(wanted);
        lab.Up(wanted);

        Assert.All(plan.Changes.Where(change => change.ByMachine), change => Assert.Contains("emptied, stopped, resized and started", change.Means, StringComparison.Ordinal));
        Assert.All(lab.Machines, machine => Assert.Equal(("Standard_F4s_v2", PowerState.Running), (machine.Size, machine.Power)));
        Assert.Equal([PlaneLab.Name(0), PlaneLab.Name(1), PlaneLab.Name(2)], lab.Down);
        Assert.Empty(lab.QuorumLost);
        Assert.Empty(lab.Plan(wanted).Changes);
    }

    [Fact]
    public void Machines_that_stand_on_one_hardware_are_not_moved_and_zones_are_the_way_out()
    {
        using var lab = new PlaneLab(Three);

        var e = Assert.Throws<EbbException>(() => lab.Up(Three + "\n  size: Standard_F4s_v2"));
        Assert.Contains("does not offer Standard_F4s_v2", e.Message, StringComparison.Ordinal);
        Assert.Contains("Take Standard_D4s_v3, ", e.Message, StringComparison.Ordinal);
        lab.Up(InZones + "\n  size: Standard_F4s_v2");

        Assert.Equal(["1", "2", "3"], lab.Machines.Select(machine => machine.Zone));
        Assert.All(lab.Machines, machine => Assert.Equal("Standard_F4s_v2", machine.Size));
        Assert.Empty(lab.QuorumLost);
        Assert.Empty(lab.Plan(InZones + "\n  size: Standard_F4s_v2").Changes);
    }

    [Fact]
    public void One_machine_is_resized_with_a_word_about_the_API_and_stays_the_machine_that_it_is()
    {
        using var lab = new PlaneLab(One);
        var machine = lab.Machines.Single().VmId;
        var wanted = One + "\n  size: Standard_F4s_v2";

        var plan = lab.Plan(wanted);
        lab.Up(wanted);

        Assert.True(plan.Touches);
        Assert.Contains("the Kubernetes API is away for 3 to 10 minutes", Assert.Single(plan.Hardware.Notes), StringComparison.Ordinal);
        Assert.Equal((machine, "Standard_F4s_v2"), (lab.Machines.Single().VmId, lab.Machines.Single().Size));
        Assert.NotEqual(lab.FirstBoots[PlaneLab.Name(0)], lab.Boots[PlaneLab.Name(0)]);
        Assert.Empty(lab.Held);
    }

    [Fact]
    public void What_only_another_machine_can_be_is_refused_for_the_only_one_with_the_way_out()
    {
        using var lab = new PlaneLab(One);

        var e = Assert.Throws<EbbException>(() => lab.Up(One + "\n  size: Standard_D2s_v5"));

        Assert.Contains("Azure turns no machine with a disk of its own into one without, and its disk holds all that Kubernetes knows. Make it three machines first", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(lab.Cloud.Wire.Calls, call => call.StartsWith("PATCH", StringComparison.Ordinal) || call.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public void None_is_begun_while_another_is_not_ready_unless_forced()
    {
        using var lab = new PlaneLab(Three);
        lab.Freeze(PlaneLab.Name(2));
        const string Wanted = Three + "\n  size: Standard_D2s_v3";

        var e = Assert.Throws<IOException>(() => lab.Up(Wanted));

        Assert.Contains("farm-control-plane-0 is not begun: farm-control-plane-2 is not ready", e.Message, StringComparison.Ordinal);
        Assert.Empty(lab.Down);
        lab.Up(Wanted, force: true);
        Assert.Equal(3, lab.Down.Count);
    }

    [Fact]
    public void A_size_that_Azure_refuses_after_all_leaves_the_machine_as_it_was_and_at_work()
    {
        using var lab = new PlaneLab(Three);
        lab.Cloud.Wire.Once(call => call.StartsWith("PATCH ", StringComparison.Ordinal), System.Net.HttpStatusCode.Conflict, """{"error":{"code":"OperationNotAllowed","message":"Operation could not be completed as it results in exceeding approved Total Regional Cores quota."}}""");

        var e = Assert.Throws<Ebb.Clouds.CloudException>(() => lab.Up(Three + "\n  size: Standard_D2s_v3"));

        Assert.Contains("Giving machine 'farm-control-plane-0' the size Standard_D2s_v3", e.Message, StringComparison.Ordinal);
        Assert.Empty(lab.Held);
        Assert.Empty(lab.Down);
    }

    [Fact]
    public void A_machine_that_somebody_stopped_is_started()
    {
        using var lab = new PlaneLab(Three);
        lab.CutPower(PlaneLab.Name(1));

        Assert.Equal("has no power: started", Assert.Single(lab.Plan(Three).Changes).Means);
        lab.Up(Three);

        Assert.All(lab.Machines, machine => Assert.Equal(PowerState.Running, machine.Power));
        Assert.Empty(lab.Plan(Three).Changes);
    }

    [Fact]
    public void A_machine_that_was_stopped_to_grow_its_disk_gets_it_before_it_is_started()
    {
        using var lab = new PlaneLab(Three);
        lab.CutPower(PlaneLab.Name(1));

        lab.Up(Three + "\n  diskGiB: 64");

        Assert.Equal([PlaneLab.Name(0), PlaneLab.Name(2)], lab.Down);
        Assert.Empty(lab.Plan(Three + "\n  diskGiB: 64").Changes);
    }

    internal static void Matrix(string before, string after, string trouble, Action<PlaneLab, string> check) =>
        PlaneMatrix.Run(() => new PlaneLab(before), after, trouble, check, patches: true);
}
