using System.Collections.Immutable;
using Ebb.Scheduling;

namespace Ebb.Pools;

/// <summary>
/// A pool's policy as written in the tags of its scale set. What <c>ebb-</c> tags say wins over the tags that others use for
/// the same (<c>min</c>, <c>max</c>, <c>k8s.io_cluster-autoscaler_node-template_…</c>).
/// </summary>
/// <remarks>
/// <code>
/// ebb-ignore       true: no pool of ours
/// ebb-min          least machines, 0 to 1000           ebb-idle-after   90s, 5m, 1h30m
/// ebb-max          most machines, 0 to 1000            ebb-price        USD for an hour, for example 0.096
/// ebb-keep-warm    machines kept ready beyond those at work, 0 to 1000
/// ebb-join-within  how long a machine may take to become a node, as above, 1m and more
/// ebb-pool         the pool that it is one of several scale sets of
/// ebb-label_KEY    a label its nodes have              ebb-taint_KEY    VALUE:EFFECT, or EFFECT alone
/// ebb-resource_KEY what pods may use of cpu, memory, ephemeral-storage, pods or an extended resource; 0: none
/// </code>
/// A tag's name can hold no slash: in KEY, <c>_</c> stands for <c>/</c> and <c>~2</c> for <c>_</c>.
/// </remarks>
public sealed record PoolTags
{
    public const string Prefix = "ebb-";

    public const string Label = "ebb-label_";

    public const string Taint = "ebb-taint_";

    public const string Resource = "ebb-resource_";

    public bool Ignored { get; internal init; }

    public int Min { get; internal init; }

    public int Max { get; internal init; } = 10;

    public TimeSpan IdleAfter { get; internal init; } = TimeSpan.FromMinutes(5);

    public TimeSpan JoinWithin { get; internal init; } = TimeSpan.FromMinutes(15);

    public decimal? PricePerHour { get; internal init; }

    /// <summary>The pool that this scale set is one of several of; null: it is a pool by itself.</summary>
    public string? PartOf { get; internal init; }

    public int KeepWarm { get; internal init; }

    public ImmutableSortedDictionary<string, string> Labels { get; internal init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableArray<Taint> Taints { get; internal init; } = [];

    /// <summary>Amounts in thousandths for <c>cpu</c>, in units for all else.</summary>
    public ImmutableSortedDictionary<string, long> Resources { get; internal init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>One sentence or two for each bad tag: pool, tag, value, remedy.</summary>
    public ImmutableArray<string> Problems { get; internal init; } = [];

    public static PoolTags Read(string pool, IReadOnlyDictionary<string, string> tags)
    {
        var reader = new PoolTagReader(pool);

        // Foreign tags first, so that ours overwrite them; then by name, so that the same tags always read the same.
        var ordered = tags
            .OrderBy(t => t.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            .ThenBy(t => t.Key, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in ordered)
        {
            reader.Take(name, value ?? "");
        }

        return reader.Result();
    }

    /// <summary>The given allocatable with what the tags say instead.</summary>
    public Resources Over(Resources allocatable)
    {
        foreach (var (name, amount) in Resources)
        {
            allocatable = name switch
            {
                "cpu" => allocatable with { CpuMilli = amount },
                "memory" => allocatable with { MemoryBytes = amount },
                "ephemeral-storage" => allocatable with { EphemeralStorageBytes = amount },
                "pods" => allocatable with { Pods = (int)Math.Min(amount, int.MaxValue) },
                _ when amount == 0 => allocatable with { Extended = allocatable.Extended.Remove(name) },
                _ => allocatable with { Extended = allocatable.Extended.SetItem(name, amount) },
            };
        }

        return allocatable;
    }
}
