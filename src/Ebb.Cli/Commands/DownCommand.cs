using System.CommandLine;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Deletes the cluster of an ebb.yaml; without a file, ends a sandbox and removes all that it kept.</summary>
internal static class DownCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var all = new Option<bool>("--all") { Description = "End every sandbox of this user." };
        var file = new FileOption();
        var keepStorage = new Option<bool>("--keep-storage") { Description = "With a file: leave the storage group, with shares and keys; 'ebb up' makes the rest anew." };
        var storageOnly = new Option<bool>("--storage-only") { Description = "With a file: delete the storage group alone, with shares and keys; refused while there are machines." };
        var force = new Option<bool>("--force") { Description = "With a file: delete its resource groups also where they hold what Ebb did not make." };
        var yes = new Option<bool>("--yes", "-y") { Description = "With a file: do not ask." };
        var json = JsonOutput.Option();
        var verb = new Verb("down", "Delete the cluster of ebb.yaml with all that it has; without a file, end the sandbox.")
        {
            Options = { name, all, keepStorage, storageOnly, force, yes, json },
            Examples =
            [
                new("ebb down", "beside an ebb.yaml: that cluster, after asking; else the sandbox"),
                new("ebb down --keep-storage --yes", "the machines only; shares and keys stay for the next 'ebb up'"),
                new("ebb down --all", "end every sandbox that runs"),
            ],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            if (!parsed.GetValue(all) && file.PathOf(parsed, name) is { } path)
            {
                var options = new ClusterCommandOptions(parsed.GetValue(yes), parsed.GetValue(json), parsed.GetValue(Root.Verbose));
                var scope = (parsed.GetValue(keepStorage), parsed.GetValue(storageOnly)) switch
                {
                    (true, true) => throw new EbbException("--keep-storage leaves what --storage-only deletes. Give one of them; neither, and both groups go."),
                    (true, _) => DownScope.Machines,
                    (_, true) => DownScope.Storage,
                    _ => DownScope.All,
                };
                await ClusterCommands.DownAsync(path, scope, parsed.GetValue(force), options, terminal, ct);
                return;
            }

            if (parsed.GetValue(storageOnly))
            {
                throw new EbbException("--storage-only is about the cluster of a file: name it with -f, or run this beside an ebb.yaml.");
            }

            var homes = parsed.GetValue(all) ? [.. SandboxHome.All(), .. SandboxHome.AllSubscriptions()] : new[] { SandboxHome.Of(parsed.GetRequiredValue(name)) };
            foreach (var home in homes)
            {
                var ended = await SandboxEnd.EndAsync(home, TimeProvider.System, ct);
                terminal.Say(ended switch
                {
                    SandboxEnd.How.Ended => $"Sandbox '{home.Name}' is down.",
                    SandboxEnd.How.CleanedUp => $"Sandbox '{home.Name}' had died; what it left is removed.",
                    _ => $"Sandbox '{home.Name}' does not run.",
                });
            }
        });
        return verb;
    }
}
