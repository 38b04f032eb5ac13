using Ebb.Cli.Reports;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ebb.Cli.Output;

/// <summary>Shows a status to people.</summary>
internal static class StatusView
{
    private const int MostPending = 8;

    private const int MostUnready = 4;

    // Headings, frames and the lines around them.
    private const int OtherLines = 19;

    /// <summary>As plain lines.</summary>
    public static void Print(StatusReport status, Terminal terminal)
    {
        if (terminal.Rich)
        {
            terminal.Console.Write(Draw(status, int.MaxValue));
            return;
        }

        foreach (var line in Head(status))
        {
            terminal.Print(line.Text);
        }

        Section(Groups(status.Groups, status.At));
        Section(Components(status.Components, status.At));
        Section(Pools(status));
        Section(Machines(status, int.MaxValue));
        Section(Pending(status, int.MaxValue));

        void Section(Grid? grid)
        {
            if (grid is not null)
            {
                terminal.Print("");
                grid.Print(terminal);
            }
        }
    }

    /// <param name="lines">How many there are to draw on: machines beyond them are only counted.</param>
    public static IRenderable Draw(StatusReport status, int lines)
    {
        var room = Math.Max(3, lines - OtherLines - status.Pools.Length - status.Components.Length - Math.Min(status.Pending.Length, MostPending));
        var parts = new List<IRenderable>();
        parts.AddRange(Head(status).Select(line => new Text(line.Text, Tones.Style(line.Tone))));
        foreach (var grid in new[] { Groups(status.Groups, status.At), Components(status.Components, status.At), Pools(status), Machines(status, room), Pending(status, MostPending) })
        {
            if (grid is not null)
            {
                parts.Add(grid.AsTable());
            }
        }

        return new Rows(parts);
    }

    public static Grid Machines(IReadOnlyCollection<MachineReport> machines, DateTimeOffset now)
    {
        var grid = new Grid("machine", "pool", "node", "release", "state", "pods", "age", "reason");
        foreach (var machine in machines)
        {
            grid.Add(
                new Cell(machine.Name),
                new Cell(machine.Pool),
                new Cell(machine.Node ?? "-"),
                new Cell(machine.Release ?? "-"),
                new Cell(machine.State, ToneOf(machine.State)),
                new Cell(machine.Pods.ToString()),
                new Cell(machine.CreatedAt is { } at ? Words.Span(now - at) : "-"),
                new Cell(machine.Reason));
        }

        return grid;
    }

    /// <summary>Null for a cluster without an ebb.yaml.</summary>
    public static Grid? Groups(IReadOnlyCollection<GroupReport> groups, DateTimeOffset now)
    {
        if (groups.Count == 0)
        {
            return null;
        }

        var grid = new Grid("resource group", "state", "resources", "not as they should be", "last deployment", "ago");
        foreach (var group in groups)
        {
            var troubled = group.Resources.Where(r => r.State is not (null or "Succeeded")).Select(r => $"{r.Name} {r.State}").ToList();
            grid.Add(
                new Cell(group.Name),
                new Cell(group.State, group.State is "there" ? Tone.Good : Tone.Bad),
                new Cell(group.Resources.Length.ToString()),
                new Cell(troubled.Count == 0 ? "-" : string.Join(", ", troubled.Take(3)), troubled.Count == 0 ? Tone.Quiet : Tone.Bad),
                group.LastDeployment is { } last
                    ? new Cell(last.Error is { } error ? $"{last.State}: {error}" : last.State, last.State is "Succeeded" ? Tone.Good : last.State is "Failed" or "Canceled" ? Tone.Bad : Tone.Warn)
                    : new Cell("none", Tone.Quiet),
                new Cell(group.LastDeployment?.At is { } at ? Words.Span(now - at) : "-"));
        }

        return grid;
    }

