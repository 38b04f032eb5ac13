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

        // What is cordoned to go is gone soon, whatever is asked for now.
        var leaving = Of(seen, named.Parts, "retiring").Count();
        var stay = named.Capacity - leaving;
        var report = new ScaleReport { Pool = name, From = stay, To = stay };
        report = wanted >= stay
            ? await GrowAsync(kubernetes, cloud, seen, named, wanted - stay, report, ct)
            : await ShrinkAsync(kubernetes, seen, named, stay - wanted, report, ct);
        return leaving == 0 ? report
            : report with { Note = $"{Words.Count(leaving, "machine")} beside {(leaving == 1 ? "is" : "are")} leaving already. {report.Note}".TrimEnd() };
    }

    /// <summary>
    /// Has the part grow that the controller would choose, and the next one by what the cloud refuses of it. What it takes on and does
    /// not deliver after all shows minutes later, and the controller finds out: that part then comes last.
    /// </summary>
    private static async Task<ScaleReport> GrowAsync(IKubernetes kubernetes, ICloud cloud, Seen seen, NamedPool named, int by, ScaleReport report, CancellationToken ct)
    {
        // What has been idle for long, and was kept for the pool's least alone, would go as soon as there are more; what was told to go, too.
        await IdleSinceAsync(kubernetes, Of(seen, named.Parts, "idle"), null, ct);
        var left = by;
        var quota = false;
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
                    quota |= growing.Asked < most - lacking;
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
            : refusals.Count == 0 ? report with { Note = quota ? $"Quota leaves no room for {left} more." : $"The pool is at its maximum until they are gone: run it again then for {left} more." }
            : left < by ? report with { Note = string.Join(' ', refusals) }
            : throw new IOException(string.Join(' ', refusals));

        string Instead(PoolView grown) => order.SkipWhile(part => part != grown).Skip(1).FirstOrDefault(part => named.Machines(part) < part.Pool.Max) is { } next
            ? $" Should some not come, the controller knows after {Words.Span(grown.Pool.JoinWithin)}: 'ebb scale {named.Name} {report.From + by}' then buys the rest of '{next.Pool.Name}'."
            : "";
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
        List<string> told = [];
        List<(string Node, TimeSpan IdleAfter)> idle = [];
        List<string> kept = [];
        foreach (var part in named.Parts.OrderByDescending(part => part.Pool.PricePerHour ?? decimal.MaxValue))
        {
            var over = ToldToGo(seen, part.Pool.IdleAfter);
            var ready = Of(seen, [part], "idle").ToLookup(leaving.Contains);
            told.AddRange(ready[true].Where(over.Contains));
            idle.AddRange(ready[true].Where(node => !over.Contains(node)).Select(node => (node, part.Pool.IdleAfter)));
            kept.AddRange(ready[false]);
        }

        // Told to go by an earlier wish, and more of them than are to go now: those stay after all.
        await IdleSinceAsync(kubernetes, told.Skip(by), null, ct);
        var more = Math.Max(0, by - told.Count);
        idle = [.. idle.Take(more)];
        foreach (var (node, idleAfter) in idle)
        {
            await IdleSinceAsync(kubernetes, [node], seen.Snapshot.Now - idleAfter, ct);
        }

        return report with
        {
            To = report.From - Math.Min(by, told.Count) - idle.Count,
            Note = idle.Count < more ? WhyFewer(more - idle.Count, kept, then) : null,
        };
    }

    /// <summary>Nodes of machines of these parts that are in this state.</summary>
    private static IEnumerable<string> Of(Seen seen, ImmutableArray<PoolView> parts, string state) =>
        from machine in seen.Report.Machines
        where machine.State == state && machine.Node is not null && parts.Any(part => part.Pool.Name == machine.Pool)
        select machine.Node;

    /// <param name="at">Null: from now on, by the clock of the controller, which sees to it at once.</param>
    private static async Task IdleSinceAsync(IKubernetes kubernetes, IEnumerable<string> nodes, DateTimeOffset? at, CancellationToken ct)
    {
        var text = at?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        foreach (var node in nodes)
        {
            await kubernetes.ChangeNodeAsync(node, new NodeChange { Annotations = new Dictionary<string, string?> { [Marks.IdleSince] = text } }, ct);
        }
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
}
