using System.Collections.Immutable;
using System.Globalization;
using Ebb.Acting;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Growing;
using Ebb.Planning;

namespace Ebb.Cli.Clusters;

/// <summary>Carries out a person's wish for another number of machines.</summary>
internal static class Scaling
{
    public static async Task<ScaleReport> ScaleAsync(IKubernetes kubernetes, ICloud cloud, Seen seen, string pool, int wanted, CancellationToken ct)
    {
        var named = seen.Pool(pool);
        var (name, min, max) = (named.Name, named.Min, named.Max);
        if (wanted < min || wanted > max)
        {
            var beside = named.Others.IsEmpty ? "" : $" beside the {named.Others.Sum(named.Machines)} of {string.Join(" and ", named.Others.Select(part => $"'{part.Pool.Name}'"))}, parts of the same pool";
            throw new EbbException($"Pool '{name}' may have {min} to {max} machines{beside}, not {wanted}. Its tags ebb-min and ebb-max say so.");
        }

        var report = new ScaleReport { Pool = name, From = named.Capacity, To = named.Capacity };
        return wanted >= named.Capacity
            ? await GrowAsync(kubernetes, cloud, seen, named, wanted, report, ct)
            : await ShrinkAsync(kubernetes, seen, named, named.Capacity - wanted, report, ct);
    }

    /// <summary>
    /// Has the part grow that the controller would choose, and the next one by what the cloud refuses of it. What it takes on and does
    /// not deliver after all shows minutes later, and the controller finds out: that part then comes last.
    /// </summary>
    private static async Task<ScaleReport> GrowAsync(IKubernetes kubernetes, ICloud cloud, Seen seen, NamedPool named, int wanted, ScaleReport report, CancellationToken ct)
    {
        await StayAsync(kubernetes, seen, named, ct);
        var by = wanted - named.Capacity;
        var left = by;
        var refusals = new List<string>();
        ImmutableArray<PoolView> order = [.. PartOrder.Of(seen.Snapshot, named.Parts).OrderBy(part => named.Machines(part) < part.Capacity)];
        foreach (var part in order)
        {
            var (pool, lacking) = (part.Pool, part.Capacity - named.Machines(part));
            var most = Math.Min(left, pool.Max - named.Machines(part));
            if (most <= 0)
            {
                continue;
            }

            if (most < lacking && named.Parts.Length > 1)
            {
                refusals.Add($"{Words.Count(lacking, "machine")} of pool '{pool.Name}' did not come; asked for {most} now the cloud would try for all of them.");
                continue;
            }

            // Whatever it is asked for, the cloud also tries again for what it has not delivered.
            switch (await cloud.GrowAsync(part, Math.Max(0, most - lacking), ct))
            {
                case GrowResult.Growing growing:
                    left -= growing.Asked + lacking;
                    report = report with { To = report.To + growing.Asked + lacking, Note = $"Machines that stay idle for {Words.Span(pool.IdleAfter)} go again.{Instead(part)}" };
                    break;
                case GrowResult.Refused refused:
                    refusals.Add($"The cloud refused {most} more machines for pool '{pool.Name}': {refused.Failure.Code}: {refused.Failure.Message}");
                    break;
                case GrowResult.Changed changed:
                    throw new IOException($"Pool '{pool.Name}' was changed to {changed.Capacity} machines meanwhile. Nothing was sent for it; run it again.");
                case GrowResult.Throttled throttled:
                    throw new IOException($"The cloud takes no request for pool '{pool.Name}' before {Words.Span(throttled.RetryAfter)} have passed. Nothing was changed there.");
                case GrowResult.Unknown unknown:
                    throw new IOException($"Whether pool '{pool.Name}' grows is not known: {unknown.Why} 'ebb status' shows it.");
                default:
                    throw new InvalidOperationException("A result that nobody knows.");
            }
        }

        return left <= 0 ? report
            : refusals.Count == 0 ? report with { Note = $"Quota leaves no room for {left} more." }
            : left < by ? report with { Note = string.Join(' ', refusals) }
            : throw new IOException(string.Join(' ', refusals));

        string Instead(PoolView grown) => order.SkipWhile(part => part != grown).Skip(1).FirstOrDefault(part => named.Machines(part) < part.Pool.Max) is { } next
            ? $" Should some not come, the controller knows after {Words.Span(grown.Pool.JoinWithin)}: 'ebb scale {named.Name} {wanted}' then buys the rest of '{next.Pool.Name}'."
            : "";
    }

