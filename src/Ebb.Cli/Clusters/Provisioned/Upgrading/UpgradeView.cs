using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>Shows what an upgrade would do, and what became of it.</summary>
/// <param name="behind">Machines of the control plane that are not yet as wanted.</param>
/// <param name="pools">Machines of pools that are to be given a fresh disk, in that order.</param>
/// <param name="besides">What else is new for the control plane.</param>
internal sealed class UpgradeView(
    string cluster, UpgradeRequest request, string release, ImmutableArray<ReportedMachine> behind, ImmutableArray<Candidate> pools, ImmutableArray<ClusterChange> besides)
{
    public void Print(bool json, Terminal terminal)
    {
        if (json)
        {
            Print("planned", [.. pools.Select(machine => Of(machine, "planned"))], terminal);
            return;
        }

        terminal.Print($"Cluster {cluster} to {release}");
        var grid = new Grid("do", "machine", "node", "runs", "");
        foreach (var machine in behind)
        {
            grid.Add(new Cell("upgrade", Tone.Warn), new Cell(machine.Name), new Cell(machine.Name), new Cell(machine.State?.Release ?? ""), new Cell("in place; its pods run on"));
        }

        foreach (var machine in pools)
        {
            grid.Add(
                new Cell("reimage", Tone.Warn),
                new Cell(machine.Machine.Name),
                new Cell(machine.Node),
                new Cell(machine.Release),
                new Cell(machine.Work == 0 ? "idle" : $"waits for {Words.Count(machine.Work, "pod")}"));
        }

        grid.Print(terminal);
        foreach (var change in besides)
        {
            terminal.Print($"With it: {change.Name}; {change.Means}");
        }
    }

    // No more than was looked at.
    private string Covered => request switch
    {
        { ControlPlaneOnly: true } => $"the control plane of cluster '{cluster}' is",
        { Pool: { } pool } => $"the control plane of cluster '{cluster}' and pool '{pool}' are",
        _ => $"cluster '{cluster}' is",
    };

    public void PrintNothing(bool json, Terminal terminal)
    {
        if (json)
        {
            Print("done", [], terminal);
        }
        else
        {
            terminal.Print($"Nothing to do: {Covered} at {release}.");
        }
    }

    public void PrintDone(Terminal terminal) => terminal.Print($"{char.ToUpperInvariant(Covered[0])}{Covered[1..]} at {release}.");

    /// <summary>As JSON: the control plane is done, and of the pools' machines what became of each.</summary>
    /// <param name="machines">Null where there was nothing to do about them.</param>
    public void PrintResult((OperationPlan Plan, OperationReport Report)? machines, Terminal terminal) => Print(
        "done",
        machines is not { Plan: var plan, Report: var report } ? []
            : [
                .. from machine in plan.Waves.SelectMany(wave => wave)
                   let became = report.Machines.FirstOrDefault(one => one.Machine == machine.Machine.Name)
                   select Of(machine, became?.Outcome ?? "planned") with { Why = became?.Why },
            ],
        terminal);

    private static UpgradeOutcome Of(Candidate machine, string outcome) => new(machine.Machine.Name, machine.Node, machine.Release, outcome, machine.Work);

    private void Print(string outcome, ImmutableArray<UpgradeOutcome> machines, Terminal terminal) => terminal.Print(JsonSerializer.Serialize(
        new UpgradeReport
        {
            Cluster = cluster,
            Release = release,
            ControlPlane = [.. behind.Select(machine => new UpgradeOutcome(machine.Name, machine.Name, machine.State?.Release ?? "", outcome, 0))],
            Machines = machines,
        },
        UpgradeJson.Default.UpgradeReport));
}

/// <summary>What <c>ebb upgrade --json</c> prints last of all.</summary>
internal sealed record UpgradeReport
{
    public required string Cluster { get; init; }

    public required string Release { get; init; }

    /// <summary>Empty where all were as wanted.</summary>
    public required ImmutableArray<UpgradeOutcome> ControlPlane { get; init; }

    /// <summary>Those of pools that were not at the release.</summary>
    public required ImmutableArray<UpgradeOutcome> Machines { get; init; }
}

/// <param name="From">The release that it ran.</param>
/// <param name="Outcome">planned, also where another one's failure came before it; else done, left, failed or gone, as <see cref="OperationOutcome"/> has it.</param>
/// <param name="Pods">That kept it from being idle.</param>
internal sealed record UpgradeOutcome(string Machine, string Node, string From, string Outcome, int Pods)
{
    /// <summary>Why it is not done; absent when it is.</summary>
    public string? Why { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(UpgradeReport))]
internal sealed partial class UpgradeJson : JsonSerializerContext;
