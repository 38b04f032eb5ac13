using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Clusters.Provisioned;
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
            var groups = await GroupsAsync(target.FileOf(parsed), ct);
            Target? found = null;
            try
            {
                found = await target.OpenAsync(parsed, ct);
            }
            catch (EbbException e) when (!groups.IsEmpty)
            {
                // There is no Kubernetes to ask yet, or none any more; the cloud's side can be seen all the same.
                Show(groups, e.Message, parsed.GetValue(json), terminal);
                throw;
            }

            await using var opened = found;
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
            catch (Exception e) when (e is KubeException or TimeoutException && !groups.IsEmpty)
            {
                Show(groups, e.Message, parsed.GetValue(json), terminal);
                throw;
            }

            seen = seen with { Report = seen.Report with { Groups = groups } };

            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(seen.Report, ReportJson.Default.StatusReport));
                return;
            }

            StatusView.Print(seen.Report, terminal);
        });
        return verb;
    }

    /// <summary>The resource groups of the file's cluster; none where there is no file.</summary>
    private static async Task<ImmutableArray<GroupReport>> GroupsAsync(string? path, CancellationToken ct)
    {
        if (path is null)
        {
            return [];
        }

        using var session = await ClusterSession.OpenAsync(path, hold: false, ct)
            ?? throw new EbbException($"There is nothing of the cluster of {path}: the sandbox's Azure for it does not run. 'ebb up' makes it.");
        var place = await ClusterPlace.LookAsync(session.File, session.Cloud.Groups, session.Cloud.Deployments, ct);
        return GroupReport.Of(place, session.File.Cloud.StorageGroup, session.File.Cloud.ComputeGroup);
    }

    private static void Show(ImmutableArray<GroupReport> groups, string error, bool json, Terminal terminal)
    {
        var report = new GroupsReport { At = TimeProvider.System.GetUtcNow(), Groups = groups, Error = error };
        if (json)
        {
            terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.GroupsReport));
        }
        else
        {
            StatusView.Groups(groups, report.At)?.Print(terminal);
        }
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
