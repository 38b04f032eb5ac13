using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Cli;

/// <summary>What a person, and a script, is told about the releases of a cluster.</summary>
public class StatusViewTests
{
    private const string Old = "v1.33.10+k3s1";

    private const string New = "v1.34.5+k3s1";

    [Fact]
    public void In_the_middle_of_an_upgrade_both_releases_are_shown_and_that_of_each_machine()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => ControlPlane(node) with { KubeletVersion = New });
        some.AddNode(edit: node => ControlPlane(node) with { KubeletVersion = Old });
        some.AddNode(edit: node => node with { KubeletVersion = Old });
        some.AddMachine();

        var report = Report(some, server: New);
        var lines = Print(report);

        Assert.Equal([Old, New], report.Cluster.Releases);
        Assert.Equal([New, Old, Old, null], report.Machines.Select(machine => machine.Release));
        Assert.Equal($"Kubernetes {Old} and {New} at https://farm, Azure sub/farm", lines[0]);
        var table = lines[Array.FindIndex(lines, line => line.StartsWith("MACHINE", StringComparison.Ordinal))..];
        var at = table[0].IndexOf("RELEASE", StringComparison.Ordinal);
        Assert.Equal([New, Old, Old, "-"], table[1..5].Select(line => line[at..].Split(' ')[0]));
    }

    [Theory]
    [InlineData("v1.34.1", "Kubernetes v1.34.1 at https://farm, Azure sub/farm")]
    [InlineData(null, "Kubernetes https://farm, Azure sub/farm")]
    public void Without_machines_of_a_control_plane_it_is_what_the_API_server_says(string? server, string line)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => node with { KubeletVersion = Old });

        Assert.Equal(line, Print(Report(some, server))[0]);
    }

    private static Node ControlPlane(Node node) =>
        node with { Shape = node.Shape with { Labels = node.Shape.Labels.Add("node-role.kubernetes.io/control-plane", "true") } };

    private static StatusReport Report(Some some, string? server)
    {
        var snapshot = some.Snapshot();
        return Reporting.Report(snapshot, Planner.Plan(snapshot, new Policy()), "https://farm", "sub/farm", "ebb", server);
    }

    private static string[] Print(StatusReport report)
    {
        using var text = new StringWriter();
        StatusView.Print(report, new Terminal(text, TextWriter.Null, rich: false, colours: false));
        return text.ToString().Split('\n');
    }
}
