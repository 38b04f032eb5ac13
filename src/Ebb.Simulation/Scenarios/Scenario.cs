using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Planning;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Simulation.Scenarios;

/// <summary>Everything that is to happen in one simulation, as data.</summary>
public sealed record Scenario
{
    public required int Seed { get; init; }

    public required CloudOptions Cloud { get; init; }

    public required ImmutableArray<(string Name, ScaleSetSpec Spec)> Pools { get; init; }

    public required Policy Policy { get; init; }

    /// <summary>How many controllers there are; all but one wait for the lead.</summary>
    public int Controllers { get; init; } = 1;

    /// <summary>How much later than it happened a change shows in a watch.</summary>
    public TimeSpan WatchLag { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The same for pods: their watch may be far behind the others.</summary>
    public TimeSpan PodLag { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How often a pod that the scheduler had under way lands on a node that has just been cordoned, from 0 to 1.</summary>
    public double SlipIns { get; init; }

    /// <summary>Whether the controllers talk to the cloud through the very client that ships, over the emulated protocol.</summary>
    public bool OverProtocol { get; init; }

    /// <summary>In order of time.</summary>
    public required ImmutableArray<Happening> Happenings { get; init; }

    /// <summary>From here on nothing goes wrong any more, and nothing new arrives.</summary>
    public required TimeSpan CalmFrom { get; init; }

    /// <summary>How long after <see cref="CalmFrom"/> all work must be done and all idle machines gone.</summary>
    public required TimeSpan SettlesWithin { get; init; }
}

/// <summary>One thing that happens.</summary>
public abstract record Happening(TimeSpan At)
{
    /// <summary>A user creates an object.</summary>
    /// <param name="Satisfiable">False when no pool could ever run its pods.</param>
    public sealed record Create(TimeSpan At, Kind Kind, JsonObject Json, bool Satisfiable = true) : Happening(At);

    /// <summary>A user deletes an object.</summary>
    public sealed record Delete(TimeSpan At, Kind Kind, string Name) : Happening(At);

    /// <summary>The cloud begins to misbehave.</summary>
    public sealed record CloudFault(TimeSpan At, Fault Fault) : Happening(At);

    /// <summary>The cloud has only so many machines from now on.</summary>
    public sealed record Shortage(TimeSpan At, ImmutableArray<Availability> Availability) : Happening(At);

    /// <summary>A machine of the pool that is up hangs: nothing of it runs any more, and the cloud sees nothing of that.</summary>
    /// <param name="Which">Which one of them, from 0 to 1.</param>
    public sealed record Silence(TimeSpan At, string Pool, double Which) : Happening(At);

    /// <summary>The API server is down, or up again.</summary>
    public sealed record ApiServer(TimeSpan At, bool Down) : Happening(At);

    /// <summary>Calls to the API server fail, or lose their answers, from now on.</summary>
    public sealed record BadNetwork(TimeSpan At, double Failing, double Lost) : Happening(At);

    public sealed record CutWatches(TimeSpan At) : Happening(At);

    /// <summary>The controller with this number is killed and started anew after a while.</summary>
    public sealed record Crash(TimeSpan At, int Controller, TimeSpan DownFor) : Happening(At);

    /// <summary>The controller with this number is asked to end, and started anew at once, as an upgrade does.</summary>
    public sealed record Restart(TimeSpan At, int Controller) : Happening(At);
}
