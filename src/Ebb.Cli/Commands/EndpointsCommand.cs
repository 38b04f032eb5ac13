using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Lists where a cluster is reached.</summary>
internal static class EndpointsCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var file = new FileOption();
        var json = JsonOutput.Option();
        var verb = new Verb("endpoints", "List where a cluster is reached: API, SSH, ingress, registry, join servers.")
        {
            Options = { name, json },
            Examples = [new("ebb endpoints", "as a table"), new("ebb endpoints --json", "for a script")],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var endpoints = file.PathOf(parsed, name) is { } path
                ? await OfClusterAsync(path, ct)
                : OfSandbox(SandboxHome.Of(parsed.GetRequiredValue(name)));
            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(endpoints, ReportJson.Default.ImmutableArrayEndpointReport));
                return;
            }

            var grid = new Grid("what", "where", "reached from");
            foreach (var endpoint in endpoints)
            {
                grid.Add(new(endpoint.What), new(endpoint.Where), new(endpoint.From));
            }

            grid.Print(terminal);
        });
        return verb;
    }

    private static ImmutableArray<EndpointReport> OfSandbox(SandboxHome home)
    {
        var state = home.Require();
        return
        [
            new EndpointReport("kubernetes", state.Kubernetes, "this machine"),
            new EndpointReport("azure", state.Azure.Endpoint, "this machine"),
        ];
    }

    private static async Task<ImmutableArray<EndpointReport>> OfClusterAsync(string path, CancellationToken ct)
    {
        using var session = await ClusterSession.OpenAsync(path, hold: false, ct)
            ?? throw new EbbException("The sandbox's subscription does not run: there is nothing of this cluster. 'ebb up' makes it.");
        var names = new ResourceNames(session.File, session.Cloud.Arm.Subscription);
        var deployed = await session.Cloud.Deployments.FindAsync(session.File.Cloud.ComputeGroup, ResourceNames.ComputeDeployment, ct);
        if (deployed?.Output("address") is not { Length: > 0 } address)
        {
            throw new EbbException($"Cluster '{session.File.Name}' has no public address yet. '{Launcher.Command} up{session.Flag}' makes it.");
        }

        var host = session.File.Cloud.IsSandbox ? address : names.PublicName;
        return [.. ClusterEndpoints.Of(session.File, names, session.Home, host, address)];
    }
}

/// <param name="From">Who may reach it, in the words of the file.</param>
internal sealed record EndpointReport(string What, string Where, string From);
