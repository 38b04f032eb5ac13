namespace Ebb.Simulation.Demo;

/// <summary>
/// One run of the demo's workload on a virtual clock: real workload objects, the real loop. Runs of both sides may be stepped
/// in turns; each is used from one thread at a time.
/// </summary>
public sealed class DemoRun(DemoOptions options, DemoSide side) : IDisposable
{
    private readonly DemoOptions _options = options;

    public DemoSide Side { get; } = side;

    /// <summary>
    /// Runs on with each step asked for and shows the farm once for every <see cref="SampleEvery"/> of virtual time. Ends when
    /// all frames are done and the pool has come to rest. To be enumerated once.
    /// </summary>
    public IEnumerable<DemoSample> Run() => throw new NotSupportedException($"{_options}");

    /// <summary>How much virtual time lies between two samples.</summary>
    public static TimeSpan SampleEvery { get; } = TimeSpan.FromSeconds(15);

    /// <summary>The sums so far; final once <see cref="Run"/> has ended.</summary>
    public DemoFigures Figures => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
