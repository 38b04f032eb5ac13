using System.CommandLine;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Brings the cluster of an ebb.yaml to another release of Kubernetes.</summary>
internal static class UpgradeCommand
{
    private static readonly UpgradeRequest Usual = new();

    public static Command Create(Terminal terminal)
    {
        var to = new Option<string?>("--to") { Description = "The release, for example v1.31.5+k3s1. Default: that of the file, else the newest of its channel.", HelpName = "RELEASE" };
        var controlPlane = new Option<bool>("--control-plane") { Description = "Only the control plane; machines of pools stay as they are." };
        var pool = new Option<string?>("--pool") { Description = "Of the pools only this one.", HelpName = "POOL" };
        var atOnce = new Option<int>("--at-once") { Description = "How many machines of a pool at once. Default: 1.", HelpName = "N", DefaultValueFactory = _ => Usual.AtOnce };
        var drain = new Option<TimeSpan?>("--drain-within")
        {
            Description = "How long work may take to leave a machine before that is left for the next run. Default: 10m.",
            HelpName = "TIME",
            CustomParser = argument => Spans.Parse(argument),
        };
        var ready = new Option<TimeSpan?>("--ready-within")
        {
            Description = "How long a machine of a pool may take to be back before that counts as failed. Default: 15m.",
            HelpName = "TIME",
            CustomParser = argument => Spans.Parse(argument),
        };
        var force = new Option<bool>("--force") { Description = "Go on while machines of the control plane are not ready. Work is waited for all the same." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be done, and do nothing." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Without asking." };
        var json = JsonOutput.Option();
        var file = new FileOption();
        var verb = new Verb("upgrade", "Bring the cluster of ebb.yaml to another release of Kubernetes: the control plane machine by machine, then the pools, whose work is waited for.")
        {
            Options = { to, controlPlane, pool, atOnce, drain, ready, force, dryRun, yes, json },
            Examples =
            [
                new("ebb upgrade --dry-run", "what it would do, and which machines it would wait for"),
                new("ebb upgrade --yes", "to the file's release, or the newest of its channel; again after whatever stopped it: it carries on"),
                new("ebb upgrade --control-plane", "now; the pools tonight, with 'ebb upgrade --drain-within 8h'"),
            ],
        };
        file.AddTo(verb);
        verb.SetAction((parsed, ct) =>
        {
            var request = new UpgradeRequest
            {
                To = parsed.GetValue(to),
                ControlPlaneOnly = parsed.GetValue(controlPlane),
                Pool = parsed.GetValue(pool),
                AtOnce = parsed.GetValue(atOnce) is >= 1 and var n ? n : throw new EbbException($"--at-once {parsed.GetValue(atOnce)}: write 1 or more."),
                DrainWithin = Positive("--drain-within", parsed.GetValue(drain) ?? Usual.DrainWithin),
                ReadyWithin = Positive("--ready-within", parsed.GetValue(ready) ?? Usual.ReadyWithin),
                Force = parsed.GetValue(force),
                DryRun = parsed.GetValue(dryRun),
            };
            if (request is { ControlPlaneOnly: true, Pool: not null })
            {
                throw new EbbException("--control-plane leaves the pools as they are, and --pool names one. Give one of them.");
            }

            var options = new ClusterCommandOptions(parsed.GetValue(yes), parsed.GetValue(json), parsed.GetValue(Root.Verbose));
            return ClusterUpgrade.RunAsync(file.PathOrUsual(parsed), request, options, terminal, ct);
        });
        return verb;
    }

    private static TimeSpan Positive(string option, TimeSpan span) =>
        span >= TimeSpan.Zero ? span : throw new EbbException($"{option} cannot be less than nothing. Write for example 10m.");
}
