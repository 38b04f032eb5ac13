using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Tests.Planning;

/// <summary>Snapshots to plan from: pools with machines, nodes with pods, pods that wait.</summary>
internal sealed class Some
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, PoolView> _pools = [];

    public DateTimeOffset Now { get; set; } = Noon;

    public bool Complete { get; set; } = true;

    public Policy Policy { get; set; } = new();

    public SchedulerRules Rules { get; set; } = SchedulerRules.Newest;

    public List<DaemonSet> DaemonSets { get; } = [];

    public List<DisruptionBudget> Budgets { get; } = [];

    public Dictionary<string, string> Notes { get; } = [];

    public List<Node> Nodes { get; } = [];

    public List<Pod> Pending { get; } = [];

    public HashSet<string> Departing { get; } = [];

    public static Resources Amount(double cpus, double gib, int pods = 1, params (string Name, long Amount)[] extended) => new()
    {
        CpuMilli = (long)(cpus * 1000),
        MemoryBytes = (long)(gib * (1L << 30)),
        Pods = pods,
        Extended = extended.ToImmutableSortedDictionary(one => one.Name, one => one.Amount),
    };

    public static PodClass Class(double cpus = 1, double gib = 1) => new() { Requests = Amount(cpus, gib) };

    public static Pool Pool(
        string name = "agents", double cpus = 4, double gib = 16, int min = 0, int max = 10, decimal? price = 0.2m, Priority priority = Priority.Regular) =>
        new()
        {
            Name = name,
            CloudId = $"/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/{name}",
            Size = "Standard_D4s_v5",
            Min = min,
            Max = max,
            PricePerHour = price,
            Priority = priority,
            Shape = new NodeShape
            {
                Capacity = Amount(cpus, gib, 110),
                Allocatable = Amount(cpus, gib, 110),
                Labels = ImmutableSortedDictionary<string, string>.Empty.Add("ebb.dev/pool", name),
            },
        };

    public Some With(Pool pool, int capacity = 0)
    {
        _pools[pool.Name] = new PoolView { Pool = pool, Capacity = capacity, MachinesReadAt = Now };
        return this;
    }

    public Some Edit(string pool, Func<PoolView, PoolView> edit)
    {
        _pools[pool] = edit(_pools[pool]);
        return this;
    }

    public Machine AddMachine(
        string pool = "agents", MachineState state = MachineState.Running, TimeSpan? age = null, Func<Machine, Machine>? edit = null)
    {
        var view = _pools[pool];
        var id = view.Machines.Length;
        var machine = new Machine
        {
            Id = $"{id}",
            Pool = pool,
            Name = $"{pool}_{id}",
            ProviderId = $"azure://{view.Pool.CloudId}/virtualMachines/{id}",
            State = state,
            HostName = $"{pool}00000{id}",
            CreatedAt = Now - (age ?? TimeSpan.FromHours(1)),
        };
        machine = edit?.Invoke(machine) ?? machine;
        _pools[pool] = view with { Machines = view.Machines.Add(machine), Capacity = Math.Max(view.Capacity, id + 1) };
        return machine;
    }

    /// <summary>A machine that has joined, with its node.</summary>
    public Node AddNode(Pod[]? pods = null, string pool = "agents", TimeSpan? age = null, Func<Node, Node>? edit = null)
    {
        var machine = AddMachine(pool, age: age);
        var shape = _pools[pool].Pool.Shape;
        var name = machine.HostName.ToLowerInvariant();
        var node = new Node
        {
            Name = name,
            Uid = $"uid-{name}",
            ProviderId = machine.ProviderId,
            Ready = true,
            CreatedAt = Now - (age ?? TimeSpan.FromHours(1)),
            Shape = shape with { Labels = shape.Labels.Add("kubernetes.io/hostname", name) },
            Pods = [.. (pods ?? []).Select(pod => pod with { Node = name })],
        };
        node = edit?.Invoke(node) ?? node;
        Nodes.Add(node);
        return node;
    }

    public Some AddPending(int count, PodClass? kind = null, Func<Pod, Pod>? edit = null)
    {
        kind ??= Class();
        for (var i = 0; i < count; i++)
        {
            var pod = Pod($"waiting-{Pending.Count}", kind) with { Phase = PodPhase.Pending, StartedAt = null };
            Pending.Add(edit?.Invoke(pod) ?? pod);
        }

        return this;
    }

    public static Pod Pod(string name, PodClass? kind = null, string? owner = "Job") => new()
    {
        Namespace = "default",
        Name = name,
        Uid = $"uid-{name}",
        Class = kind ?? Class(),
        Owner = owner is null ? null : new Owner(owner, $"{owner.ToLowerInvariant()}-{name}", $"owner-{name}"),
        Phase = PodPhase.Running,
        CreatedAt = Noon.AddMinutes(-15),
        StartedAt = Noon.AddMinutes(-12),
    };

    public static Func<Node, Node> Marked(DateTimeOffset? idleSince = null, TaintEffect? retiring = null, DateTimeOffset? since = null) => node =>
    {
        var annotations = node.Annotations;
        annotations = idleSince is { } idle ? annotations.SetItem(Marks.IdleSince, idle.ToString("O")) : annotations;
        annotations = since is { } at ? annotations.SetItem(Marks.RetiringSince, at.ToString("O")) : annotations;
        return node with
        {
            Annotations = annotations,
            Shape = retiring is { } effect
                ? node.Shape with { Taints = node.Shape.Taints.Add(new Taint(Marks.Retiring, "", effect)) }
                : node.Shape,
        };
    };

    /// <summary>As if a loop had looked on all along: machines without a node have been seen so since they were made, unless something else is noted.</summary>
    public Snapshot Snapshot() => new()
    {
        Now = Now,
        Cloud = new CloudView { ReadAt = Now, Complete = Complete, Pools = [.. _pools.Values] },
        Nodes = [.. Nodes],
        Pending = [.. Pending],
        Notes = Notes
            .Append(KeyValuePair.Create(Ebb.Planning.Notes.LookedAt, Ebb.Planning.Notes.Write(Now)))
            .Concat(_pools.Values.Select(Unjoined).Where(note => note.Value.Length > 0))
            .DistinctBy(note => note.Key)
            .ToImmutableDictionary(),
        DaemonSets = [.. DaemonSets],
        Budgets = [.. Budgets],
        Rules = Rules,
        Departing = Departing.ToImmutableHashSet(StringComparer.OrdinalIgnoreCase),
    };

    public Plan Plan() => Planner.Plan(Snapshot(), Policy);

    /// <summary>Plans, and keeps what the plan notes down.</summary>
    public Plan PlanAndRemember()
    {
        var plan = Plan();
        foreach (var note in plan.Decisions.OfType<Decision.Remember>())
        {
            Notes.Remove(note.Key);
            if (note.Value is { } value)
            {
                Notes[note.Key] = value;
            }
        }

        return plan;
    }

    private KeyValuePair<string, string> Unjoined(PoolView view) => new(
        Ebb.Planning.Notes.Unjoined(view.Pool.Name),
        string.Join(';', view.Machines
            .Where(machine => machine.State is MachineState.Creating or MachineState.Running or MachineState.Unknown
                && machine.CreatedAt is not null
                && !Departing.Contains(machine.ProviderId)
                && Nodes.All(node => node.ProviderId != machine.ProviderId))
            .GroupBy(machine => machine.CreatedAt!.Value)
            .OrderBy(machines => machines.Key)
            .Select(machines => $"{Ebb.Planning.Notes.Write(machines.Key)}={string.Join(',', machines.Select(machine => machine.Id).Order(StringComparer.Ordinal))}")));
}
