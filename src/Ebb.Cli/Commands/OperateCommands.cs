using System.Collections.Immutable;
using System.CommandLine;
using Ebb.Cli.Clusters;
using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Clouds;

namespace Ebb.Cli.Commands;

/// <summary>Stops, starts, restarts and reimages machines: four commands that differ in a word.</summary>
internal static class OperateCommands
{
    public static Command Stop(Terminal terminal) => Create(
        terminal,
        "stop",
        "Stop machines, so that they cost nothing but their disks; their nodes are emptied first.",
        MachineOperation.Deallocate,
        usualAtOnce: int.MaxValue,
        [new("ebb stop agents", "a whole pool, for the night"), new("ebb stop agents --machine agents_3", "one machine of it")]);

    public static Command Start(Terminal terminal) => Create(
        terminal,
        "start",
        "Start machines that were stopped, and wait until they are nodes again.",
        MachineOperation.Start,
        usualAtOnce: int.MaxValue,
        [new("ebb start agents", "a whole pool"), new("ebb start", "all pools")]);

    public static Command Restart(Terminal terminal) => Create(
        terminal,
        "restart",
        "Restart machines one after the other: empty the node, restart, wait until it is ready again, go on.",
        MachineOperation.Restart,
        usualAtOnce: 1,
        [new("ebb restart agents", "one after the other"), new("ebb restart agents --parallel --force", "all at once, whatever runs there")]);

    public static Command Reimage(Terminal terminal) => Create(
        terminal,
        "reimage",
        "Give machines a fresh disk one after the other: empty the node, reimage, wait until it has joined again, go on.",
        MachineOperation.Reimage,
        usualAtOnce: 1,
        [
            new("ebb reimage agents", "one after the other; work moves or is waited for"),
            new("ebb reimage agents --parallel", "the whole pool at once"),
            new("ebb reimage --machine agents_3 --force", "one machine, whatever runs there"),
        ]);

    private static Verb Create(
        Terminal terminal, string word, string description, MachineOperation operation, int usualAtOnce, ImmutableArray<Example> examples)
    {
        var target = new TargetOptions();
        var options = new OperationOptions();
        var verb = new Verb(word, description) { Examples = examples };
        options.AddTo(verb, order: true);
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var request = options.Read(parsed, operation, usualAtOnce);
            await using var opened = await target.OpenAsync(parsed, ct);
            await OperationRun.RunAsync(opened, request, word, options.DryRun(parsed), options.Json(parsed), terminal, ct);
        });
        return verb;
    }
}
