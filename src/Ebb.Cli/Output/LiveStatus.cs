using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Reports;
using Spectre.Console;

namespace Ebb.Cli.Output;

/// <summary>Shows a status as it changes: redrawn on a terminal, a line for each change in a pipe.</summary>
internal static class LiveStatus
{
    // A line for each document, so that a reader knows where one ends.
    private static readonly ReportJson OneLine = new(new JsonSerializerOptions(ReportJson.Default.Options) { WriteIndented = false });

    /// <summary>Until it is cancelled: that is the end that was asked for, no failure.</summary>
    public static async Task ShowAsync(Target target, Terminal terminal, bool json, CancellationToken ct)
    {
        try
        {
            if (json)
            {
                await foreach (var seen in target.WatchAsync(ct))
                {
                    terminal.Print(JsonSerializer.Serialize(seen.Report, OneLine.StatusReport));
                }
            }
            else if (terminal.Rich)
            {
                await RedrawAsync(target, terminal, ct);
            }
            else
            {
                await TellAsync(target, terminal, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Ctrl-C is how this ends.
        }
    }

    private static async Task RedrawAsync(Target target, Terminal terminal, CancellationToken ct)
    {
        await terminal.Console.Live(new Text("Looking ...")).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
        {
            await foreach (var seen in target.WatchAsync(ct))
            {
                live.UpdateTarget(new Rows(StatusView.Draw(seen.Report, terminal.Console.Profile.Height), new Text("Ctrl-C ends.", Tones.Style(Tone.Quiet))));
            }
        });
    }

    private static async Task TellAsync(Target target, Terminal terminal, CancellationToken ct)
    {
        var last = "";
        await foreach (var seen in target.WatchAsync(ct))
        {
            var line = Line(seen.Report);
            if (line != last)
            {
                last = line;
                terminal.Print($"{seen.Report.At:HH:mm:ss}  {line}");
            }
        }
    }

    private static string Line(StatusReport status) => string.Join(
        "  ",
        status.Pools.Select(p => $"{p.Name}: {p.Capacity}{(p.Machines.IsEmpty ? "" : $" ({string.Join(", ", p.Machines.Select(m => $"{m.Value} {m.Key}"))})")}")
            .Append($"pods: {status.Cluster.PodsRunning} running, {status.Cluster.PodsPending} waiting"));
}
