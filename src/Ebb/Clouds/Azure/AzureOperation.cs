using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Something that Azure accepted and has not finished.</summary>
internal sealed record AzureOperation
{
    public required Pool Pool { get; init; }

    /// <summary><c>grow</c>, <c>remove</c>, or what else was asked for.</summary>
    public required string Kind { get; init; }

    public required int Machines { get; init; }

    /// <summary>Ids of the machines that it removes.</summary>
    public ImmutableHashSet<string> Removes { get; init; } = [];

    /// <summary>Ids of the machines that it does something else with.</summary>
    public ImmutableArray<string> For { get; init; } = [];

    /// <summary>Where to ask; null: the scale set's own state tells.</summary>
    public OperationAddress? Poll { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Which of our operations on any pool it was: a higher one is later.</summary>
    public long Number { get; init; }

    /// <summary>Machines that it was to add, or to bring back.</summary>
    public bool Adds => Kind is "grow" or "start";
}
