using System.Collections.Immutable;
using Ebb.Planning;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Simulation.Scenarios;

/// <summary>Draws a scenario from a seed: pools, work that arrives, things that go wrong.</summary>
public static class ScenarioMaker
{
    private static readonly TimeSpan Busy = TimeSpan.FromMinutes(50);
    internal static readonly TimeSpan Calm = TimeSpan.FromMinutes(70);

    // After the calm: a back-off at its longest, a machine given up for not joining and another one booted, then the
    // longest work in queues behind other work, then idleness.
    private static readonly TimeSpan Settling = TimeSpan.FromHours(10);

    // Spot machines, and regular ones in a scale set beside it.
    private const string Mixed = "mixed";

    // A fifth goes over the protocol: it costs several times as much as the direct way.
    private const double OverProtocol = 0.2;

    public static Scenario Make(int seed)
    {
        var random = new Random(seed);

        // With draws of its own, so that what came later leaves the other scenarios as they were.
        var later = new Random(unchecked(seed * 7919));
        var pools = Later(later, Pools(random));
        var silences = Silences(new Random(unchecked(seed * 104729)), pools);
        var happenings = Work(random, pools).Concat(TroubleMaker.Draw(random, pools, out var controllers)).Concat(Drought(later, pools)).Concat(silences);
        return new Scenario
        {
            Seed = seed,
            Cloud = CloudOf(random, seed, pools),
            Pools = pools,
            Controllers = controllers,
            SlipIns = Chance(random, 0.5) ? 0.5 : 0,
            WatchLag = Lag(random),
            PodLag = Lag(random),
            OverProtocol = Chance(random, OverProtocol),
            Policy = new Policy { BackOffMost = TimeSpan.FromMinutes(8), Steer = Chance(random, 0.8) },
            Happenings = [.. happenings.OrderBy(happening => happening.At)],
            CalmFrom = Calm,
            SettlesWithin = Settling,
        };
    }

    private static ImmutableArray<(string Name, ScaleSetSpec Spec)> Pools(Random random)
    {
        var pools = ImmutableArray.CreateBuilder<(string, ScaleSetSpec)>();

        // One pool that takes whatever is asked for in the common way, so that most work can always run.
        pools.Add(("common", Pool(random, Pick(random, "Standard_D4s_v5", "Standard_D8s_v5"), min: random.Next(3), max: random.Next(4, 9))));
        if (Chance(random, 0.4))
        {
            var spot = Pool(random, "Standard_D4s_v5", min: 0, max: random.Next(2, 9));
            pools.Add(("spot", spot with
            {
                Priority = Priority.Spot,
                EvictionPolicy = Chance(random, 0.5) ? EvictionPolicy.Delete : EvictionPolicy.Deallocate,
            }));
        }

        if (Chance(random, 0.3))
        {
            pools.Add(("gpu", Pool(random, "Standard_NC4as_T4_v3", min: 0, max: random.Next(1, 4))));
        }

        if (Chance(random, 0.4))
        {
            var own = Pool(random, "Standard_D2s_v5", min: random.Next(2), max: random.Next(2, 6));
            pools.Add(("own", own with { Tags = own.Tags.Add("ebb-taint_for", "team:NoSchedule").Add("ebb-label_for", "team") }));
        }

        return pools.DrainToImmutable();
    }

