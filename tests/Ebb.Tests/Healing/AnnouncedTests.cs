using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

/// <summary>Machines whose end, or whose shutdown, has been announced on their nodes.</summary>
public sealed class AnnouncedTests
{
    private static readonly DateTimeOffset Noon = Some.Noon;

    [Theory]
    [InlineData("Preempt 2026-01-01T12:00:30Z", 1)]
    [InlineData("Terminate 2026-01-01T12:05:00Z", 1)]
    [InlineData("shutdown 2026-01-01T12:00:30Z", 1)]
    [InlineData("Reboot 2026-01-01T12:05:00Z", 0)]
    [InlineData("Freeze 2026-01-01T12:05:00Z", 0)]
    [InlineData("Preempt 2026-01-01T11:49:00Z", 0)]
    [InlineData("Preempt 9999-12-31T23:59:59Z", 1)]
    [InlineData("Preempt 0001-01-01T00:00:00Z", 0)]
    [InlineData("Preempt", 0)]
    [InlineData("Preempt sometime", 0)]
    public void What_a_machine_held_up_is_bought_again_as_soon_as_its_end_is_announced(string notice, int bought)
    {
        var some = new Some().With(Some.Pool(min: 1));
        some.AddNode(edit: node => Announced(node) with { Annotations = node.Annotations.Add(Marks.Notice, notice) });

        var plan = some.Plan();

        Assert.Equal(bought, plan.Decisions.OfType<Decision.Grow>().Sum(grow => grow.By));
        Assert.Equal(bought == 1, plan.Reasons.Nodes["agents000000"].StartsWith("leaving: ", StringComparison.Ordinal));
    }

    [Fact]
    public void Pods_are_not_counted_on_a_node_whose_end_is_announced()
    {
        var some = new Some().With(Some.Pool()).AddPending(1);
        some.AddNode(edit: node => Announced(node) with { Annotations = node.Annotations.Add(Marks.Notice, "Preempt 2026-01-01T12:00:30Z") });

        Assert.Equal(1, Assert.Single(some.Plan().Decisions.OfType<Decision.Grow>()).By);
    }

    [Theory]
    [InlineData("shutdown", true, 0)]
    [InlineData("shutdown", false, 1)]
    [InlineData("Preempt", true, 1)]
    public void Nothing_is_bought_for_a_machine_that_shuts_down_because_a_command_works_on_it(string kind, bool workedOn, int bought)
    {
        var some = new Some().With(Some.Pool(min: 1));
        some.AddNode(edit: node =>
        {
            var marks = node.Annotations.SetItem(Marks.Notice, $"{kind} {Noon:O}").SetItem(Marks.Keep, "true");
            return Announced(node with { Annotations = workedOn ? marks.SetItem(Marks.Operating, "cordon,keep") : marks });
        });

        Assert.Equal(bought, some.Plan().Decisions.OfType<Decision.Grow>().Sum(grow => grow.By));
    }

    [Theory]
    [InlineData("removing", "2026-01-01T11:59:00Z", 1)]
    [InlineData("removing", "2026-01-01T12:00:01Z", 0)]
    [InlineData("notice", "Preempt 2026-01-01T11:59:00Z", 1)]
    [InlineData("notice", "Terminate 2026-01-01T11:59:00Z", 1)]
    [InlineData("notice", "Preempt 2026-01-01T12:00:30Z", 0)]
    [InlineData("notice", "Reboot 2026-01-01T11:59:00Z", 0)]
    public void A_node_that_was_to_go_and_whose_machine_is_gone_is_deleted_though_it_still_seems_ready(string mark, string value, int deleted)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => Announced(node) with { Annotations = node.Annotations.Add($"ebb.dev/{mark}", value) });
        some.Edit("agents", view => view with { Machines = [], Capacity = 0 });

        Assert.Equal(deleted, some.Plan().Decisions.Count(decision => decision is Decision.DeleteNode));
    }

    private static Node Announced(Node node) =>
        node with { Shape = node.Shape with { Taints = node.Shape.Taints.Add(new Taint(Marks.Leaving, "", TaintEffect.NoSchedule)) } };
}