    /// <summary>Null where Ebb runs none.</summary>
    public static Grid? Components(IReadOnlyCollection<ComponentReport> components, DateTimeOffset now)
    {
        if (components.Count == 0)
        {
            return null;
        }

        var grid = new Grid("component", "version", "state", "for", "restarts", "pid", "last error");
        foreach (var component in components)
        {
            grid.Add(
                new Cell(component.Name),
                new Cell(component.Version),
                new Cell(component.State, component.State is "healthy" ? Tone.Good : component.State is "starting" ? Tone.Warn : Tone.Bad),
                new Cell(Words.Span(now - component.Since)),
                new Cell(component.Restarts.ToString()),
                new Cell(component.ProcessId?.ToString() ?? "-"),
                new Cell(component.LastError ?? "", Tone.Quiet));
        }

        return grid;
    }

    private static IEnumerable<Cell> Head(StatusReport status)
    {
        var cluster = status.Cluster;
        yield return new Cell(cluster.Releases.IsEmpty
            ? $"Kubernetes {cluster.Kubernetes}, Azure {cluster.Cloud}"
            : $"Kubernetes {string.Join(" and ", cluster.Releases)} at {cluster.Kubernetes}, Azure {cluster.Cloud}");
        yield return new Cell(
            $"{cluster.NodesReady} of {Words.Count(cluster.Nodes, "node")} ready, {Words.Count(cluster.PodsRunning, "pod")} running, {cluster.PodsPending} waiting");
        if (!cluster.Unready.IsEmpty)
        {
            var named = cluster.Unready.Take(MostUnready).Select(node => node.Since is { } since ? $"{node.Node} for {Words.Span(status.At - since)}" : node.Node);
            var more = cluster.Unready.Length - MostUnready;
            yield return new Cell($"Not ready: {string.Join(", ", named)}{(more > 0 ? $" and {more} more" : "")}", Tone.Bad);
        }

        yield return cluster.Controller is { } controller
            ? new Cell($"Controller: {controller}", Tone.Quiet)
            : new Cell("No controller runs: nothing grows or shrinks. Start one with 'ebb run'.", Tone.Warn);
        if (cluster.Trouble is { } trouble)
        {
            yield return new Cell($"The picture of the cloud has gaps: {trouble}", Tone.Bad);
        }
    }

    private static Grid Pools(StatusReport status)
    {
        var grid = new Grid("pool", "size", "kind", "machines", "min", "max", "idle after", "price/h", "reason");
        foreach (var pool in status.Pools)
        {
            grid.Add(
                new Cell(pool.Name),
                new Cell(pool.Size),
                new Cell(pool.Priority),
                new Cell(pool.Capacity.ToString()),
                new Cell(pool.Min.ToString()),
                new Cell(pool.Max.ToString()),
                new Cell(Words.Span(TimeSpan.FromSeconds(pool.IdleAfterSeconds))),
                new Cell(pool.PricePerHour?.ToString("0.0000") ?? "unknown"),
                pool.Problem is { } problem ? new Cell(problem, Tone.Bad) : new Cell(pool.Reason));
        }

        return grid;
    }

    private static Grid? Machines(StatusReport status, int most)
    {
        if (status.Machines.IsEmpty)
        {
            return null;
        }

        var grid = Machines([.. status.Machines.Take(most)], status.At);
        if (status.Machines.Length > most)
        {
            grid.Add([new Cell($"and {status.Machines.Length - most} more", Tone.Quiet), .. Enumerable.Repeat(new Cell(""), 7)]);
        }

        return grid;
    }

    private static Grid? Pending(StatusReport status, int most)
    {
        if (status.Pending.IsEmpty)
        {
            return null;
        }

        var grid = new Grid("waiting", "first of them", "reason");
        foreach (var pending in status.Pending.Take(most))
        {
            grid.Add(new Cell(Words.Count(pending.Count, "pod")), new Cell(pending.First), new Cell(pending.Reason, Tone.Warn));
        }

        return grid;
    }

    private static Tone ToneOf(string state) => state switch
    {
        "busy" => Tone.Good,
        "booting" => Tone.Warn,
        "failed" or "unready" => Tone.Bad,
        _ => Tone.Quiet,
    };
}
