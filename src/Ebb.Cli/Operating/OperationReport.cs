using System.Collections.Immutable;

namespace Ebb.Cli.Operating;

/// <summary>What became of each machine; what <c>--json</c> prints.</summary>
internal sealed record OperationReport
{
    /// <summary>start, stop, restart, reimage or resize.</summary>
    public required string Operation { get; init; }

    /// <summary>Nothing was done: this is what would be.</summary>
    public bool DryRun { get; init; }

    /// <summary>Gives the same order again; null where the order is by name.</summary>
    public int? Seed { get; init; }

    /// <summary>Of each scale set of a pool that is given another size; else null.</summary>
    public IReadOnlyList<PoolSizeChange>? Sizes { get; init; }

    public required ImmutableArray<OperationOutcome> Machines { get; init; }
}

/// <summary>What new machines of a pool are; <c>To</c> is <c>From</c> where it was so already.</summary>
internal sealed record PoolSizeChange
{
    public required string Pool { get; init; }

    public required string From { get; init; }

    public required string To { get; init; }
}

internal sealed record OperationOutcome
{
    public required string Machine { get; init; }

    public required string Pool { get; init; }

    public string? Node { get; init; }

    /// <summary>The wave that it belongs to, from 1; 0 for one that was skipped.</summary>
    public int Wave { get; init; }

    /// <summary>done, left (its work did not leave in time), failed (did not come back in time), gone (the controller removed it, or the cloud), skipped or planned.</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it is not done; null when it is.</summary>
    public string? Why { get; init; }

    public double Seconds { get; init; }
}
