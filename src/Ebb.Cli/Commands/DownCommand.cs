using System.CommandLine;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Ends a sandbox and removes all that it kept.</summary>
internal static class DownCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var all = new Option<bool>("--all") { Description = "End every sandbox of this user." };
        var verb = new Verb("down", "End the sandbox; its machines, cluster and files go.")
        {
            Options = { name, all },
            Examples = [new("ebb down", "end it"), new("ebb down --all", "end every sandbox that runs")],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var homes = parsed.GetValue(all) ? [.. SandboxHome.All()] : new[] { SandboxHome.Of(parsed.GetRequiredValue(name)) };
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
