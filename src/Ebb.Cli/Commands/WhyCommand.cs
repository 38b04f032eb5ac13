using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Commands;

/// <summary>Gives the reason for one node, machine, pool or pod.</summary>
internal static class WhyCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var name = new Argument<string>("name") { Description = "A node, machine, pool or pod; a pod also as NAMESPACE/NAME.", HelpName = "NODE|POD|POOL" };
        var json = JsonOutput.Option();
        var verb = new Verb("why", "Say why a node is kept or leaves, a pod waits, or a pool does not grow.")
        {
            Arguments = { name },
            Options = { json },
            Examples =
            [
                new("ebb why agents", "a pool"),
                new("ebb why default/frames-17-x8k2p", "a pod"),
            ],
        };
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            await using var opened = await target.OpenAsync(parsed, ct);
            var seen = await opened.LookAsync(terminal, ct);
            var wanted = parsed.GetRequiredValue(name);
            var found = WhyReport.Find(wanted, seen.Snapshot, seen.Plan, seen.Report);
            if (found.IsEmpty)
            {
                throw new EbbException(
                    $"There is no node, machine, pool or pod '{wanted}' in this cluster. 'ebb status' lists pools and machines, 'kubectl get pods -A' the pods.");
            }

            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(found, ReportJson.Default.ImmutableArrayWhyReport));
                return;
            }

            Print(found, terminal);
        });
        return verb;
    }

    private static void Print(ImmutableArray<WhyReport> found, Terminal terminal)
    {
        foreach (var why in found)
        {
            terminal.Print($"{why.Kind} {why.Name}: {why.Reason}");
            foreach (var detail in why.Details)
            {
                terminal.Print($"  {detail}");
            }
        }
    }
}
