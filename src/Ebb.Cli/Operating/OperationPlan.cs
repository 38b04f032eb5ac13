using System.Collections.Immutable;
using Ebb.Acting.Draining;
using Ebb.Cli.Clusters;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Cli.Operating;

/// <summary>A machine to be worked on.</summary>
/// <param name="Node">The name of its node; what it will be called where it has not joined.</param>
/// <param name="Joined">Whether there is such a node.</param>
/// <param name="Held">What a command has put on the node; null for none.</param>
internal sealed record Candidate(PoolView Pool, Machine Machine, string Node, bool Joined, OperatingMark? Held = null)
{
    /// <summary>Whether a command works on it now, or was killed.</summary>
    public bool WorkedOn => Held is { UntilStart: false };

    /// <summary>The release of its kubelet; empty where it has not joined.</summary>
    public string Release { get; init; } = "";

    /// <summary>Whether a command has left it with a disk that is older than what the machine is otherwise (<see cref="Marks.Reimage"/>).</summary>
    public bool OldDisk { get; init; }

    /// <summary>How many pods are on it that keep it from being idle.</summary>
    public int Work { get; init; }
}

/// <summary>Which machines are worked on together, and in which order.</summary>
internal sealed record OperationPlan
{
    /// <summary>One after the other; all machines of a wave belong to one scale set.</summary>
    public required ImmutableArray<ImmutableArray<Candidate>> Waves { get; init; }

    /// <summary>Left out, each with the reason.</summary>
    public required ImmutableArray<(string Machine, string Why)> Skipped { get; init; }

    /// <summary>Which of the machines that were asked for cannot be worked on however often it is tried, and what to do instead; null for none.</summary>
    public string? Refused { get; init; }

    /// <summary>What commands that were killed have left held, of any pool, and this one does not work on. What has become of them is not known.</summary>
    public ImmutableArray<Candidate> LeftBehind { get; init; } = [];

    /// <summary>A pure function of what was seen and what is wanted: the same seed gives the same order.</summary>
    /// <exception cref="EbbException">A pool or machine that is named does not exist, or to none of them can this be done.</exception>
    public static OperationPlan Make(Snapshot snapshot, OperationRequest request)
    {
        var byProvider = snapshot.Nodes.Where(n => n.ProviderId.Length > 0).GroupBy(n => n.ProviderId, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => g.First(), StringComparer.OrdinalIgnoreCase);
        var everywhere = snapshot.Cloud.Pools.SelectMany(pool => pool.Machines.Select(machine => Of(pool, machine, byProvider))).ToList();
        var pools = request.Pool is { } named ? NamedPool.Find(snapshot, named).Parts : snapshot.Cloud.Pools;
        var all = everywhere.FindAll(candidate => pools.Contains(candidate.Pool));
        var wanted = request.Machines.IsEmpty ? all : [.. request.Machines.Select(name => Find(all, name)).DistinctBy(c => c.Machine.ProviderId)];
        var refused = LocalDisks.Refuse(snapshot, request, wanted);
        var skipped = ImmutableArray.CreateBuilder<(string, string)>();
        var letGo = ImmutableArray.CreateBuilder<Candidate>();
        List<Candidate> chosen = [];
        foreach (var candidate in wanted.OrderBy(c => c.Pool.Pool.Name, StringComparer.Ordinal).ThenBy(c => c.Machine.Name.Length).ThenBy(c => c.Machine.Name, StringComparer.Ordinal))
        {
            if (WhyNot(candidate, request) is { } why)
            {
                skipped.Add((candidate.Machine.Name, why));
                if (request.Operation is MachineOperation.Start && candidate.Held is { UntilStart: true } && candidate.Machine.State is MachineState.Running or MachineState.Creating)
                {
                    letGo.Add(candidate);
                }
                else if (candidate.WorkedOn && request.Needless?.Invoke(candidate) is true)
                {
                    // Killed when all but this was done.
                    letGo.Add(candidate);
                }
            }
            else
            {
                chosen.Add(candidate);
            }
        }

        if (request.IdleFirst)
        {
            chosen = [.. chosen.OrderBy(candidate => candidate.Pool.Pool.Name, StringComparer.Ordinal).ThenBy(candidate => candidate.Work)];
        }

        var ordered = request.Seed is { } seed ? Shuffled(chosen, seed) : [.. chosen];
        ImmutableArray<Candidate> taken = [.. ordered.Take(request.Most ?? int.MaxValue)];
        return new OperationPlan
        {
            Waves = Waved(taken, request.AtOnce),
            Skipped = skipped.ToImmutable(),
            Refused = refused,
            LeftBehind = [.. letGo.Union(everywhere.Where(c => c.Held?.IsLeftBehind(snapshot.Now) is true)).ExceptBy(taken.Select(c => c.Node), c => c.Node)],
        };
    }