    /// <summary>
    /// What has been idle for long, and was kept for the pool's least alone, would go as soon as there are more. Who asks for more wants
    /// those that there are, too: their idle time begins anew, as that of the new ones does.
    /// </summary>
    private static async Task StayAsync(IKubernetes kubernetes, Seen seen, NamedPool named, CancellationToken ct)
    {
        var parts = named.Parts.Select(part => part.Pool.Name).ToHashSet();
        var now = Notation(seen.Snapshot.Now);
        foreach (var machine in seen.Report.Machines.Where(m => m is { State: "idle", Node: not null } && parts.Contains(m.Pool)))
        {
            await kubernetes.ChangeNodeAsync(machine.Node!, new NodeChange { Annotations = new Dictionary<string, string?> { [Marks.IdleSince] = now } }, ct);
        }
    }

    /// <summary>
    /// The controller alone removes machines, after its last look. This tells it not to wait: the nodes' idle time counts as
    /// over. A node that gets work before the controller comes is busy again, and stays.
    /// </summary>
    private static async Task<ScaleReport> ShrinkAsync(
        IKubernetes kubernetes, Seen seen, NamedPool named, int by, ScaleReport report, CancellationToken ct)
    {
        if (seen.Report.Cluster.Controller is null)
        {
            throw new EbbException("No controller runs, and only a controller removes machines. Start one with 'ebb run'.");
        }

        var then = Overdue(seen);
        var leaving = Leaving(then);
        var going = 0;
        List<(string Node, TimeSpan IdleAfter)> idle = [];
        List<string> kept = [];
        foreach (var part in named.Parts.OrderByDescending(part => part.Pool.PricePerHour ?? decimal.MaxValue))
        {
            var told = ToldToGo(seen, part.Pool.IdleAfter);
            var machines = seen.Report.Machines.Where(m => m.Pool == part.Pool.Name).ToLookup(m => m.State);
            var ready = machines["idle"].Select(m => m.Node!).ToLookup(leaving.Contains);
            going += machines["retiring"].Count() + ready[true].Count(told.Contains);
            idle.AddRange(ready[true].Where(node => !told.Contains(node)).Select(node => (node, part.Pool.IdleAfter)));
            kept.AddRange(ready[false]);
        }

        by = Math.Max(0, by - going);
        idle = [.. idle.Take(by)];
        foreach (var (node, idleAfter) in idle)
        {
            var over = Notation(seen.Snapshot.Now - idleAfter);
            await kubernetes.ChangeNodeAsync(node, new NodeChange { Annotations = new Dictionary<string, string?> { [Marks.IdleSince] = over } }, ct);
        }

        return report with
        {
            To = named.Capacity - going - idle.Count,
            Note = idle.Count < by ? WhyFewer(by - idle.Count, kept, then) : null,
        };
    }

    /// <summary>What the controller would decide, had all that is idle been so for long: what it then keeps is not told to go.</summary>
    private static Plan Overdue(Seen seen)
    {
        var over = (seen.Snapshot.Now - seen.Snapshot.Cloud.Pools.Max(view => view.Pool.IdleAfter)).ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
        return Planner.Plan(
            seen.Snapshot with
            {
                Nodes = [.. seen.Snapshot.Nodes.Select(node => node.Pods.Any(pod => pod.IsWork) ? node : node with { Annotations = node.Annotations.SetItem(Marks.IdleSince, over) })],
            },
            Target.Policy);
    }

    private static HashSet<string> Leaving(Plan then) =>
    [
        .. then.Decisions.OfType<Decision.Cordon>().Select(decision => decision.Node),
        .. then.Decisions.OfType<Decision.Remove>().SelectMany(decision => decision.Departures).Select(departure => departure.Node).OfType<string>(),
    ];

    /// <param name="kept">Nodes that are idle and stay.</param>
    private static string WhyFewer(int lacking, List<string> kept, Plan then)
    {
        List<string> why = lacking > kept.Count ? [$"{Words.Count(lacking - kept.Count, "machine is", "machines are")} not idle, and not removed."] : [];
        why.AddRange(kept.GroupBy(node => then.Reasons.Nodes.GetValueOrDefault(node) ?? "kept")
            .Select(nodes => $"{string.Join(" and ", nodes.Take(3))}{(nodes.Count() > 3 ? $" and {nodes.Count() - 3} more" : "")}: {nodes.Key}."));
        return string.Join(' ', why);
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

    private static string Notation(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
