using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Simulation.Clouds;
using Ebb.Simulation.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Simulation.Worlds;

/// <summary>One process that runs the very loop that ships, in a simulated world.</summary>
internal sealed class Controller : IDisposable
{
    private readonly World _world;
    private readonly CancellationTokenSource _stop = new();
    private readonly ControlLoop _loop;
    private Task _running = Task.CompletedTask;

    public Controller(World world, string identity, int seed, Policy policy, bool overProtocol, ILoggerFactory loggers)
    {
        _world = world;
        Identity = identity;
        KubernetesFaults = new KubernetesFaults(new Random(seed));
        Kubernetes = new SimulatedKubernetes(world.Kubernetes.Store, KubernetesFaults, Process, world.Time);
        Cloud = new SimulatedCloud(world.Cloud, World.Group, Process, world.Time);
        _loop = new ControlLoop(
            Cloud, Kubernetes, identity, policy, new LoopOptions(), world.Time, new Random(seed + 1), loggers);
        _loop.Observed += observation => Observed?.Invoke(observation);
    }

    public event Action<Observation>? Observed;

    public string Identity { get; }

    public Process Process { get; } = new();

    public KubernetesFaults KubernetesFaults { get; }

    public SimulatedKubernetes Kubernetes { get; }

    public ICloud Cloud { get; }

    public void Start() => _world.Runner.Start(() => _running = RunAsync());

    /// <summary>Asks the process to end, as a service manager does, and waits until it has.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _world.Runner.Complete(() => _running, TimeSpan.FromMinutes(5));
    }

    public void Dispose() => _stop.Dispose();

    private async Task RunAsync()
    {
        try
        {
            await _loop.RunAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It was asked to end.
        }
    }
}
