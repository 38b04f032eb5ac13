using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>What <see cref="ScaleSetReads"/> remembers of one scale set.</summary>
internal sealed class KnownSet
{
    public string? UniqueId { get; init; }

    /// <summary>In the form that machines have it in: <c>eastus</c>.</summary>
    public string? Location { get; set; }

    /// <summary>As last read, without what our operations add.</summary>
    public PoolView? View { get; set; }

    public DateTimeOffset ReadAt { get; set; }

    public ImmutableArray<Machine> Machines { get; set; } = [];

    public DateTimeOffset MachinesReadAt { get; set; }

    public long MachinesStamp { get; set; }

    /// <summary>The machines are to be listed at the next read whatever else is the same.</summary>
    public bool Dirty { get; set; }

    /// <summary>The last list lacked machines and was not believed.</summary>
    public bool Doubted { get; set; }

    public (long? Counter, long At) LastWrite { get; set; }
}
