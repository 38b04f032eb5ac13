using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Kubernetes;

namespace Ebb.Cli.Commands;

/// <summary>Shows a cluster, its pools and their machines, with the reason for everything.</summary>
internal static class StatusCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var watch = new Option<bool>("--watch", "-w") { Description = "Keep showing it as it changes, until Ctrl-C." };
        var json = JsonOutput.Option();
        var verb = new Verb("status", "Show the cluster, its pools and machines, and what waits, each with its reason.")
        {
            Options = { watch, json },
            Examples =
            [
                new("ebb status", "once"),
                new("ebb status -w", "live"),
                new("ebb status --json | jq .pools", "for a script"),
                new("ebb status --kubeconfig farm.yaml --resource-group farm", "a real cluster"),
            ],
        };
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            await using var opened = await target.OpenAsync(parsed, ct);
            if (parsed.GetValue(watch))
            {
                await LiveStatus.ShowAsync(opened, terminal, parsed.GetValue(json), ct);
                return;
            }

            Seen seen;
            try
            {
                seen = await opened.LookAsync(terminal, ct);
            }
            catch (Exception e) when (e is KubeException or TimeoutException && !opened.Components.IsEmpty)
            {
                // When the API does not answer, its components are what one wants to see.
                Show(opened.Components, e.Message, parsed.GetValue(json), terminal);
                throw;
            }

            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(seen.Report, ReportJson.Default.StatusReport));
                return;
            }

            StatusView.Print(seen.Report, terminal);
        });
        return verb;
    }

    private static void Show(ImmutableArray<ComponentReport> components, string error, bool json, Terminal terminal)
    {
        var report = new ComponentsReport { At = TimeProvider.System.GetUtcNow(), Components = components, Error = error };
        if (json)
        {
            terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.ComponentsReport));
        }
        else
        {
            StatusView.Components(components, report.At)?.Print(terminal);
        }
    }
}
