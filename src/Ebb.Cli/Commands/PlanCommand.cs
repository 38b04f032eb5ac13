using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Commands;

/// <summary>Shows what 'ebb up' would change of an ebb.yaml's cluster; else what the loop would do about a cluster as it is now. Changes nothing.</summary>
internal static class PlanCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var json = JsonOutput.Option();
        var verb = new Verb("plan", "Show what 'ebb up' would change, beside an ebb.yaml; else what Ebb would do with a cluster's machines now. Nothing is changed.")
        {
            Options = { json },
            Examples =
            [
                new("ebb plan -f farm.yaml", "what is not yet as the file says"),
                new("ebb plan", "without an ebb.yaml: what the sandbox's controller would do"),
                new("ebb plan --kubeconfig farm.yaml --resource-group farm", "what Ebb would do with a real cluster, before you let it"),
            ],
        };
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            if (target.FileOf(parsed) is { } path)
            {
                var options = new ClusterCommandOptions(Yes: false, parsed.GetValue(json), parsed.GetValue(Root.Verbose));
                await ClusterCommands.PlanAsync(path, options, terminal, ct);
                return;
            }

            await using var opened = await target.OpenAsync(parsed, ct);
            var seen = await opened.LookAsync(terminal, ct);
            var plan = PlanReport.Of(seen.Snapshot, seen.Plan);
            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(plan, ReportJson.Default.PlanReport));
                return;
            }

            Print(plan, terminal);
        });
        return verb;
    }

    private static void Print(PlanReport plan, Terminal terminal)
    {
        if (plan.Decisions.IsEmpty)
        {
            terminal.Print("Nothing to do.");
        }
        else
        {
            var grid = new Grid("do", "what", "because");
            foreach (var decision in plan.Decisions)
            {
                var what = decision.By is { } by ? $"{decision.What} by {by}" : decision.What;
                grid.Add(new Cell(decision.Action), new Cell(what), new Cell(decision.Reason));
                foreach (var machine in decision.Machines)
                {
                    grid.Add(new Cell(""), new Cell("  " + machine), new Cell(""));
                }
            }

            grid.Print(terminal);
        }

        if (plan.LookAgainAt is { } at)
        {
            terminal.Print($"Looks again in {Words.Span(at - plan.At)}, or when something changes.");
        }
    }
}
