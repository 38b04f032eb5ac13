using System.Collections.Immutable;
using Ebb.Clouds;

namespace Ebb.Cli.Operating;

/// <summary>What a person wants done to machines.</summary>
internal sealed record OperationRequest
{
    public required MachineOperation Operation { get; init; }

    /// <summary>Null: those of all pools.</summary>
    public string? Pool { get; init; }

    /// <summary>By name of machine or node; empty: all.</summary>
    public ImmutableArray<string> Machines { get; init; } = [];

    /// <summary>How many at once, at least 1.</summary>
    public int AtOnce { get; init; } = 1;

    /// <summary>Shuffles the order with this seed; null: by name.</summary>
    public int? Seed { get; init; }

    /// <summary>No more machines than these; null: all.</summary>
    public int? Most { get; init; }

    /// <summary>Does not empty nodes first.</summary>
    public bool Force { get; init; }

    /// <summary>Whether a person may have it so: not where '--force' is about something else.</summary>
    public bool Forceable { get; init; } = true;

    /// <summary>How long work has to leave a node.</summary>
    public TimeSpan DrainWithin { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a machine has to be what it is to be, mostly a node that is ready again.</summary>
    public TimeSpan DoneWithin { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Between one wave and the next.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Idle machines before busy ones; else by name.</summary>
    public bool IdleFirst { get; init; }

    /// <summary>Machines that hold still so far: on these the operation changes nothing.</summary>
    public Func<Candidate, bool>? Needless { get; init; }

    /// <summary>Whether machines are off afterwards.</summary>
    public bool Stops => Operation is MachineOperation.Deallocate or MachineOperation.PowerOff;

    /// <summary>Whether the same request made again passes over what this one has done.</summary>
    public bool CarriesOn => Needless is not null || Operation is MachineOperation.Start || Stops;
}
