using Ebb.Cli.Clusters;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Running;

/// <summary>Decides all the time and does nothing: says what it would do whenever that changes.</summary>
internal static class DryRun
{
    public static async Task RunAsync(Target target, Terminal terminal, CancellationToken ct)
    {
        IReadOnlyList<string>? last = null;
        await foreach (var seen in target.WatchAsync(ct))
        {
            var decisions = PlanReport.Of(seen.Snapshot, seen.Plan).Decisions.Select(d => $"would {d}").ToList();
            if (last is null || !decisions.SequenceEqual(last))
            {
                last = decisions;
                foreach (var decision in decisions.DefaultIfEmpty("would do nothing"))
                {
                    terminal.Say($"{seen.Report.At:HH:mm:ss}  {decision}");
                }
            }
        }
    }
}
