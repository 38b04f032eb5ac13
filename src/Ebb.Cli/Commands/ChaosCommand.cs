using System.CommandLine;
using System.Security.Cryptography;
using Ebb.Cli.Clusters;
using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;
using Ebb.Clouds;

namespace Ebb.Cli.Commands;

/// <summary>Restarts machines in random order, to see whether the work bears it.</summary>
internal static class ChaosCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var options = new OperationOptions();
        var seed = new Option<int?>("--seed") { Description = "The same seed gives the same order. Default: another one each time.", HelpName = "N" };
        var count = new Option<int?>("--count") { Description = "Restart this many and stop. Default: each machine once.", HelpName = "N" };
        var budget = new Option<int>("--budget") { Description = "Never more than these at once. Default: 1.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var every = new Option<TimeSpan>("--pause") { Description = "How long to wait before the next. Default: not at all.", HelpName = "TIME", CustomParser = Spans.Parse };
        var verb = new Verb("chaos", "Restart machines in random order, few at a time, to see whether the work bears it.")
        {
            Options = { seed, count, budget, every },
            Examples =
            [
                new("ebb chaos agents --dry-run --seed 7", "the order that seed 7 gives"),
                new("ebb chaos agents --seed 7 --budget 2 --pause 30s", "two at a time, half a minute between"),
                new("ebb chaos --count 3 --force", "three machines, whatever runs there"),
            ],
        };
        options.AddTo(verb, order: false);
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var request = options.Read(parsed, MachineOperation.Restart, AtLeastOne("--budget", parsed.GetValue(budget))) with
            {
                Seed = parsed.GetValue(seed) ?? RandomNumberGenerator.GetInt32(1_000_000),
                Most = parsed.GetValue(count) is { } most ? AtLeastOne("--count", most) : null,
                Pause = parsed.GetValue(every),
            };
            await using var opened = await target.OpenAsync(parsed, ct);
            await OperationRun.RunAsync(opened, request, "restart", options.DryRun(parsed), options.Json(parsed), terminal, ct);
        });
        return verb;
    }

    private static int AtLeastOne(string option, int value) =>
        value >= 1 ? value : throw new EbbException($"{option} {value}: write 1 or more.");
}
