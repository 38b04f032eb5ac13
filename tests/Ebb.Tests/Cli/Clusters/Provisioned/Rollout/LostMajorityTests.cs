using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

/// <summary>Control planes of which so many machines are gone that the rest is no majority of the store.</summary>
[Trait("Suite", "sim")]
public sealed class LostMajorityTests
{
    private const string Three = "\ncontrolPlane:\n  machines: 3";

    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static readonly ResourceNames Names = new(CloudCase.File(CloudCase.Starter + "\ncontrolPlane:\n  machines: 5"), "s");

    [Fact]
    public void Where_one_machine_of_three_is_left_nothing_is_made_anew_before_a_person_has_made_its_store_one_of_its_own()
    {
        using var lab = new PlaneLab(Three);
        lab.Lose(0);
        var one = lab.Plan(Three).ControlPlane!;
        lab.Lose(2);

        var plan = lab.Plan(Three);

        Assert.Null(one.LostMajority);
        one.RequireFollowing();
        var refused = Assert.Throws<EbbException>(plan.ControlPlane!.RequireFollowing);
        Assert.StartsWith("farm-control-plane-0 and farm-control-plane-2 are gone, and farm-control-plane-1 alone is no majority of the control plane's store", refused.Message, StringComparison.Ordinal);
        Assert.Contains(
            "'ebb proxy -m 1' logs in to farm-control-plane-1. There: 'sudo systemctl stop k3s', \"sudo sed -i '/^server:/d' /etc/rancher/k3s/config.yaml.d/10-machine.yaml\", "
            + "'sudo k3s server --cluster-reset', which ends by itself, and 'sudo systemctl start k3s'. Once 'kubectl get nodes' answers, 'ebb up' makes the others anew.",
            refused.Message,
            StringComparison.Ordinal);
        Assert.Contains(refused.Message.Split(" Nothing has been changed")[0], plan.ControlPlane.Notes);
    }

    [Fact]
    public void Once_the_one_that_is_left_answers_alone_the_others_are_made_anew()
    {
        using var lab = new PlaneLab(Three);
        lab.Lose(0);
        lab.Lose(2);
        lab.Answers = true;

        lab.Plan(Three).ControlPlane!.RequireFollowing();
        lab.Up(Three);

        Assert.Equal(3, lab.Nodes.Count(node => node.IsReady()));
        Assert.Equal(lab.FirstIds[PlaneLab.Name(1)], lab.Ids[PlaneLab.Name(1)]);
        lab.Answers = false;
        lab.Plan(Three).ControlPlane!.RequireFollowing();
    }

    [Fact]
    public void Of_several_that_are_left_one_carries_on_and_the_others_are_made_anew()
    {
        var lost = LostMajority.Of([.. Reports(5)], [.. Machines(1, 4)], Names, " -f farm.yaml");

        Assert.EndsWith(
            "On farm-control-plane-4 stop k3s before that, too. Once 'kubectl get nodes' answers, delete farm-control-plane-4 ('az vm delete -g farm-compute -n farm-control-plane-4'), "
            + "and 'ebb up -f farm.yaml' makes the others anew.",
            lost!.Remedy,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 2, false)]
    [InlineData(3, 1, true)]
    [InlineData(3, 0, false)]
    [InlineData(5, 3, false)]
    [InlineData(5, 2, true)]
    [InlineData(2, 1, true)]
    [InlineData(1, 1, false)]
    public void A_majority_is_more_than_half_of_those_that_held_the_store(int held, int left, bool lost) =>
        Assert.Equal(lost, LostMajority.Of([.. Reports(held)], [.. Machines([.. Enumerable.Range(0, left)])], Names, "") is not null);

    [Fact]
    public void Machines_that_are_yet_to_be_made_or_to_join_are_not_lost()
    {
        ReportedMachine[] reports = [Report(0, store: true), Report(1, store: false), new(Names.ControlPlaneMachine(2), null)];

        Assert.Null(LostMajority.Of([.. reports], [.. Machines(0, 1)], Names, ""));
    }

    [Fact]
    public void Those_that_the_file_no_longer_asks_for_count_as_long_as_they_are_there() =>
        Assert.Null(LostMajority.Of([.. Reports(2)], [.. Machines(0, 3, 4)], Names, ""));

    private static IEnumerable<ReportedMachine> Reports(int count) => Enumerable.Range(0, count).Select(index => Report(index, store: true));

    private static ReportedMachine Report(int index, bool store) => new(Names.ControlPlaneMachine(index), new ControlPlaneState
    {
        Machine = Names.ControlPlaneMachine(index),
        Generation = "g",
        Attempt = 1,
        Phase = ControlPlanePhase.Done,
        Release = "",
        Ebb = "",
        Store = store,
        At = Noon,
    });

    private static IEnumerable<VirtualMachine> Machines(params int[] indices) => indices.Select(index => new VirtualMachine(Names.ControlPlaneMachine(index), []));
}
