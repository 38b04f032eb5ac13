namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>How fast the scheduler is.</summary>
public sealed record SchedulerOptions
{
    /// <summary>From the moment a pod waits to the round that places it. Default 5 ms.</summary>
    public TimeSpan RoundEvery { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>How many pods one round places at most. Default 50.</summary>
    public int PodsPerRound { get; init; } = 50;

    /// <summary>A pod that fitted nowhere is tried again no sooner than this, doubling up to <see cref="MaxBackoff"/>.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);
}
