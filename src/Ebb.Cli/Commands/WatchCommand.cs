using System.CommandLine;
using Ebb.Cli.Clusters;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;

namespace Ebb.Cli.Commands;

/// <summary>Shows the deployments that run, to their end; then the cluster as it changes.</summary>
internal static class WatchCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var json = JsonOutput.Option();
        var verb = new Verb("watch", "Follow the deployments of ebb.yaml's cluster as they run; then show the cluster as it changes, until Ctrl-C.")
        {
            Options = { json },
            Examples = [new("ebb watch", "from a second terminal, while 'ebb up' runs in the first"), new("ebb watch --json", "a document for each change")],
        };
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var asJson = parsed.GetValue(json);
            if (target.FileOf(parsed) is { } path)
            {
                using var loggers = Logs.ForLooking(parsed.GetValue(Root.Verbose));
                await ClusterWatch.RunAsync(path, asJson, loggers, terminal, ct);
            }

            await using var opened = await target.OpenAsync(parsed, ct);
            await LiveStatus.ShowAsync(opened, terminal, asJson, ct);
        });
        return verb;
    }
}
