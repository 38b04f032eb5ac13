using System.Collections.Immutable;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Growing;

/// <summary>What the next machine of a pool will offer: less what DaemonSets take there, in one of the pool's zones.</summary>
internal sealed class Template
{
    private const string ZoneKey = "topology.kubernetes.io/zone";
    private const string RegionKey = "topology.kubernetes.io/region";

    // Enough to even out one odd node, few enough that a pool of thousands is not searched.
    private const int NodesToLearnFrom = 8;

    // Keys whose value is each node's own.
    private static readonly string[] OwnKeys =
    [
        "kubernetes.io/hostname", "topology.disk.csi.azure.com/zone", "k3s.io/internal-ip", "k3s.io/hostname",
    ];

    public required PoolStanding Pool { get; init; }

    /// <summary>Empty for a pool without zones, or where zones matter to nobody.</summary>
    public required string Zone { get; init; }

    public required LabelSet Labels { get; init; }

    public required ImmutableArray<Taint> Taints { get; init; }

    /// <summary>What is there for pods, before DaemonSets.</summary>
    public required Resources Allocatable { get; init; }

    public required long[] Free { get; init; }

    /// <summary>For an hour; estimated where the pool's price is not known.</summary>
    public required double Price { get; init; }

    public bool Spot => Pool.Pool.Priority == Priority.Spot;

    public Causes Fit(PodClass pod) => NodeFit.Check(pod, "", Labels, Taints, cordoned: false);

    public Room Open(string name, bool named, object of) => new()
    {
        Name = name,
        Labels = named ? Labels.With(KeyValuePair.Create("kubernetes.io/hostname", name)) : Labels,
        Taints = Taints,
        Free = [.. Free],
        Of = of,
    };

    /// <summary>One template for each zone of the pool when zones matter, else one.</summary>
    public static IEnumerable<Template> Of(PoolStanding pool, Draft draft, Dimensions dimensions, bool zonesMatter)
    {
        var (labels, allocatable) = Learn(pool);
        var lasting = Draft.Lasting(pool.Pool.Shape.Taints);
        string[] zones = pool.Pool.Zones.Length > 0 && (zonesMatter || pool.Pool.Zones.Length == 1) ? [.. pool.Pool.Zones] : [""];
        foreach (var zone in zones)
        {
            var zoned = zone.Length == 0 ? labels : labels.With(KeyValuePair.Create(ZoneKey, ZoneLabel(zone, labels)));
            var free = dimensions.Row(allocatable);
            foreach (var set in draft.Snapshot.DaemonSets)
            {
                if (NodeFit.Check(set.Pod, "", zoned, lasting, cordoned: false) == Causes.None)
                {
                    Dimensions.Subtract(free, dimensions.Row(set.Pod.Requests), 1);
                }
            }

            yield return new Template
            {
                Pool = pool,
                Zone = zone,
                Labels = zoned,
                Taints = lasting,
                Allocatable = allocatable,
                Free = free,
                Price = PriceOf(pool.Pool, allocatable),
            };
        }
    }

    /// <summary>Clouds number zones within a region; nodes say both.</summary>
    public static string ZoneLabel(string zone, LabelSet labels) =>
        !zone.Contains('-') && labels.Get(RegionKey) is { Length: > 0 } region ? $"{region}-{zone}" : zone;

    /// <summary>
    /// The pool's word, corrected by what its nodes turned out to be: labels that all of them have, and the least that any
    /// of them offers.
    /// </summary>
    private static (LabelSet Labels, Resources Allocatable) Learn(PoolStanding pool)
    {
        var shape = pool.Pool.Shape;
        var known = pool.Nodes
            .Where(node => node.Node.Ready && !node.Joining && node.Node.Shape.Allocatable.CpuMilli > 0)
            .OrderByDescending(node => node.Node.CreatedAt)
            .Take(NodesToLearnFrom)
            .Select(node => node.Node.Shape)
            .ToList();
        if (known.Count == 0)
        {
            return (shape.LabelSet, shape.Allocatable);
        }

        var shared = new List<KeyValuePair<string, string>>();
        foreach (var label in known[0].LabelSet.AsSpan())
        {
            var own = label.Key.StartsWith("ebb.dev/", StringComparison.Ordinal) && label.Key != Marks.Pool;
            var zone = pool.Pool.Zones.Length > 1 && label.Key == ZoneKey;
            if (!own && !zone && !OwnKeys.Contains(label.Key) && known.TrueForAll(other => other.LabelSet.Get(label.Key) == label.Value))
            {
                shared.Add(label);
            }
        }

        var least = known.Select(node => node.Allocatable).ToList();
        return (shape.LabelSet.With([.. shared]), new Resources
        {
            CpuMilli = least.Min(node => node.CpuMilli),
            MemoryBytes = least.Min(node => node.MemoryBytes),
            EphemeralStorageBytes = least.Min(node => node.EphemeralStorageBytes),
            Pods = least.Min(node => node.Pods),
            Extended = shape.Allocatable.Extended.Keys
                .Union(least.SelectMany(node => node.Extended.Keys))

                // A device plugin takes its time after the node is ready: what the pool promises stands.
                .ToImmutableSortedDictionary(
                    name => name,
                    name => Math.Max(shape.Allocatable.Extended.GetValueOrDefault(name), least.Min(node => node.Extended.GetValueOrDefault(name))),
                    StringComparer.Ordinal),
        });
    }

    private static double PriceOf(Pool pool, Resources allocatable)
    {
        if (pool.PricePerHour is { } price)
        {
            return (double)price;
        }

        // About what general-purpose machines cost on clouds' lists. Only the proportions matter: larger is dearer, spot is cheaper.
        var estimate = (allocatable.CpuMilli / 1000.0 * 0.035)
            + (allocatable.MemoryBytes / (double)(1L << 30) * 0.004)
            + allocatable.Extended.Where(amount => amount.Key.Contains('/')).Sum(amount => amount.Value * 0.5);
        return estimate * (pool.Priority == Priority.Spot ? 0.35 : 1);
    }
}
