using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

/// <summary>Sizes whose machines have accelerated network cards and sizes whose have not, in place of each other.</summary>
public sealed class AcceleratedCardTests
{
    private const string One = "\ncontrolPlane:\n  machines: 1";

    private const string Three = "\ncontrolPlane:\n  machines: 3";

    private const string InZones = Three + "\n  zones: [1, 2, 3]";

    private const string Plain = "\n  size: Standard_B2ms";

    private const string Fast = "\n  size: Standard_D4s_v3";

    private const string Diskless = "\n  size: Standard_D2s_v5";

    [Fact]
    public void One_machine_gets_a_size_that_has_it_and_goes_back_with_the_card_that_it_was_made_with()
    {
        using var lab = new PlaneLab(One + Plain);
        Assert.Equal([false], lab.Accelerated);

        Become(lab, One + Fast, "resized in place");
        Assert.Equal([false], lab.Accelerated);
        Become(lab, One + Plain, "resized in place");

        Assert.Equal([false], lab.Accelerated);
        Assert.Equal(lab.FirstIds, lab.Ids);
    }

    [Theory]
    [InlineData(One)]
    [InlineData(Three)]
    [InlineData(InZones)]
    public void Machines_that_were_made_with_it_are_stopped_for_a_size_without_and_go_back_without_it(string machines)
    {
        using var lab = new PlaneLab(machines + Fast);
        Assert.All(lab.Accelerated, Assert.True);

        Become(lab, machines + Plain, "stopped, resized, its network card without acceleration, and started");
        Assert.All(lab.Accelerated, Assert.False);
        Become(lab, machines + Fast, "resized in place");

        Assert.All(lab.Accelerated, Assert.False);
        Assert.Equal(lab.FirstIds, lab.Ids);
        Assert.Empty(lab.QuorumLost);
    }

    [Fact]
    public void Machines_in_zones_that_are_made_anew_have_cards_as_their_size_has_them()
    {
        using var lab = new PlaneLab(InZones + Plain);

        Become(lab, InZones + Diskless, "made anew as a new member");
        Assert.All(lab.Accelerated, Assert.True);
        Become(lab, InZones + Plain, "made anew as a new member");

        Assert.All(lab.Accelerated, Assert.False);
        Assert.Empty(lab.QuorumLost);
    }

    [Fact]
    public void Machines_of_one_availability_set_that_are_made_anew_have_cards_as_the_others_have_them()
    {
        using var lab = new PlaneLab(Three + Plain);

        Become(lab, Three + Diskless, "made anew as a new member");

        Assert.All(lab.Accelerated, Assert.False);
        Assert.Empty(lab.QuorumLost);
    }

    [Fact]
    public void One_machine_is_joined_by_two_of_a_size_that_has_it()
    {
        using var lab = new PlaneLab(One + Plain);

        lab.Up(Three + Fast);

        Assert.Equal(3, lab.Machines.Count());
        Assert.All(lab.Machines, machine => Assert.Equal(("Standard_D4s_v3", PowerState.Running), (machine.Size, machine.Power)));
        Assert.Empty(lab.Plan(Three + Fast).Changes);
    }

    [Fact]
    public void A_machine_that_somebody_stopped_loses_it_before_it_is_resized_and_started()
    {
        using var lab = new PlaneLab(InZones + Fast);
        lab.CutPower(PlaneLab.Name(1));

        lab.Up(InZones + Plain);

        Assert.All(lab.Accelerated, Assert.False);
        Assert.All(lab.Machines, machine => Assert.Equal(("Standard_B2ms", PowerState.Running), (machine.Size, machine.Power)));
        Assert.Empty(lab.Plan(InZones + Plain).Changes);
    }

    [Fact]
    public void A_card_that_somebody_has_switched_stays_so_and_is_no_difference()
    {
        using var lab = new PlaneLab(One + Fast);
        lab.Cloud.Do(() => lab.Cloud.Cloud.Interfaces.SlowDownAsync("farm-compute", PlaneLab.Name(0), CancellationToken.None));

        Assert.Empty(lab.Plan(One + Fast).Changes);
        lab.Up(One + Fast + "\nnetwork:\n  dnsLabel: barn");

        Assert.Equal([false], lab.Accelerated);
    }

    private static void Become(PlaneLab lab, string yaml, string means)
    {
        var plan = lab.Plan(yaml);
        lab.Up(yaml);

        Assert.All(plan.Changes.Where(change => change.ByMachine), change => Assert.Contains(means, change.Means, StringComparison.Ordinal));
        Assert.DoesNotContain(plan.Changes, change => change.Type.EndsWith("networkInterfaces", StringComparison.OrdinalIgnoreCase) && change.Touches);
        Assert.All(lab.Machines, machine => Assert.Equal(PowerState.Running, machine.Power));
        Assert.Empty(lab.Plan(yaml).Changes);
    }
}

/// <summary>The same, whatever becomes of any request.</summary>
[Trait("Suite", "sim")]
public sealed class AcceleratedCardFaultTests
{
    private const string InZones = "\ncontrolPlane:\n  machines: 3\n  zones: [1, 2, 3]";

    public static TheoryData<string> Troubles => [.. FaultMatrixTests.OfWrites];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Machines_come_to_a_size_without_accelerated_cards_whatever_becomes_of_any_request(string trouble) => HardwareRunTests.Matrix(
        InZones + "\n  size: Standard_D4s_v3", InZones, trouble,
        (lab, when) =>
        {
            Assert.True(lab.Machines.All(machine => machine is { Size: "Standard_B2ms", Power: PowerState.Running }), when);
            Assert.True(lab.Accelerated.All(accelerated => accelerated is false), when);
        });

    [Theory]
    [InlineData(FaultMatrixTests.OperationFails)]
    [InlineData("crash")]
    public void Machines_come_to_a_size_with_accelerated_cards_whatever_becomes_of_any_request(string trouble) => HardwareRunTests.Matrix(
        InZones, InZones + "\n  size: Standard_D2s_v5", trouble,
        (lab, when) =>
        {
            Assert.True(lab.Machines.All(machine => machine is { Size: "Standard_D2s_v5", Power: PowerState.Running }), when);
            Assert.True(lab.Accelerated.All(accelerated => accelerated is true), when);
        });
}
