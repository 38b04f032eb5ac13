using System.CommandLine;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Output;

namespace Ebb.Cli.Commands;

/// <summary>Rotates keys and certificates of a cluster, running or not.</summary>
internal static class KeysRotateCommand
{
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string[]>("what")
        {
            Description = $"What to rotate: {string.Join(", ", RotationKind.All.Select(kind => kind.What))}. Without it, what each of them costs is told.",
            Arity = ArgumentArity.ZeroOrMore,
            HelpName = "WHAT",
        };
        what.CompletionSources.Add(_ => RotationKind.All.Select(kind => new System.CommandLine.Completions.CompletionItem(kind.What)));
        var dry = new Option<bool>("--dry-run") { Description = "Say what would be done, and do nothing." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var json = JsonOutput.Option();
        var file = new FileOption();
        var verb = new Verb("rotate", "Replace keys and certificates while the cluster runs. Cut short anywhere, the same command carries on.")
        {
            Arguments = { what },
            Options = { dry, yes, json },
            Examples =
            [
                new("ebb keys rotate", "what there is to rotate, and what each costs"),
                new("ebb keys rotate ssh certificates", "both, one after the other"),
                new("ebb keys rotate join --dry-run", "what would be done, and what holds up its end"),
            ],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var kinds = RotationKind.Choose(parsed.GetValue(what) ?? []);
            await RotationCommands.RotateAsync(
                file.PathOrUsual(parsed), kinds, parsed.GetValue(dry), new ClusterCommandOptions(parsed.GetValue(yes), parsed.GetValue(json), Verbose: false), terminal, ct);
        });
        return verb;
    }
}
