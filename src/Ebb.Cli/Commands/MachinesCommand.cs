using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Commands;

/// <summary>Lists the machines of all pools, or of one.</summary>
internal static class MachinesCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var pool = new Argument<string?>("pool") { Description = "Only this pool's; of a pool of two scale sets both, or the one that is named.", Arity = ArgumentArity.ZeroOrOne };
        var json = JsonOutput.Option();
        var verb = new Verb("machines", "List machines: the node each became, what it does, and why it is kept.")
        {
            Arguments = { pool },
            Options = { json },
            Examples = [new("ebb machines", "all"), new("ebb machines agents --json", "one pool's, for a script")],
        };
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            await using var opened = await target.OpenAsync(parsed, ct);
            var seen = await opened.LookAsync(terminal, ct);
            var machines = seen.Report.Machines;
            if (parsed.GetValue(pool) is { } name)
            {
                var parts = seen.Pool(name).Parts.Select(part => part.Pool.Name).ToHashSet();
                machines = [.. machines.Where(m => parts.Contains(m.Pool))];
            }

            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(machines, ReportJson.Default.ImmutableArrayMachineReport));
                return;
            }

            StatusView.Machines(machines, seen.Report.At).Print(terminal);
        });
        return verb;
    }
}
