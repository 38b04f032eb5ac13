using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Commands;

/// <summary>Makes a pool larger now, or lets its idle machines go now.</summary>
internal static class ScaleCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var pool = new Argument<string>("pool") { Description = "The pool.", HelpName = "POOL" };
        var machines = new Argument<int>("machines") { Description = "How many machines it is to have, in all of its scale sets together.", HelpName = "N" };
        var json = JsonOutput.Option();
        var verb = new Verb("scale", "Grow a pool now, or shrink it now by its idle machines; a busy one is never removed.")
        {
            Arguments = { pool, machines },
            Options = { json },
            Examples =
            [
                new("ebb scale agents 5", "have five machines ready before the work comes"),
                new("ebb scale agents 1", "do not wait for the idle ones' time to run out"),
            ],
        };
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var (name, wanted) = (parsed.GetRequiredValue(pool), parsed.GetValue(machines));
            await using var opened = await target.OpenAsync(parsed, ct);
            var report = await Scaling.ScaleAsync(opened.Kubernetes, opened.Cloud, await opened.LookAtAllAsync(terminal, ct), name, wanted, ct);
            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.ScaleReport));
                return;
            }

            terminal.Print(
                (report.From == report.To
                    ? $"Pool {report.Pool} has {Words.Count(report.To, "machine")}."
                    : $"Pool {report.Pool} goes from {report.From} to {Words.Count(report.To, "machine")}.")
                + (report.Note is { } note ? $" {note}" : ""));
        });
        return verb;
    }
}
