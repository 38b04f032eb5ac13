namespace Ebb.Simulation.Demo;

/// <summary>What one whole run came to.</summary>
public sealed record DemoFigures
{
    public const string Currency = "USD";

    public required int Frames { get; init; }

    /// <summary>How many of them are done in the end.</summary>
    public required int Completed { get; init; }

    /// <summary>Runs of frames that were cut short by the removal of their machine, and had to be done again.</summary>
    public required int Interrupted { get; init; }

    /// <summary>Half of the frames began within this time of being handed in (last start counts).</summary>
    public required double WaitP50Seconds { get; init; }

    /// <summary>19 of 20 frames began within this time of being handed in (last start counts).</summary>
    public required double WaitP95Seconds { get; init; }

    public required double MachineHours { get; init; }

    /// <summary>For all machine-hours, in <see cref="Currency"/>.</summary>
    public required decimal Cost { get; init; }

    public required int PeakMachines { get; init; }

    public required int FinalMachines { get; init; }

    /// <summary>Calls to the cloud's API by whoever scales.</summary>
    public required long CloudRequests { get; init; }
}

/// <summary>The same frames, scaled in two ways.</summary>
public sealed record DemoComparison(DemoFigures AzureAutoscale, DemoFigures Ebb);
