using System.Collections.Immutable;
using Ebb.Scheduling;

namespace Ebb.Cli.Definition;

/// <summary>One pool: machines that come when work waits and go when they are idle.</summary>
internal sealed record PoolDefinition
{
    /// <summary>1 to 30 lower-case letters, digits and single dashes, a letter first; its machines' names begin with it.</summary>
    public required string Name { get; init; }

    /// <summary>The cloud's name of the machine size, for example <c>Standard_D4s_v5</c>.</summary>
    public required string Size { get; init; }

    public PoolPriority Priority { get; init; } = PoolPriority.Regular;

    /// <summary>USD for a machine and hour, at most five decimals, for spot machines only. Null: up to the regular price.</summary>
    public decimal? MaxPrice { get; init; }

    /// <summary>Least machines, 0 to 1000. Default 0.</summary>
    public int Min { get; init; }

    /// <summary>Most machines, 1 to 1000, never below <see cref="Min"/>. Default 10.</summary>
    public int Max { get; init; } = 10;

    /// <summary>Machines kept ready beyond what work needs, 0 to <see cref="Max"/>. Default 0.</summary>
    public int KeepWarm { get; init; }

    /// <summary>How long a node stays idle before its machine goes, up to 30 days. Default 5 min.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a machine may take to become a node before it is given up, 1 min to 30 days. Default 15 min.</summary>
    public TimeSpan JoinWithin { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Default none: wherever the cloud has room.</summary>
    public ImmutableArray<string> Zones { get; init; } = [];

    /// <summary>Of the system disk, in GiB, 30 to 4095. Default 32.</summary>
    public int DiskGiB { get; init; } = 32;

    /// <summary>Spot machines have their system disk on their host where its size has room. Default true.</summary>
    public bool LocalDisk { get; init; } = true;

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableArray<Taint> Taints { get; init; } = [];
}

internal enum PoolPriority
{
    Regular,

    /// <summary>Cheap machines that the cloud may take back at half a minute's notice.</summary>
    Spot,

    /// <summary>Spot as long as the cloud has them, else regular.</summary>
    SpotThenRegular,
}
