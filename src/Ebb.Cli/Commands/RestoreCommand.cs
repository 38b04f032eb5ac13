using System.CommandLine;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Puts a cluster back to what a backup holds.</summary>
internal static class RestoreCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var file = new Argument<string>("file") { Description = "What 'ebb backup' wrote." };
        var force = new Option<bool>("--force") { Description = "Also from another cluster's backup: the sandbox's becomes that one." };
        var verb = new Verb("restore", "Put the sandbox's real cluster back to what a backup holds; what came later is lost.")
        {
            Arguments = { file },
            Options = { name, force },
            Examples =
            [
                new("ebb restore farm.ebb", "back to what the file holds; if that does not work, all stays as it is"),
                new("ebb restore farm.ebb --force", "into a new sandbox, when the old one is lost"),
            ],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var home = SandboxHome.Of(parsed.GetRequiredValue(name));
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            if (home.Require().Placement is null)
            {
                throw new EbbException($"Sandbox '{home.Name}' has an embedded Kubernetes, which takes no backup. 'ebb up --kubernetes real' makes one that does.");
            }

            terminal.Print(await HostCall.AskAsync(home, new HostRequest(path, parsed.GetValue(force)), terminal.Say, ct));
        });
        return verb;
    }
}