    private static Candidate Of(PoolView pool, Machine machine, Dictionary<string, Node> nodes) =>
        nodes.TryGetValue(machine.ProviderId, out var node)
            ? new Candidate(pool, machine, node.Name, Joined: true, OperatingMark.Read(node.Annotations.GetValueOrDefault(Marks.Operating)))
            {
                Release = node.KubeletVersion,
                OldDisk = node.Annotations.ContainsKey(Marks.Reimage),
                Work = node.Pods.Count(pod => pod.IsWork),
            }
            : new Candidate(pool, machine, machine.HostName.ToLowerInvariant(), Joined: false);

    private static Candidate Find(List<Candidate> all, string name) =>
        all.Find(c => c.Machine.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || (c.Joined && c.Node.Equals(name, StringComparison.OrdinalIgnoreCase)))
        ?? throw new EbbException($"There is no machine '{name}'{(all.Count > 0 ? $" in pool {string.Join(", ", all.Select(c => c.Pool.Pool.Name).Distinct())}" : "")}. 'ebb machines' shows them.");

    private static string? WhyNot(Candidate candidate, OperationRequest request)
    {
        var machine = candidate.Machine;
        var off = machine.State is MachineState.Stopped or MachineState.Deallocated;
        return machine.State switch
        {
            MachineState.Deleting => "it is being removed",
            _ when LocalDisks.Keep(candidate, request) => LocalDisks.Why,
            // One that a command was at work on is on its way back.
            MachineState.Creating when !candidate.WorkedOn => "it is still being made",
            MachineState.Stopping when request.Operation is MachineOperation.Start => "it is being stopped; run this again once it is off",
            _ when request.Operation is MachineOperation.Start => off ? null : "it runs already",
            _ when off && request.Operation is MachineOperation.Deallocate or MachineOperation.PowerOff =>
                machine.State is MachineState.Deallocated || request.Operation is MachineOperation.PowerOff ? "it is stopped already" : null,
            _ when off && request.Operation is MachineOperation.Restart or MachineOperation.Reimage or MachineOperation.Upgrade => "it is stopped; start it first",
            _ when request.Needless?.Invoke(candidate) is true => "it needs nothing",
            _ => null,
        };
    }

    private static ImmutableArray<Candidate> Shuffled(List<Candidate> candidates, int seed)
    {
        var order = candidates.ToArray();
        new Random(seed).Shuffle(order);
        return [.. order];
    }

    /// <summary>In the given order, as many at once as allowed; a wave ends where the scale set changes, since a call is about one.</summary>
    private static ImmutableArray<ImmutableArray<Candidate>> Waved(ImmutableArray<Candidate> ordered, int atOnce)
    {
        var waves = ImmutableArray.CreateBuilder<ImmutableArray<Candidate>>();
        for (var i = 0; i < ordered.Length;)
        {
            var end = i + 1;
            while (end < ordered.Length && end - i < atOnce && ReferenceEquals(ordered[end].Pool, ordered[i].Pool))
            {
                end++;
            }

            waves.Add(ordered[i..end]);
            i = end;
        }

        return waves.ToImmutable();
    }
}
