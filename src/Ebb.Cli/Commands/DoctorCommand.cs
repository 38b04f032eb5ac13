using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Doctor;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Commands;

/// <summary>Finds what is wrong with a cluster, and says how to mend it.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var json = JsonOutput.Option();
        var verb = new Verb("doctor", "Find what is wrong with a cluster, and say how to mend it. Nothing is changed. Exit code 1 when something is broken.")
        {
            Options = { json },
            Examples = [new("ebb doctor", "the cluster of ebb.yaml, or the sandbox"), new("ebb doctor --json | jq .findings", "for a script")],
        };
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var findings = Diagnosis.Of(await Examination.OfAsync(target, parsed, terminal, ct));
            var well = findings.All(finding => finding.Severity is not Severity.Broken);
            if (parsed.GetValue(json))
            {
                var report = new DoctorReport
                {
                    At = TimeProvider.System.GetUtcNow(),
                    Well = well,
                    Findings = [.. findings.Select(f => new FindingReport(f.Severity.ToString().ToLowerInvariant(), f.About, f.What, f.Remedy))],
                };
                terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.DoctorReport));
            }
            else if (findings.IsEmpty)
            {
                terminal.Print("All is well.");
            }
            else
            {
                foreach (var finding in findings)
                {
                    terminal.Print($"{(finding.Severity is Severity.Broken ? "broken " : "warning")}  {finding.About}: {finding.What.TrimEnd('.')}.");
                    terminal.Print($"         {finding.Remedy}");
                }
            }

            return well ? ExitCode.Done : ExitCode.Failed;
        });
        return verb;
    }
}
