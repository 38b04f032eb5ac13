using System.CommandLine;
using Ebb.Cli.Clusters;
using Ebb.Cli.Definition;
using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Clouds;

namespace Ebb.Cli.Commands;

/// <summary>Gives a pool another machine size, then each of its machines.</summary>
internal static class ResizeCommand
{
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var pool = new Argument<string>("pool") { Description = "The pool.", HelpName = "POOL" };
        var size = new Argument<string>("size") { Description = "The size; 'ebb list sizes' shows them.", HelpName = "SIZE" };
        var newOnly = new Option<bool>("--new-only") { Description = "Leave machines that are there as they are; only new ones have the size." };
        var options = new OperationOptions(withPool: false);
        var verb = new Verb("resize", "Give a pool another machine size; its machines change one after the other, each emptied first.")
        {
            Arguments = { pool, size },
            Options = { newOnly },
            Examples =
            [
                new("ebb resize agents Standard_D8s_v5", "one machine after the other"),
                new("ebb resize agents Standard_D8s_v5 --new-only", "whatever comes from now on"),
            ],
        };
        options.AddTo(verb, order: true);
        target.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var (name, wanted) = (parsed.GetRequiredValue(pool), parsed.GetRequiredValue(size));
            if (Values.Size.Problem(wanted) is { } problem)
            {
                throw new EbbException(problem);
            }

            var request = PoolResize.Machines(options.Read(parsed, MachineOperation.Upgrade, usualAtOnce: 1), name, wanted);
            await using var opened = await target.OpenAsync(parsed, ct);
            var parts = (await opened.LookAtAllAsync(terminal, ct)).Pool(name).Parts;
            var (dryRun, json, machinesToo) = (options.DryRun(parsed), options.Json(parsed), !parsed.GetValue(newOnly));
            foreach (var part in parts)
            {
                PoolResize.RequirePossible(part, wanted, machinesToo);
            }

            foreach (var part in dryRun ? [] : parts)
            {
                if (await Following.WhileAsync(opened.Cloud, () => PoolResize.RunAsync(opened.Cloud, part, wanted, opened.Time, ct), ct))
                {
                    terminal.Say($"Pool {part.Pool.Name} buys {wanted} from now on. Say so in its ebb.yaml too, or 'ebb up' changes it back.");
                }
            }

            PoolSizeChange[] sizes = [.. parts.Select(part => new PoolSizeChange { Pool = part.Pool.Name, From = part.Pool.Size, To = wanted })];
            if (machinesToo)
            {
                await OperationRun.RunAsync(opened, request, "resize", dryRun, json, terminal, ct, sizes);
                return;
            }

            OperationRun.Print(new OperationReport { Operation = "resize", DryRun = dryRun, Sizes = sizes, Machines = [] }, json, terminal);
        });
        return verb;
    }
}
