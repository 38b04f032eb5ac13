using System.CommandLine;
using System.Runtime.InteropServices;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Hosts a sandbox in this process, for 'ebb up -d'. Ends on SIGTERM.</summary>
internal static class HostCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var settings = new SandboxSettingsOptions();
        var verb = new Verb("host", "Host a sandbox in this process, without a view.")
        {
            Hidden = true,
            Options = { name },
            Examples = [new("ebb host --name second", "under a service manager, say; SIGTERM ends it")],
        };
        settings.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            LeaveTerminal();
            var home = SandboxHome.Of(parsed.GetRequiredValue(name));
            await SandboxHost.RunAsync(home, settings.Read(parsed), _ => { }, ct);
        });
        return verb;
    }

    /// <summary>A session of its own: the terminal that it was started from may close, and its Ctrl-C is meant for others.</summary>
    public static void LeaveTerminal() => _ = SetSession();

    /// <summary>Fails, to no harm, where the process leads a group already.</summary>
    [DllImport("libc", EntryPoint = "setsid")]
    private static extern int SetSession();
}
