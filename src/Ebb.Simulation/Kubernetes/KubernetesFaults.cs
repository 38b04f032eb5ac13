namespace Ebb.Simulation.Kubernetes;

/// <summary>What goes wrong between a controller and its API server.</summary>
public sealed class KubernetesFaults(Random random)
{
    /// <summary>Nothing answers, and every watch is cut.</summary>
    public bool Down { get; set; }

    /// <summary>Share of calls that fail without effect. Default 0.</summary>
    public double Failing { get; set; }

    /// <summary>Share of writes that work, though their answer is lost. Default 0.</summary>
    public double Lost { get; set; }

    /// <summary>How much later than in the store a change shows in a watch. Default 20 ms.</summary>
    public TimeSpan Lag { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The same for pods, of which there are most. Default 20 ms.</summary>
    public TimeSpan PodLag { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Raised by <see cref="CutWatches"/>.</summary>
    internal event Action? WatchesCut;

    /// <summary>Every watch ends now; whoever watched lists anew and misses what happened in between.</summary>
    public void CutWatches() => WatchesCut?.Invoke();

    internal bool StrikesCall() => Down || (Failing > 0 && random.NextDouble() < Failing);

    internal bool LosesAnswer() => Lost > 0 && random.NextDouble() < Lost;
}
