using System.Collections.Immutable;
using System.Text.Json;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Clouds.Azure;

namespace Ebb.Cli.Operating;

/// <summary>Plans an operation, carries it out, and tells what became of it.</summary>
internal static class OperationRun
{
    // More of them on a line than these nobody copies.
    private const int MostNamed = 10;

    /// <param name="word">Of the command, for example <c>reimage</c>.</param>
    /// <param name="sizes">What their pool has been given before, or would be.</param>
    public static async Task RunAsync(
        Target target, OperationRequest request, string word, bool dryRun, bool json, Terminal terminal, CancellationToken ct, IReadOnlyList<PoolSizeChange>? sizes = null)
    {
        var (plan, report) = await WorkAsync(target, request, word, dryRun, terminal, ct);
        Print(report with { Sizes = sizes }, json, terminal);
        Require(plan, report.Machines, request);
    }

    /// <summary>The same for whoever tells it otherwise, and requires what it must.</summary>
    internal static Task<(OperationPlan Plan, OperationReport Report)> WorkAsync(
        Target target, OperationRequest request, string word, bool dryRun, Terminal terminal, CancellationToken ct) =>
        WorkAsync(new OperationReach(cancel => target.LookAtAllAsync(terminal, cancel), target.Kubernetes, target.Cloud, target.Time, target.Random, terminal.Say), request, word, dryRun, ct);

    internal static async Task<(OperationPlan Plan, OperationReport Report)> WorkAsync(
        OperationReach reach, OperationRequest request, string word, bool dryRun, CancellationToken ct)
    {
        var seen = await reach.LookAsync(ct);
        var plan = OperationPlan.Make(seen.Snapshot, request);
        var done = dryRun ? Planned(plan) : await Following.WhileAsync(
            reach.Cloud, () => new MachineWork(reach.Kubernetes, reach.Cloud, reach.Time, reach.Random, request, reach.Say).RunAsync(plan, ct), ct);
        return (plan, new OperationReport
        {
            Operation = word,
            DryRun = dryRun,
            Seed = request.Seed,
            Machines = [.. done, .. plan.Skipped.Select(s => new OperationOutcome { Machine = s.Machine, Pool = PoolOf(seen, s.Machine), Outcome = "skipped", Why = s.Why })],
        });
    }

    /// <exception cref="IOException">Machines were left or failed, or are none to which this can be done; says how to go on.</exception>
    internal static void Require(OperationPlan plan, ImmutableArray<OperationOutcome> done, OperationRequest request)
    {
        var left = done.Where(m => m.Outcome is "left" or "failed").Select(m => m.Machine).ToList();
        if (left.Count == 0)
        {
            if (plan.Refused is not null)
            {
                throw new IOException(plan.Refused);
            }

            return;
        }

        List<string> rest = [.. left, .. plan.Waves.SelectMany(wave => wave).Select(c => c.Machine.Name).Except(done.Select(m => m.Machine))];
        var after = rest.Count - left.Count;
        var again = request.CarriesOn
            ? "Running it again carries on."
            : $"Running it again begins with all of them; {(rest.Count > MostNamed ? "--machine names those that are to go on" : $"with {string.Join(' ', rest.Select(name => $"--machine {name}"))} it goes on")}.";
        throw new IOException($"{Words.Count(left.Count, "machine")} could not be worked on{(after > 0 ? $", and {after} more were not begun" : "")}. {again}{(plan.Refused is { } refused ? $" {refused}" : "")}");
    }

    private static string PoolOf(Seen seen, string machine) =>
        seen.Snapshot.Cloud.Pools.FirstOrDefault(p => p.Machines.Any(m => m.Name == machine))?.Pool.Name ?? "";

    private static ImmutableArray<OperationOutcome> Planned(OperationPlan plan) =>
    [
        .. plan.Waves.SelectMany((wave, i) => wave.Select(c => new OperationOutcome
        {
            Machine = c.Machine.Name,
            Pool = c.Pool.Pool.Name,
            Node = c.Joined ? c.Node : null,
            Wave = i + 1,
            Outcome = "planned",
        })),
    ];

    internal static void Print(OperationReport report, bool json, Terminal terminal)
    {
        if (json)
        {
            terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.OperationReport));
            return;
        }

        foreach (var size in report.Sizes ?? [])
        {
            terminal.Print(
                size.From.Equals(size.To, StringComparison.OrdinalIgnoreCase) ? $"Pool {size.Pool} buys {size.To} already."
                : report.DryRun ? $"Pool {size.Pool} would buy {size.To}, no longer {size.From}."
                : $"Pool {size.Pool} buys {size.To}, no longer {size.From}.");
        }

        if (report.Machines.IsEmpty)
        {
            if (report.Sizes is null)
            {
                terminal.Print("There is no machine to work on.");
            }

            return;
        }

        var grid = new Grid("pool", "machine", "node", "wave", report.DryRun ? "would" : "outcome", "");
        foreach (var machine in report.Machines)
        {
            grid.Add(
                new(machine.Pool),
                new(machine.Machine),
                new(machine.Node ?? "-"),
                new(machine.Wave > 0 ? $"{machine.Wave}" : "-"),
                new(machine.Outcome == "planned" ? report.Operation : machine.Outcome, Tone(machine.Outcome)),
                new(machine.Why ?? (machine.Seconds > 0 ? $"{machine.Seconds:0.#} s" : "")));
        }

        grid.Print(terminal);
        if (report.Seed is { } seed)
        {
            terminal.Say($"The same order again: --seed {seed}");
        }
    }

    private static Tone Tone(string outcome) => outcome switch
    {
        "done" => Output.Tone.Good,
        "left" or "gone" => Output.Tone.Warn,
        "failed" => Output.Tone.Bad,
        _ => Output.Tone.Plain,
    };
}

/// <summary>What an operation reaches, and whom it tells.</summary>
/// <param name="LookAsync">Looks at everything once.</param>
internal sealed record OperationReach(
    Func<CancellationToken, Task<Seen>> LookAsync, IKubernetes Kubernetes, AzureCloud Cloud, TimeProvider Time, Random Random, Action<string> Say);
