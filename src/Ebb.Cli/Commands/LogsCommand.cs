using System.CommandLine;
using Ebb.Cli.Clusters;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Shows what the controller and the join server have to say; they are one program.</summary>
internal static class LogsCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var file = new FileOption();
        var follow = new Option<bool>("--follow", "-F") { Description = "Go on as more comes, until Ctrl-C." };
        var lines = new Option<int>("--lines", "-n") { Description = "How many of the last lines, of each machine. Default: 100.", HelpName = "N", DefaultValueFactory = _ => 100 };
        var machine = new Option<int?>("--machine", "-m") { Description = "Only this machine of the control plane, from 0. Default: all, each line with its machine's name.", HelpName = "N" };
        var verb = new Verb("logs", "Show the log of the controller and the join server.")
        {
            Options = { name, follow, lines, machine },
            Examples = [new("ebb logs", "the last hundred lines"), new("ebb logs --follow", "and what comes, until Ctrl-C"), new("ebb logs -m 1", "of one machine of several")],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var most = parsed.GetValue(lines);
            if (most < 0)
            {
                throw new EbbException($"--lines {most}: write 0 or more.");
            }

            if (file.PathOf(parsed, name) is not { } path)
            {
                await LogTail.PrintAsync(SandboxHome.Of(parsed.GetRequiredValue(name)).Log, most, parsed.GetValue(follow), terminal.Out, TimeProvider.System, ct);
                return;
            }

            var target = await SshTarget.OfAsync(path, ct);
            if (target.File.Cloud.IsSandbox)
            {
                // What a sandbox has said stays for as long as its directory.
                await LogTail.PrintAsync(SandboxHome.OfSubscription(target.File.Name).Log, most, parsed.GetValue(follow), terminal.Out, TimeProvider.System, ct);
                return;
            }

            int? only = parsed.GetValue(machine) ?? (target.File.ControlPlane.Machines == 1 ? 0 : null);
            string[] command = ["sudo", "journalctl", "-u", "ebb", "-o", "cat", "-n", $"{most}", .. parsed.GetValue(follow) ? (string[])["-f"] : []];
            try
            {
                await (only is { } one ? target.RunAsync(one, [], command, ct) : new PlaneLogs(target, terminal).ShowAsync(command, parsed.GetValue(follow), ct));
            }
            catch (OperationCanceledException) when (parsed.GetValue(follow) && ct.IsCancellationRequested)
            {
                // Ctrl-C is how this ends.
            }
        });
        return verb;
    }
}
