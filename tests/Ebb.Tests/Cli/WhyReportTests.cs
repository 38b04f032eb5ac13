using Ebb.Cli.Reports;
using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Cli;

public class WhyReportTests
{
    [Fact]
    public void Whoever_asks_about_a_machine_is_told_what_its_cloud_announces()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => node with
        {
            Annotations = node.Annotations.Add(Marks.Notice, "Reboot 2026-01-02T12:00:00Z"),
            Shape = node.Shape with { Taints = [.. node.Shape.Taints, new Taint(Marks.Leaving, "", TaintEffect.NoSchedule)] },
        });
        some.AddNode();
        var snapshot = some.Snapshot();
        var plan = Planner.Plan(snapshot, new Policy());
        var status = Reporting.Report(snapshot, plan, "https://farm", "sub/farm", "ebb", null);

        var details = snapshot.Nodes.Select(node => WhyReport.Find(node.Name, snapshot, plan, status).Single().Details).ToList();

        Assert.Contains("announced: Reboot, not before 2026-01-02T12:00:00Z; nothing new starts on it", details[0]);
        Assert.DoesNotContain(details[1], detail => detail.StartsWith("announced", StringComparison.Ordinal));
    }
}
