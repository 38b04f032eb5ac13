using System.Globalization;
using Ebb.Acting;
using Ebb.Cli.Reports;
using Ebb.Clouds;

namespace Ebb.Cli.Clusters;

/// <summary>Carries out a person's wish for another number of machines.</summary>
internal static class Scaling
{
    public static async Task<ScaleReport> ScaleAsync(IKubernetes kubernetes, ICloud cloud, Seen seen, string pool, int wanted, CancellationToken ct)
    {
        var view = seen.Pool(pool);
        var (name, min, max) = (view.Pool.Name, view.Pool.Min, view.Pool.Max);
        if (wanted < min || wanted > max)
        {
            throw new EbbException($"Pool '{name}' may have {min} to {max} machines, not {wanted}. Its tags ebb-min and ebb-max say so.");
        }

        var report = new ScaleReport { Pool = name, From = view.Capacity, To = view.Capacity };
        return wanted >= view.Capacity
            ? await GrowAsync(cloud, view, wanted - view.Capacity, report, ct)
            : await ShrinkAsync(kubernetes, seen, view, view.Capacity - wanted, report, ct);
    }

    private static async Task<ScaleReport> GrowAsync(ICloud cloud, PoolView view, int by, ScaleReport report, CancellationToken ct)
    {
        if (by == 0)
        {
            return report;
        }

        var pool = view.Pool;
        return await cloud.GrowAsync(view, by, ct) switch
        {
            GrowResult.Growing growing => report with
            {
                To = growing.Capacity,
                Note = growing.Asked < by
                    ? $"Quota leaves no room for {by - growing.Asked} more."
                    : $"Machines that stay idle for {Words.Span(pool.IdleAfter)} go again.",
            },
            GrowResult.Changed changed => throw new IOException(
                $"Pool '{pool.Name}' was changed to {changed.Capacity} machines meanwhile. Nothing was sent; run it again."),
            GrowResult.Refused refused => throw new IOException(
                $"The cloud refused {by} more machines for pool '{pool.Name}': {refused.Failure.Code}: {refused.Failure.Message}"),
            GrowResult.Throttled throttled => throw new IOException(
                $"The cloud takes no request for pool '{pool.Name}' before {Words.Span(throttled.RetryAfter)} have passed. Nothing was changed."),
            GrowResult.Unknown unknown => throw new IOException(
                $"Whether pool '{pool.Name}' grows is not known: {unknown.Why} 'ebb status' shows it."),
            _ => throw new InvalidOperationException("A result that nobody knows."),
        };
    }

    /// <summary>
    /// The controller alone removes machines, after its last look. This tells it not to wait: the nodes' idle time counts as
    /// over. A node that gets work before the controller comes is busy again, and stays.
    /// </summary>
    private static async Task<ScaleReport> ShrinkAsync(
        IKubernetes kubernetes, Seen seen, PoolView view, int by, ScaleReport report, CancellationToken ct)
    {
        if (seen.Report.Cluster.Controller is null)
        {
            throw new EbbException("No controller runs, and only a controller removes machines. Start one with 'ebb run'.");
        }

        var told = ToldToGo(seen, view.Pool.IdleAfter);
        var machines = seen.Report.Machines.Where(m => m.Pool == view.Pool.Name).ToLookup(m => m.State);
        var going = machines["retiring"].Count() + machines["idle"].Count(m => told.Contains(m.Node!));
        by = Math.Max(0, by - going);
        var idle = machines["idle"].Where(m => !told.Contains(m.Node!)).Take(by).ToList();
        var over = (seen.Snapshot.Now - view.Pool.IdleAfter).ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        var change = new NodeChange { Annotations = new Dictionary<string, string?> { [Marks.IdleSince] = over } };
        foreach (var machine in idle)
        {
            await kubernetes.ChangeNodeAsync(machine.Node!, change, ct);
        }

        return report with
        {
            To = view.Capacity - going - idle.Count,
            Note = idle.Count < by ? $"{Words.Count(by - idle.Count, "machine is", "machines are")} not idle, and not removed." : null,
        };
    }

    /// <summary>Nodes whose idle time is over: the controller has not come to them yet.</summary>
    private static HashSet<string> ToldToGo(Seen seen, TimeSpan idleAfter) =>
    [
        .. from node in seen.Snapshot.Nodes
           where !node.Annotations.ContainsKey(Marks.Keep)
               && node.Annotations.TryGetValue(Marks.IdleSince, out var text)
               && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var since)
               && seen.Snapshot.Now - since >= idleAfter
           select node.Name,
    ];
}
