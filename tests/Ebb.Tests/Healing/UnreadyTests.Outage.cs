using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

// Many machines at once.
public sealed partial class UnreadyTests
{
    [Theory]
    [InlineData(2, 2, true)]
    [InlineData(3, 3, false)]
    [InlineData(3, 6, false)]
    [InlineData(3, 7, true)]
    [InlineData(40, 80, false)]
    public void Many_nodes_that_are_not_ready_at_once_are_an_outage_and_stay(int silent, int all, bool go)
    {
        var some = new Some().With(Some.Pool(max: 100));
        for (var i = 0; i < all; i++)
        {
            some.AddNode([Some.Pod($"frame-{i}") with { LeavesBy = i < silent ? Noon.AddHours(-1) : null }], edit: i < silent ? Down : null);
        }

        some.Notes[Notes.Unready("agents")] = $"{Notes.Write(Noon.AddHours(-1))}={string.Join(',', Enumerable.Range(0, silent))}";

        var plan = some.Plan();

        Assert.Equal(go ? silent : 0, plan.Decisions.Count(decision => decision is Decision.Cordon));
        Assert.Equal(
            go ? "retiring: not ready for 60 min, cordoned to be removed"
                : $"kept: not ready for 60 min, but {silent} of {all} nodes are not ready, more likely for an outage than for so many dead machines: none of them is removed",
            plan.Reasons.Nodes[Node]);
    }

    [Fact]
    public void An_outage_of_one_pool_is_not_made_small_by_the_others()
    {
        var some = new Some().With(Some.Pool()).With(Some.Pool("others", max: 50));
        for (var i = 0; i < 3; i++)
        {
            some.AddNode(edit: Down);
        }

        for (var i = 0; i < 10; i++)
        {
            some.AddNode(pool: "others");
        }

        some.Notes[Notes.Unready("agents")] = $"{Notes.Write(Noon.AddHours(-1))}=0,1,2";

        Assert.Contains("but 3 of 3 nodes of pool agents are not ready", some.Plan().Reasons.Nodes[Node], StringComparison.Ordinal);
    }

    [Fact]
    public void Machines_that_never_were_ready_are_no_outage()
    {
        var some = new Some().With(Some.Pool());
        for (var i = 0; i < 4; i++)
        {
            some.AddNode(edit: Down);
        }

        some.Notes[Notes.Unjoined("agents")] = $"{Notes.Write(Noon.AddMinutes(-15))}=0,1,2,3";

        Assert.Equal(4, some.Plan().Decisions.Count(decision => decision is Decision.Cordon));
    }

    [Fact]
    public void During_an_outage_nodes_that_were_idle_before_do_not_go_either()
    {
        var some = new Some().With(Some.Pool());
        for (var i = 0; i < 4; i++)
        {
            some.AddNode(edit: node => Some.Marked(idleSince: Noon.AddHours(-1))(i < 3 ? Down(node) : node));
        }

        some.Nodes[1] = Some.Marked(retiring: TaintEffect.NoSchedule, since: Noon.AddMinutes(-1))(some.Nodes[1]);

        var plan = some.Plan();

        Assert.Equal("agents000003", Assert.Single(plan.Decisions.OfType<Decision.Cordon>()).Node);
        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Remove or Decision.Release);
        Assert.Equal("kept: idle 60 min, but 3 of 4 nodes are not ready, more likely for an outage than for so many dead machines", plan.Reasons.Nodes[Node]);
    }
}
