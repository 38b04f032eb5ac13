using Ebb.Planning;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

// What the cloud's list says of them, and how old that is.
public sealed partial class UnreadyTests
{
    [Theory]
    [InlineData(-6, false)]
    [InlineData(-4, true)]
    public void It_goes_only_by_a_list_that_is_newer_than_its_cordon(int readSeconds, bool goes)
    {
        var some = Silent(TimeSpan.FromMinutes(20));
        Cordon(some);
        some.Edit("agents", view => view with { MachinesReadAt = Noon.AddSeconds(readSeconds) });

        var plan = some.Plan();

        Assert.Equal(goes, plan.Decisions.Any(decision => decision is Decision.Remove));
        Assert.Contains("agents", plan.InMotion);
    }

    [Theory]
    [InlineData(18.5, false)]
    [InlineData(19, true)]
    public void Its_machines_are_listed_anew_from_a_minute_before_it_is_due(double minutes, bool listed) =>
        Assert.Equal(listed, Silent(TimeSpan.FromMinutes(minutes)).Plan().InMotion.Contains("agents"));

    [Fact]
    public void What_the_cloud_began_to_work_on_behind_its_cordon_is_released_and_not_taken_for_one_that_is_done()
    {
        var some = Silent(TimeSpan.FromMinutes(20));
        Cordon(some);
        some.Nodes[0] = Some.Marked(idleSince: Noon.AddHours(-1))(some.Nodes[0]);
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { Changing = true }] });

        var plan = some.PlanAndRemember();

        Assert.Empty(plan.Decisions.OfType<Decision.Remove>());
        Assert.Single(plan.Decisions.OfType<Decision.Release>());
        Assert.Equal("kept: not ready, and the cloud is at work on its machine", plan.Reasons.Nodes[Node]);
        Assert.DoesNotContain(Notes.Unready("agents"), some.Notes.Keys);
    }

    [Fact]
    public void What_the_cloud_is_at_work_on_does_not_go_for_having_been_idle_before()
    {
        var some = Silent(TimeSpan.FromMinutes(1));
        some.Nodes[0] = Some.Marked(idleSince: Noon.AddHours(-1))(some.Nodes[0]);
        some.Edit("agents", view => view with { Machines = [view.Machines[0] with { Changing = true }] });

        Assert.DoesNotContain(some.Plan().Decisions, decision => decision is Decision.Cordon or Decision.Remove);
    }
}
