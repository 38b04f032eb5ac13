using System.Collections.Immutable;

namespace Ebb.Simulation.Demo;

/// <summary>The render farm at one instant.</summary>
public sealed record DemoSample
{
    public required DemoSide Side { get; init; }

    /// <summary>Virtual time since the start of the run.</summary>
    public required TimeSpan At { get; init; }

    /// <summary>How many machines the frames that run and wait would fill.</summary>
    public required int Demand { get; init; }

    /// <summary>How many machines the pool has, those that boot included.</summary>
    public required int Capacity { get; init; }

    /// <summary>One for each machine, oldest first.</summary>
    public required ImmutableArray<DemoMachine> Machines { get; init; }

    public required int FramesWaiting { get; init; }

    public required int FramesRunning { get; init; }

    public required int FramesDone { get; init; }

    /// <summary>Runs of frames that were cut short so far.</summary>
    public required int Interrupted { get; init; }

    /// <summary>Spent so far, in <see cref="DemoFigures.Currency"/>.</summary>
    public required decimal Cost { get; init; }
}

/// <param name="Name">Never used for another machine of the same run.</param>
/// <param name="Frames">How many frames it renders now.</param>
public sealed record DemoMachine(string Name, DemoMachineState State, int Frames);

public enum DemoMachineState
{
    /// <summary>Exists and costs money, but is no ready node yet.</summary>
    Booting,

    Busy,

    Idle,

    /// <summary>Takes no new work and is about to go.</summary>
    Retiring,
}
