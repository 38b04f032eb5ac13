using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>What the API server held when a pod came: the common input of all three schedulers.</summary>
internal sealed record Moment
{
    public required ImmutableArray<JsonObject> Namespaces { get; init; }

    public required ImmutableArray<JsonObject> StorageClasses { get; init; }

    public required ImmutableArray<JsonObject> Volumes { get; init; }

    public required ImmutableArray<JsonObject> Claims { get; init; }

    public required ImmutableArray<JsonObject> Nodes { get; init; }

    /// <summary>All other pods; those that wait too have been taken away by then.</summary>
    public required ImmutableArray<JsonObject> Pods { get; init; }

    /// <summary>The pod that came, as the API server completed it.</summary>
    public required JsonObject Pod { get; init; }
}

/// <summary>What the real scheduler made of a pod.</summary>
internal sealed record Decision
{
    public required Moment Moment { get; init; }

    /// <summary>Where it was bound to; null when it was not.</summary>
    public string? Node { get; init; }

    /// <summary>Why it was not bound, in the words of that release.</summary>
    public string Message { get; init; } = "";

    /// <summary>Unschedulable, or SchedulerError when a filter gave up.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The node that others had to leave for it; null when nobody had to.</summary>
    public string? Nominated { get; init; }

    /// <summary>Names of the pods that were preempted.</summary>
    public ImmutableArray<string> Victims { get; init; } = [];
}
