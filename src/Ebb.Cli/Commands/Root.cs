using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Help;
using Ebb.Cli.Output;

namespace Ebb.Cli.Commands;

/// <summary>The command <c>ebb</c> with all of its commands.</summary>
internal static class Root
{
    public static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Show where an error came from, and what is read and sent.",
        Recursive = true,
    };

    private static readonly ImmutableArray<Example> Examples =
    [
        new("ebb demo", "see what Ebb does, in under a minute"),
        new("ebb up -d", "start a cluster on this machine to try it on"),
        new("ebb status -w", "watch it grow and shrink"),
        new("ebb why agents", "ask for the reason"),
    ];

    public static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand("Elastic Kubernetes on machines you own: grows when work waits, removes only idle machines.")
        {
            Verbose,
            DemoCommand.Create(terminal),
            InitCommand.Create(terminal),
            UpCommand.Create(terminal),
            DownCommand.Create(terminal),
            StatusCommand.Create(terminal),
            WatchCommand.Create(terminal),
            MachinesCommand.Create(terminal),
            WhyCommand.Create(terminal),
            PlanCommand.Create(terminal),
            RenderCommand.Create(terminal),
            ScaleCommand.Create(terminal),
            OperateCommands.Stop(terminal),
            OperateCommands.Start(terminal),
            OperateCommands.Restart(terminal),
            OperateCommands.Reimage(terminal),
            ResizeCommand.Create(terminal),
            UpgradeCommand.Create(terminal),
            ChaosCommand.Create(terminal),
            RunCommand.Create(terminal),
            KubeconfigCommand.Create(terminal),
            EndpointsCommand.Create(terminal),
            ProxyCommand.Create(terminal),
            LogsCommand.Create(terminal),
            KeysCommand.Create(terminal),
            ListCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            BackupCommand.Create(terminal),
            RestoreCommand.Create(terminal),
            PkiCommand.Create(terminal),
            CompletionCommand.Create(terminal),
            HostCommand.Create(terminal),
            SubscriptionHostCommand.Create(terminal),
        };
        var usual = root.Options.OfType<HelpOption>().Single();
        var action = new HelpWithExamples((HelpAction)usual.Action!, Examples);
        root.Options.Remove(usual);
        root.Options.Add(new HelpOption("--help", "-h") { Action = action });
        root.Action = action;
        return root;
    }

    /// <summary>The command as typed, for example <c>ebb status</c>.</summary>
    public static string PathOf(Command command) =>
        command is RootCommand ? "ebb" : $"{(command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? PathOf(parent) : "ebb")} {command.Name}";
}
