using System.Collections.Immutable;
using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Cli.Reports;

/// <summary>The reason for one thing, and what is known beside it.</summary>
internal sealed record WhyReport
{
    /// <summary>node, machine, pool or pod.</summary>
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required string Reason { get; init; }

    /// <summary>More facts, a line each.</summary>
    public ImmutableArray<string> Details { get; init; } = [];

    /// <summary>Everything of that name; a pool and a node may share one.</summary>
    public static ImmutableArray<WhyReport> Find(string name, Snapshot snapshot, Plan plan, StatusReport status)
    {
        return
        [
            .. status.Pools.Where(p => Is(p.Name) || Is(p.PartOf)).Select(p => OfPool(p, status)),
            .. status.Machines.Where(m => Is(m.Name) || (m.Node is { } node && Is(node))).Select(m => OfMachine(m, snapshot)),
            .. snapshot.Nodes.Where(n => Is(n.Name) && status.Machines.All(m => m.Node != n.Name)).Select(n => OfNode(n, plan)),
            .. plan.Reasons.Pods.SelectMany(g => g.Pods.Where(p => IsPod(p)).Select(p => OfPending(p, g.Reason))),
            .. from node in snapshot.Nodes
               from pod in node.Pods
               where IsPod(pod)
               select OfPlaced(pod, node, plan),
        ];

        bool Is(string? other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

        bool IsPod(Pod pod) => Is(pod.Name) || Is(pod.ToString());
    }

    private static WhyReport OfPool(PoolReport pool, StatusReport status) => new()
    {
        Kind = "pool",
        Name = pool.Name,
        Reason = pool.Problem ?? pool.Reason,
        Details =
        [
            $"{Words.Count(pool.Capacity, "machine")} of {pool.Size} ({pool.Priority}), at least {pool.Min}, at most {pool.Max}, removed when idle for {Words.Span(TimeSpan.FromSeconds(pool.IdleAfterSeconds))}",
            .. status.Machines.Where(m => m.Pool == pool.Name).Select(m => $"{m.Name}: {m.State}, {m.Reason}"),
        ],
    };

    private static WhyReport OfMachine(MachineReport machine, Snapshot snapshot) => new()
    {
        Kind = machine.Node is null ? "machine" : "node",
        Name = machine.Node ?? machine.Name,
        Reason = machine.Reason,
        Details =
        [
            $"machine {machine.Name} of pool {machine.Pool}, {machine.State}",
            .. snapshot.Nodes.Where(n => n.Name == machine.Node).SelectMany(n => Notice(n).Concat(Pods(n))),
        ],
    };

    private static WhyReport OfNode(Node node, Plan plan) => new()
    {
        Kind = "node",
        Name = node.Name,
        Reason = plan.Reasons.Nodes.GetValueOrDefault(node.Name, "belongs to no pool: Ebb leaves it alone"),
        Details = [.. Notice(node), .. Pods(node)],
    };

    private static WhyReport OfPending(Pod pod, string reason) => new() { Kind = "pod", Name = pod.ToString(), Reason = reason };

    private static WhyReport OfPlaced(Pod pod, Node node, Plan plan) => new()
    {
        Kind = "pod",
        Name = pod.ToString(),
        Reason = pod.Finished ? $"finished on {node.Name}" : $"runs on {node.Name}",
        Details = [.. plan.Reasons.Nodes.TryGetValue(node.Name, out var reason) ? [$"node {node.Name}: {reason}"] : Array.Empty<string>()],
    };

    /// <summary>What its cloud has announced to it, or what it leaves for.</summary>
    private static IEnumerable<string> Notice(Node node) =>
        node.Annotations.GetValueOrDefault(Marks.Notice)?.Split(' ') is [var kind, var at]
            ? [$"announced: {kind}, not before {at}{(node.Shape.Taints.Any(taint => taint.Key == Marks.Leaving) ? "; nothing new starts on it" : "")}"]
            : [];

    private static IEnumerable<string> Pods(Node node) =>
        Reporting.Work(node).Select(pod => $"pod {pod}{(pod.Owner is { } owner ? $", of {owner.Kind} {owner.Name}" : ", without a controller")}");
}
