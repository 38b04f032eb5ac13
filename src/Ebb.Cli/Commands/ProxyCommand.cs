using System.Collections.Immutable;
using System.CommandLine;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;

namespace Ebb.Cli.Commands;

/// <summary>Logs in to a control-plane machine, with what it offers forwarded to this one.</summary>
internal static class ProxyCommand
{
    // Where kubectl on the control plane brings the dashboard to, and SSH from there to here.
    private const string DashboardPort = "9443";

    public static Command Create(Terminal terminal)
    {
        var file = new FileOption();
        var machine = new Option<int>("--machine", "-m") { Description = "Which machine of the control plane, from 0.", HelpName = "N" };
        var forward = new Option<string[]>("--forward", "-L") { Description = "One more forwarding, as ssh takes it: PORT:HOST:PORT.", HelpName = "WAY" };
        var dashboard = new Option<bool>("--dashboard") { Description = $"Kubernetes' dashboard at https://localhost:{DashboardPort}, instead of a shell." };
        var print = new Option<bool>("--print") { Description = "Print the command line and do not run it." };
        var verb = new Verb("proxy", "Open an SSH session on the control plane; its API, ingress and registry are at localhost meanwhile.")
        {
            Options = { machine, forward, dashboard, print },
            Examples =
            [
                new("ebb proxy", "a session, with the API at https://localhost:6443"),
                new("ebb proxy --dashboard", "the dashboard, until Ctrl-C"),
                new("ebb proxy --print -L 3000:10.1.128.4:3000", "the command line, with a way to a pool's machine"),
            ],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var target = await SshTarget.OfAsync(file.PathOrUsual(parsed), ct);
            var withDashboard = parsed.GetValue(dashboard);
            if (withDashboard && !target.File.AddOns.Dashboard)
            {
                throw new EbbException($"Cluster '{target.File.Name}' has no dashboard. Write 'dashboard: true' under addOns in its file, and 'ebb up'.");
            }

            // What runs there for the dashboard ends with its terminal; without one it would go on, and have the port.
            IEnumerable<string> more = withDashboard ? ["-tt", "-o", "ExitOnForwardFailure=yes"] : [];
            ImmutableArray<string> extra = withDashboard ? [$"{DashboardPort}:127.0.0.1:{DashboardPort}", .. parsed.GetValue(forward) ?? []] : [.. parsed.GetValue(forward) ?? []];
            more = [.. more, .. withDashboard ? [] : SshLine.Forwards(target.File), .. extra.SelectMany(way => new[] { "-L", way })];
            string[] command = withDashboard
                ? ["sudo", "kubectl", "-n", "kubernetes-dashboard", "port-forward", "service/kubernetes-dashboard", $"{DashboardPort}:443"]
                : [];
            if (parsed.GetValue(print))
            {
                terminal.Print(string.Join(' ', target.Line(parsed.GetValue(machine), more, command).Select(Launcher.Quote)));
                return;
            }

            try
            {
                await target.RunAsync(parsed.GetValue(machine), more, command, ct);
            }
            catch (OperationCanceledException) when (withDashboard && ct.IsCancellationRequested)
            {
                // Ctrl-C is how this ends, also where no terminal passes it on.
            }
        });
        return verb;
    }
}
