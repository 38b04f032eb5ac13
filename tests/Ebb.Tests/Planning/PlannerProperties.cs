using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Tests.Planning;

/// <summary>What holds of every plan, tried on clusters drawn at random and carried through until nothing more is to be done.</summary>
public sealed class PlannerProperties
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Plans_are_repeatable_keep_their_bounds_spare_work_and_come_to_rest(int score)
    {
        for (var seed = score * 25; seed < (score + 1) * 25; seed++)
        {
            new World(seed).Run();
        }
    }

    /// <summary>A cloud and a scheduler that do at once what they are asked to.</summary>
    private sealed class World(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly Dictionary<string, Pool> _pools = [];
        private readonly Dictionary<string, List<Machine>> _machines = [];
        private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> _notes = [];
        private List<Pod> _pending = [];
        private DateTimeOffset _now = Some.Noon;
        private int _made;

        public void Run()
        {
            for (var i = 0; i < _random.Next(1, 4); i++)
            {
                var pool = Some.Pool($"pool{i}", _random.Next(2, 9), _random.Next(4, 33), _random.Next(0, 3), _random.Next(3, 12), 0.1m + (0.05m * _random.Next(5)));
                pool = pool with
                {
                    Priority = (Priority)_random.Next(2),
                    Shape = pool.Shape with { Taints = _random.Next(3) == 0 ? [new Taint("only", "some", TaintEffect.NoSchedule)] : [] },
                };
                _pools[pool.Name] = pool;
                _machines[pool.Name] = [];
            }

            for (var wave = 0; wave < 3; wave++)
            {
                Arrive(_random.Next(0, 40));
                Settle();
                Finish(_random.NextDouble());
                Settle();
            }

            Finish(1);
            Settle();
            foreach (var (name, pool) in _pools)
            {
                Assert.True(_machines[name].Count == pool.Min, $"seed {seed}: pool {name} rests at {_machines[name].Count} of at least {pool.Min}");
            }
        }

        private void Settle()
        {
            // Idle for its time, cordoned, removed: three looks for each machine suffice, whatever steering does before.
            for (var round = 0; round < 60; round++)
            {
                var snapshot = Snapshot();
                var plan = Planner.Plan(snapshot, new Policy());
                Assert.Equal(Text(plan), Text(Planner.Plan(snapshot, new Policy())));
                Check(plan);
                Apply(plan);
                Schedule();
                _now += TimeSpan.FromMinutes(1);
                if (plan.Decisions.IsEmpty && round > 20)
                {
                    Assert.All(plan.Reasons.Pods, pod => Assert.StartsWith("waiting: pool", pod.Reason, StringComparison.Ordinal));
                    return;
                }
            }

            Assert.Fail($"seed {seed}: still busy after an hour: {Text(Planner.Plan(Snapshot(), new Policy()))}");
        }

        private void Check(Plan plan)
        {
            Assert.Equal(_nodes.Keys, plan.Reasons.Nodes.Keys);
            Assert.Equal(_pools.Keys.Order(), plan.Reasons.Pools.Keys);
            Assert.Equal(_pending.Count, plan.Reasons.Pods.Sum(pod => pod.Pods.Length));
            Assert.Equal(plan.Decisions.OfType<Decision.Grow>().Count(), plan.Decisions.OfType<Decision.Grow>().DistinctBy(grow => grow.Pool.Pool.Name).Count());
            foreach (var decision in plan.Decisions)
            {
                switch (decision)
                {
                    case Decision.Grow grow:
                        Assert.InRange(grow.By, 1, grow.Pool.Pool.Max - grow.Pool.Capacity);
                        break;
                    case Decision.Remove remove:
                        Assert.InRange(remove.Pool.Capacity - remove.Departures.Length, remove.Pool.Pool.Min, int.MaxValue);
                        Assert.All(remove.Departures, departure => Assert.Equal(0, _nodes[departure.Node!].Load.Work));
                        Assert.All(remove.Departures, departure => Assert.Contains(_nodes[departure.Node!].Shape.Taints, taint => taint.Key == Marks.Retiring));
                        break;
                    case Decision.Evict evict:
                        Assert.False(_nodes[evict.Node].Pods.Single(pod => pod.Uid == evict.Uid).IsProtected);
                        break;
                }
            }
        }

        private void Apply(Plan plan)
        {
            foreach (var decision in plan.Decisions)
            {
                switch (decision)
                {
                    case Decision.Grow grow:
                        Grow(_pools[grow.Pool.Pool.Name], grow.By);
                        break;
                    case Decision.Remove remove:
                        foreach (var departure in remove.Departures)
                        {
                            _machines[departure.Machine.Pool].Remove(departure.Machine);
                            _nodes.Remove(departure.Node!);
                        }

                        break;
                    case Decision.NoteIdle note:
                        Mark(note.Node, Marks.IdleSince, note.Since);
                        break;
                    case Decision.Steer steer:
                        Retire(steer.Node, TaintEffect.PreferNoSchedule);
                        break;
                    case Decision.Cordon cordon:
                        Retire(cordon.Node, TaintEffect.NoSchedule);
                        break;
                    case Decision.Release release:
                        Retire(release.Node, null);
                        break;
                    case Decision.Evict evict:
                        var node = _nodes[evict.Node];
                        var pod = node.Pods.Single(pod => pod.Uid == evict.Uid);
                        _nodes[node.Name] = node with { Pods = node.Pods.Remove(pod) };
                        _pending.Add(pod with { Uid = $"uid-{_made}", Name = $"again-{_made++}", Node = "", Phase = PodPhase.Pending });
                        break;
                    case Decision.Remember remember when remember.Value is { } value:
                        _notes[remember.Key] = value;
                        break;
                    case Decision.Remember remember:
                        _notes.Remove(remember.Key);
                        break;
                }
            }
        }

        /// <summary>Places pods as the scheduler does, spread rather than packed, and checks amounts by addition.</summary>
        private void Schedule()
        {
            List<Pod> left = [];
            foreach (var pod in _pending)
            {
                var chosen = _nodes.Values
                    .Where(node => NodeFit.Check(pod.Class, node.Name, node.Shape.LabelSet, node.Shape.Taints, false) == Causes.None && HasRoom(node, pod))
                    .OrderBy(node => node.Shape.Taints.Any(taint => taint.Effect == TaintEffect.PreferNoSchedule))
                    .ThenBy(node => node.Load.CpuMilli)
                    .FirstOrDefault();
                if (chosen is null)
                {
                    left.Add(pod);
                    continue;
                }

                _nodes[chosen.Name] = chosen with { Pods = chosen.Pods.Add(pod with { Node = chosen.Name, Phase = PodPhase.Running, StartedAt = _now }) };
            }

            _pending = left;
        }

        private static bool HasRoom(Node node, Pod pod) =>
            node.Pods.Where(one => !one.Finished).Sum(one => one.Class.Requests.CpuMilli) + pod.Class.Requests.CpuMilli <= node.Shape.Allocatable.CpuMilli
            && node.Pods.Where(one => !one.Finished).Sum(one => one.Class.Requests.MemoryBytes) + pod.Class.Requests.MemoryBytes <= node.Shape.Allocatable.MemoryBytes;

        private void Arrive(int pods)
        {
            for (var i = 0; i < pods; i++)
            {
                var kind = new PodClass
                {
                    Requests = Some.Amount(0.25 * _random.Next(1, 10), 0.5 * _random.Next(1, 10)),
                    Tolerations = _random.Next(2) == 0 ? [new Toleration("only", false, "some", null)] : [],
                };
                var pod = Some.Pod($"pod-{_made++}", kind, _random.Next(3) > 0 ? "Job" : "ReplicaSet");
                _pending.Add(pod with { Phase = PodPhase.Pending, StartedAt = null });
            }
        }

        private void Finish(double share)
        {
            _pending.RemoveAll(_ => _random.NextDouble() < share);
            foreach (var node in _nodes.Values.ToList())
            {
                _nodes[node.Name] = node with
                {
                    Pods = [.. node.Pods.Select(pod => _random.NextDouble() < share ? pod with { Phase = PodPhase.Succeeded } : pod)],
                };
            }
        }

        private void Grow(Pool pool, int by)
        {
            for (var i = 0; i < by; i++)
            {
                var id = $"{_made++}";
                var name = $"{pool.Name}-{id}";
                var machine = new Machine
                {
                    Id = id,
                    Pool = pool.Name,
                    Name = name,
                    ProviderId = $"azure://{pool.CloudId}/virtualMachines/{id}",
                    State = MachineState.Running,
                    CreatedAt = _now,
                };
                _machines[pool.Name].Add(machine);
                _nodes[name] = new Node
                {
                    Name = name,
                    Uid = name,
                    ProviderId = machine.ProviderId,
                    Ready = true,
                    CreatedAt = _now,
                    Shape = pool.Shape with { Labels = pool.Shape.Labels.Add("kubernetes.io/hostname", name) },
                };
            }
        }

        private void Mark(string node, string annotation, DateTimeOffset? at) => _nodes[node] = _nodes[node] with
        {
            Annotations = at is { } time ? _nodes[node].Annotations.SetItem(annotation, time.ToString("O")) : _nodes[node].Annotations.Remove(annotation),
        };

        private void Retire(string node, TaintEffect? effect)
        {
            Mark(node, Marks.RetiringSince, effect is null ? null : _now);
            var taints = _nodes[node].Shape.Taints.RemoveAll(taint => taint.Key == Marks.Retiring);
            _nodes[node] = _nodes[node] with
            {
                Shape = _nodes[node].Shape with { Taints = effect is { } one ? taints.Add(new Taint(Marks.Retiring, "", one)) : taints },
            };
        }

        private Snapshot Snapshot() => new()
        {
            Now = _now,
            Cloud = new CloudView
            {
                ReadAt = _now,
                Complete = true,
                Pools =
                [
                    .. _pools.Values.Select(pool => new PoolView
                    {
                        Pool = pool,
                        Capacity = _machines[pool.Name].Count,
                        Machines = [.. _machines[pool.Name]],
                        MachinesReadAt = _now,
                    }),
                ],
            },
            Nodes = [.. _nodes.Values],
            Pending = [.. _pending],
            Notes = _notes.ToImmutableDictionary(),
        };

        private static string Text(Plan plan) => string.Join(
            '\n',
            plan.Decisions.Select(decision => $"{decision.GetType().Name} {decision.Reason} {decision switch
            {
                Decision.Grow grow => $"{grow.Pool.Pool.Name} {grow.By} {grow.ForPods}",
                Decision.Remove remove => string.Join(',', remove.Departures.Select(departure => departure.Machine.Name)),
                Decision.Steer steer => steer.Node,
                Decision.Cordon cordon => cordon.Node,
                Decision.Release release => release.Node,
                Decision.Evict evict => evict.Uid,
                Decision.Remember remember => $"{remember.Key}={remember.Value}",
                _ => "",
            }}")
            .Concat(plan.Reasons.Nodes.Select(reason => $"{reason.Key}: {reason.Value}"))
            .Concat(plan.Reasons.Pods.Select(reason => $"{reason.Pods.Length}: {reason.Reason}")));
    }
}
