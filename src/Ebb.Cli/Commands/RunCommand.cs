using System.CommandLine;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Cli.Output;
using Ebb.Cli.Running;
using Ebb.Controller.Metrics;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Commands;

/// <summary>Runs the controller against a real cluster.</summary>
internal static class RunCommand
{
    public static Command Create(Terminal terminal)
    {
        var access = new AccessOptions();
        var joining = new JoinOptions();
        var dryRun = new Option<bool>("--dry-run") { Description = "Decide, say what would be done, and do nothing." };
        var metrics = new Option<string?>("--metrics-listen")
        {
            Description = $"Serve what is counted, for Prometheus, at http://ADDRESS:PORT/metrics; usually on port {MetricsServer.DefaultPort}.",
            HelpName = "ADDRESS:PORT",
        };
        var verb = new Verb("run", "Run the controller: grow and shrink a cluster's pools until Ctrl-C. Several may run; one leads.")
        {
            Options = { dryRun, metrics },
            Examples =
            [
                new("ebb run --dry-run --kubeconfig farm.yaml --resource-group farm", "see what it would do first"),
                new("ebb run --kubeconfig farm.yaml --subscription 1234 --resource-group farm", "from anywhere"),
                new("ebb run", "on a machine of the cluster, with a managed identity: everything is discovered"),
                new("ebb run --join-listen 0.0.0.0:1337 --join-server https://10.1.0.10:6443", "on the control plane: admit machines as well"),
            ],
        };
        access.AddTo(verb);
        joining.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var loggers = Logs.ToStandardError(parsed.GetValue(Root.Verbose) ? LogLevel.Debug : LogLevel.Information);
            await using var target = await Target.OpenAsync(access.Read(parsed), loggers, ct);

            var join = joining.Read(parsed, target);
            await using var counted = await MetricsAsync(parsed.GetValue(metrics), ct);

            // What is wrong from the start is said at once, rather than retried for ever.
            var watch = join is null || parsed.GetValue(dryRun) ? null : OwnCertificates.Watch(target, join);
            try
            {
                await target.ProbeAsync(ct);
            }
            catch (Exception) when (watch is not null)
            {
                // That a certificate has ended is the reason that helps.
                await watch.LookAsync(ct);
                throw;
            }

            var pools = (await target.Cloud.ReadAsync(new HashSet<string>(), ct)).Pools;
            terminal.Say(
                $"Kubernetes {target.Connection.Server}, Azure {target.Scope.SubscriptionId}/{target.Scope.ResourceGroup}, "
                + $"pools: {(pools.IsEmpty ? "none" : string.Join(", ", pools.Select(p => p.Pool.Name)))}. Ctrl-C ends.");
            await using var serving = join is null || parsed.GetValue(dryRun) ? null : await JoinServing.StartAsync(target, join, ct);
            try
            {
                await (parsed.GetValue(dryRun)
                    ? DryRun.RunAsync(target, terminal, ct)
                    : ControllerRun.RunAsync(target, new LoopOptions(), serving?.Server, watch, ct));
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                terminal.Say("Stopped.");
            }
        });
        return verb;
    }

    // Before all that counts.
    private static async Task<MetricsServer?> MetricsAsync(string? listen, CancellationToken ct)
    {
        try
        {
            return listen is null ? null : await MetricsServer.StartAsync(JoinOptions.Address("--metrics-listen", listen, MetricsServer.DefaultPort), ct);
        }
        catch (IOException e)
        {
            throw new EbbException($"Metrics cannot be served at {listen}: {e.Message.TrimEnd('.')}. Give another address with --metrics-listen.", e);
        }
    }
}