    /// <summary>Machines kept warm, and a pool of spot machines with regular ones to fall back on.</summary>
    private static ImmutableArray<(string Name, ScaleSetSpec Spec)> Later(Random random, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools)
    {
        if (Chance(random, 0.25))
        {
            pools = pools.SetItem(0, (pools[0].Name, pools[0].Spec with { Tags = pools[0].Spec.Tags.Add("ebb-keep-warm", $"{random.Next(1, 3)}") }));
        }

        if (!Chance(random, 0.35))
        {
            return pools;
        }

        var (min, max) = (random.Next(3), random.Next(4, 9));
        var spot = Pool(random, "Standard_D4s_v5", min, max);
        spot = spot with { Tags = spot.Tags.Add("ebb-pool", Mixed), Overprovision = false, Zones = [] };
        var regular = spot with { Capacity = 0, Tags = spot.Tags.SetItem("ebb-min", "0") };
        if (Chance(random, 0.5))
        {
            spot = spot with { Tags = spot.Tags.Add("ebb-keep-warm", $"{random.Next(1, 3)}") };
        }

        return pools.Add((Mixed, spot with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete })).Add(($"{Mixed}-regular", regular));
    }

    /// <summary>For a while there is no spot machine to be had, and those that are there may go.</summary>
    private static IEnumerable<Happening> Drought(Random random, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools)
    {
        if (!pools.Any(pool => pool.Name == Mixed))
        {
            yield break;
        }

        var from = Busy * random.NextDouble();
        yield return new Happening.Shortage(from, [new Availability { Priority = Priority.Spot, Machines = random.Next(2), Answer = (Shortage)random.Next(3) }]);
        yield return new Happening.Shortage(from + (0.9 * random.NextDouble() * (Calm - from)), []);
    }

    /// <summary>A machine or two that hang. Of three, no one could tell whether they or the network are to blame.</summary>
    private static IEnumerable<Happening> Silences(Random random, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools)
    {
        for (var left = Chance(random, 0.2) ? random.Next(1, 3) : 0; left > 0; left--)
        {
            yield return new Happening.Silence(Calm * random.NextDouble(), pools[random.Next(pools.Length)].Name, random.NextDouble());
        }
    }

    private static ScaleSetSpec Pool(Random random, string size, int min, int max) => new()
    {
        Size = size,
        Capacity = min,
        Overprovision = Chance(random, 0.15),
        Zones = Chance(random, 0.2) ? ["1", "2"] : [],
        Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase)
            .Add("ebb-min", $"{min}")
            .Add("ebb-max", $"{max}")
            .Add("ebb-idle-after", Pick(random, "60s", "2m", "5m")),
    };

    /// <summary>What it keeps at the least, and would keep in place of others.</summary>
    private static int LeastOf(ScaleSetSpec spec, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools) =>
        spec.Tags.TryGetValue("ebb-pool", out var whole)
            ? pools.Where(pool => pool.Spec.Tags.GetValueOrDefault("ebb-pool") == whole).Max(pool => PoolPromise.AtRest(pool.Spec.Tags))
            : PoolPromise.AtRest(spec.Tags);

    private static CloudOptions CloudOf(Random random, int seed, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools)
    {
        var quotas = ImmutableSortedDictionary.Create<string, int>(StringComparer.OrdinalIgnoreCase);
        if (Chance(random, 0.15))
        {
            // Room for every pool's least, and for two more of the largest: work runs, only slower.
            quotas = quotas.Add("cores", (pools.Sum(pool => LeastOf(pool.Spec, pools)) * 8) + 16);
        }

        return new CloudOptions
        {
            Seed = seed,
            Quotas = quotas,
            ListUnplaced = Chance(random, 0.5),
            Throttling = Chance(random, 0.3),
            SpotEvictionsPerHour = Chance(random, 0.5) ? 0.5 : 0,
        };
    }

    private static IEnumerable<Happening> Work(Random random, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools)
    {
        if (Chance(random, 0.5))
        {
            yield return new Happening.Create(TimeSpan.Zero, Kinds.DaemonSet, Workloads.DaemonSet("logs", new Needs { CpuMilli = 50, MemoryMiB = 64 }));
        }

        var count = random.Next(3, 13);
        for (var i = 0; i < count; i++)
        {
            var at = Busy * random.NextDouble();
            var needs = NeedsOf(random, pools);
            var name = $"work-{i}";
            switch (random.Next(10))
            {
                case < 6:
                    var completions = random.Next(1, 13);
                    yield return new Happening.Create(
                        at, Kinds.Job, Workloads.Job(name, completions, random.Next(1, completions + 1), needs, Takes(random)));
                    break;
                case 6:
                    yield return new Happening.Create(at, Kinds.Pod, Workloads.Pod(name, needs, Takes(random)));
                    break;
                case 7 or 8:
                    foreach (var happening in Service(random, at, name, needs))
                    {
                        yield return happening;
                    }

                    break;
                default:
                    var impossible = Chance(random, 0.5)
                        ? needs with { CpuMilli = 200_000 }
                        : needs with { Selector = KeyValuePair.Create("planet", "mars") };
                    yield return new Happening.Create(at, Kinds.Job, Workloads.Job(name, 2, 2, impossible, Takes(random)), Satisfiable: false);
                    break;
            }
        }
    }

    /// <summary>A service runs until a user deletes it, at the latest when calm begins: afterwards all must come to rest.</summary>
    private static IEnumerable<Happening> Service(Random random, TimeSpan at, string name, Needs needs)
    {
        // Small, so that services alone never fill a pool for the work that waits.
        needs = needs with { CpuMilli = Math.Min(needs.CpuMilli, 900), Annotation = null, Apart = Chance(random, 0.2) };
        if (Chance(random, 0.2))
        {
            needs = needs with { Annotation = Pick(random, Protections) };
        }

        var kind = Chance(random, 0.6) ? Kinds.Deployment : Kinds.StatefulSet;
        var replicas = random.Next(1, 4);
        yield return new Happening.Create(at, kind, Workloads.Service(kind.Name, name, replicas, needs));
        if (Chance(random, 0.5))
        {
            yield return new Happening.Create(at, Kinds.PodDisruptionBudget, Workloads.Budget(name, random.Next(replicas + 1)));
        }

        yield return new Happening.Delete(at + ((Calm - at) * (0.3 + (0.7 * random.NextDouble()))), kind, name);
    }

    private static readonly KeyValuePair<string, string>[] Protections =
    [
        KeyValuePair.Create("ebb.dev/interrupt", "never"),
        KeyValuePair.Create("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
        KeyValuePair.Create("karpenter.sh/do-not-disrupt", "true"),
    ];

    private static Needs NeedsOf(Random random, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools)
    {
        var needs = new Needs { CpuMilli = random.Next(1, 35) * 100, MemoryMiB = random.Next(1, 25) * 128 };
        var pool = pools[random.Next(pools.Length)].Name;
        return (pool, random.Next(3)) switch
        {
            ("gpu", _) => needs with { Gpu = true },
            ("own", _) => needs with
            {
                CpuMilli = Math.Min(needs.CpuMilli, 1700),
                Tolerates = "for",
                Selector = Chance(random, 0.5) ? KeyValuePair.Create("for", "team") : null,
            },
            ("spot", 0) => needs with { Selector = KeyValuePair.Create(Marks.Pool, "spot") },
            _ => needs with { Apart = Chance(random, 0.1) },
        };
    }

    private static TimeSpan Takes(Random random) => TimeSpan.FromSeconds(20 + Math.Floor(1180 * random.NextDouble() * random.NextDouble()));

    private static TimeSpan Lag(Random random) =>
        Chance(random, 0.3) ? TimeSpan.FromSeconds(5 * random.NextDouble()) : TimeSpan.FromMilliseconds(20);

    internal static bool Chance(Random random, double share) => random.NextDouble() < share;

    internal static T Pick<T>(Random random, params T[] from) => from[random.Next(from.Length)];
}
