using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Planning;
using Ebb.Sandbox.Azure;
using Ebb.Simulation.Clouds;
using Ebb.Simulation.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Simulation.Worlds;

/// <summary>One process that runs the very loop that ships, in a simulated world.</summary>
internal sealed class SimulatedController : IDisposable
{
    private readonly World _world;
    private readonly CancellationTokenSource _stop = new();
    private readonly ControlLoop _loop;
    private readonly AzureCloud? _azure;
    private readonly HttpMessageInvoker? _http;
    private readonly Random _random;
    private Task _running = Task.CompletedTask;

    public SimulatedController(World world, string identity, int seed, Policy policy, bool overProtocol, ILoggerFactory loggers, Func<ICloud, ICloud>? sabotage = null)
    {
        _world = world;
        Identity = identity;
        KubernetesFaults = new KubernetesFaults(new Random(seed));
        Kubernetes = new SimulatedKubernetes(world.Kubernetes.Store, world.Lease, KubernetesFaults, Process, world.Time);
        _random = new Random(seed + 1);
        _http = overProtocol ? new HttpMessageInvoker(new Wires(Process, new InProcessHandler(world.Azure))) : null;
        _azure = overProtocol ? OverProtocol(loggers) : null;
        ICloud cloud = _azure is null ? new SimulatedCloud(world.Cloud, World.Group, Process, world.Time) : _azure;
        _loop = new ControlLoop(
            sabotage?.Invoke(cloud) ?? cloud, Kubernetes, identity, policy, new LoopOptions(), world.Time, _random, loggers);
        _loop.Observed += observation => Observed?.Invoke(observation);
    }

    public event Action<Observation>? Observed;

    public string Identity { get; }

    public Process Process { get; } = new();

    public KubernetesFaults KubernetesFaults { get; }

    public SimulatedKubernetes Kubernetes { get; }

    public void Start() => _world.Runner.Start(() => _running = RunAsync());

    /// <summary>Asks the process to end, as a service manager does, and waits until it has.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _world.Runner.Complete(() => _running, TimeSpan.FromMinutes(5));
    }

    public void Dispose()
    {
        _http?.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await Task.WhenAll(_loop.RunAsync(_stop.Token), _azure?.RunAsync(_stop.Token) ?? Task.CompletedTask);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It was asked to end.
        }
    }

    /// <summary>The very client that ships, over the emulated protocol.</summary>
    private AzureCloud OverProtocol(ILoggerFactory loggers)
    {
        var scope = new AzureScope(
            _world.Cloud.Options.SubscriptionId, World.Group, _world.Cloud.Options.Location, new Uri("https://management.azure.com/"));
        return new AzureCloud(
            scope,
            _http!,
            _ => ValueTask.FromResult(new AccessToken("none needed", DateTimeOffset.MaxValue)),
            new AzureOptions(),
            _world.Time,
            _random,
            loggers.CreateLogger<AzureCloud>());
    }

    /// <summary>The wires of one process: cut when it is killed.</summary>
    private sealed class Wires(Process process, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await process.AliveAsync();
            var response = await base.SendAsync(request, cancellationToken);
            await process.AliveAsync();
            return response;
        }
    }
}
