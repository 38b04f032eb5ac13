using System.Collections.Immutable;
using Ebb.Scheduling;

namespace Ebb.Pools;

/// <summary>A group of identical machines that grows and shrinks: what was asked for, read from the cloud and its tags.</summary>
public sealed record Pool
{
    /// <summary>Unique within a cluster; the scale set's name.</summary>
    public required string Name { get; init; }

    /// <summary>The cloud's own id; compared without regard to case.</summary>
    public required string CloudId { get; init; }

    /// <summary>The cloud's name of the machine size, for example <c>Standard_D4s_v5</c>.</summary>
    public required string Size { get; init; }

    /// <summary>Least number of machines. Default 0.</summary>
    public int Min { get; init; }

    /// <summary>Largest number of machines. Default 10.</summary>
    public int Max { get; init; } = 10;

    /// <summary>Machines kept ready beyond those at work, as far as <see cref="Max"/> allows. Default 0.</summary>
    public int KeepWarm { get; init; }

    /// <summary>
    /// What it has in common with others: those that are part of the same have no more machines together than the largest
    /// <see cref="Max"/> among them. Null: it stands by itself.
    /// </summary>
    public string? PartOf { get; init; }

    /// <summary>How long a node stays idle before it is retired. Default 5 min.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a machine may be without a ready node before it is given up. Default 15 min.</summary>
    public TimeSpan JoinWithin { get; init; } = TimeSpan.FromMinutes(15);

    public Priority Priority { get; init; }

    /// <summary>Price of one machine for an hour; null when unknown.</summary>
    public decimal? PricePerHour { get; init; }

    public ImmutableArray<string> Zones { get; init; } = [];

    /// <summary>
    /// Whether the system disk is on the machine's own host: such a machine runs or is gone, and is not stopped in a way that costs
    /// nothing.
    /// </summary>
    public bool LocalDisk { get; init; }

    /// <summary>What a new machine of this pool will look like as a node.</summary>
    public required NodeShape Shape { get; init; }

    /// <summary>What is wrong with the pool's tags, with the remedy; such a pool is left alone. Null when sound.</summary>
    public string? Problem { get; init; }
}

public enum Priority
{
    Regular,
    Spot,
}

/// <summary>What the scheduler would see of a machine before it exists.</summary>
public sealed record NodeShape
{
    private LabelSet? _labelSet;

    /// <summary>What the machine has.</summary>
    public required Resources Capacity { get; init; }

    /// <summary>What pods may use of it: capacity less what system and kubelet reserve.</summary>
    public required Resources Allocatable { get; init; }

    public ImmutableSortedDictionary<string, string> Labels
    {
        get;
        init
        {
            field = value;
            _labelSet = null;
        }
    }
    = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableArray<Taint> Taints { get; init; } = [];

    /// <summary>The labels in the form that predicates read fast.</summary>
    internal LabelSet LabelSet => _labelSet ??= LabelSet.From(Labels);
}
