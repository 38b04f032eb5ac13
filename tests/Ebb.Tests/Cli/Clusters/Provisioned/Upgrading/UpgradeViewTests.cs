using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Upgrading;

public class UpgradeViewTests
{
    [Theory]
    [InlineData(false, null, "Cluster 'farm' is at v1.34.5+k3s1.")]
    [InlineData(true, null, "The control plane of cluster 'farm' is at v1.34.5+k3s1.")]
    [InlineData(false, "gpu", "The control plane of cluster 'farm' and pool 'gpu' are at v1.34.5+k3s1.")]
    public void No_more_is_said_to_be_at_the_release_than_was_upgraded(bool controlPlane, string? pool, string said)
    {
        using var text = new StringWriter();
        var terminal = new Terminal(text, TextWriter.Null, rich: false, colours: false);
        var view = new UpgradeView("farm", new UpgradeRequest { ControlPlaneOnly = controlPlane, Pool = pool }, "v1.34.5+k3s1", [], [], []);

        view.PrintDone(terminal);
        view.PrintNothing(json: false, terminal);

        Assert.Equal([said, $"Nothing to do: {char.ToLowerInvariant(said[0])}{said[1..]}"], text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void The_result_is_one_line_with_what_became_of_each_machine()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode();
        some.AddNode();
        var plan = OperationPlan.Make(some.Snapshot(), PoolUpgrade.Request("v1.34.5+k3s1", new UpgradeRequest()));
        using var text = new StringWriter();
        var view = new UpgradeView("farm", new UpgradeRequest(), "v1.34.5+k3s1", [], [], []);
        var report = new OperationReport
        {
            Operation = "upgrade",
            Machines = [new OperationOutcome { Machine = "agents_0", Pool = "agents", Outcome = "left", Why = "its work goes on" }],
        };

        view.PrintResult((plan, report), new Terminal(text, TextWriter.Null, rich: false, colours: false));

        var line = Assert.Single(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var machines = JsonDocument.Parse(line).RootElement.GetProperty("machines").EnumerateArray();
        Assert.Equal(
            ["agents_0 left its work goes on", "agents_1 planned "],
            machines.Select(m => $"{m.GetProperty("machine").GetString()} {m.GetProperty("outcome").GetString()} {(m.TryGetProperty("why", out var why) ? why.GetString() : "")}"));
    }
}
