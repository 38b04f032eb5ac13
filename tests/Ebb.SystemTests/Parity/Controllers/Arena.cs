using System.Security.Cryptography.X509Certificates;
using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.SystemTests.RealKubernetes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>
/// Both clusters with all that watches and plays, for all scenarios at once: most of their time is waiting, so they run side
/// by side in namespaces of their own, and each test waits for its scenario.
/// </summary>
public sealed class Arena : IAsyncLifetime
{
    // As many as two cores bear without one scenario's waiting for another's.
    private const int AtOnce = 12;
    private const int SharedNodes = 4;

    // Both sides forget a silent kubelet after this time; it beats every second.
    private static readonly TimeSpan NodeGrace = TimeSpan.FromSeconds(6);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _places = new(AtOnce);
    private readonly List<Task> _workers = [];
    private readonly Agenda _agenda = new(TimeProvider.System);
    private readonly Authority _authority = Authority.Create("sandbox", TimeProvider.System);
    private KubernetesFace? _face;
    private Dictionary<string, Task> _running = [];
    private X509Certificate2? _admin;
    private HttpClient? _embedded;
    private RealControlPlane? _plane;
    private string? _missing;
    private Corner[] _corners = [];

    public async ValueTask InitializeAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        _missing = RealBinaries.Missing();
        if (_missing is not null)
        {
            return;
        }

        _plane = await RealControlPlane.StartAsync(
            new RealControlPlaneOptions
            {
                ControllerManagerFlags =
                [
                    $"--node-monitor-grace-period={NodeGrace.TotalSeconds}s", "--node-monitor-period=500ms",
                    $"--node-startup-grace-period={NodeGrace.TotalSeconds}s", "--node-eviction-rate=100", "--secondary-node-eviction-rate=100",
                ],
            },
            ct);
        var world = new KubernetesWorld(_agenda, new KubernetesOptions { NodeGrace = NodeGrace });
        world.Begin(_authority.CertificatePem);
        _face = await KubernetesFace.StartAsync(world.Api, _authority, new KubernetesFaceOptions(), ct);
        _admin = _authority.IssueAdmin();
        _embedded = AdminClient.Create(_face.Address, _authority, _admin);
        _corners = [new Corner(new Side("real", _plane.Admin)), new Corner(new Side("embedded", _embedded))];
        foreach (var corner in _corners)
        {
            _workers.Add(corner.RunAsync(_stop.Token));
            for (var i = 1; i <= SharedNodes; i++)
            {
                await corner.Player.RegisterAsync($"shared-{i}", null, null, ct);
            }
        }
    }

    /// <summary>Ends when the scenario has; the first call starts all.</summary>
    internal async Task RunAsync(Scenario wanted, IEnumerable<Scenario> all)
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        lock (_places)
        {
            if (_running.Count == 0)
            {
                // Those that take long begin first.
                _running = all.OrderBy(scenario => scenario.Steps.All(step => step.Verb != "await")).ToDictionary(scenario => scenario.Name, RunInPlaceAsync, StringComparer.Ordinal);
            }
        }

        // Whoever watches or plays ends only by failing.
        await await Task.WhenAny(_workers.Append(_running[wanted.Name]));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Task.WhenAll(_workers);
            await Task.WhenAll(_running.Values);
        }
        catch (Exception e) when (e is OperationCanceledException or Xunit.Sdk.XunitException or TimeoutException)
        {
            // Told by the test that waited for it.
        }

        if (_plane is not null)
        {
            await _plane.DisposeAsync();
        }

        if (_face is not null)
        {
            await _face.DisposeAsync();
        }

        _embedded?.Dispose();
        _admin?.Dispose();
        _agenda.Dispose();
        _authority.Dispose();
        _places.Dispose();
        _stop.Dispose();
    }

    private async Task RunInPlaceAsync(Scenario scenario)
    {
        await _places.WaitAsync(_stop.Token);
        try
        {
            await new Performance(scenario, _corners).RunAsync(_stop.Token);
        }
        catch (Xunit.Sdk.XunitException)
        {
            // The real controllers act on caches, which on a busy machine may be behind: then they do things twice, or over
            // again. What truly differs does so every time.
            await new Performance(scenario with { Again = true }, _corners).RunAsync(_stop.Token);
        }
        finally
        {
            _places.Release();
        }
    }
}

/// <summary>One side with those who watch and play there.</summary>
internal sealed class Corner
{
    public Corner(Side side)
    {
        Side = side;
        Player = new Player(side);
        Watcher = new Watcher(side, Player.See);
    }

    public Side Side { get; }

    public Player Player { get; }

    public Watcher Watcher { get; }

    public async Task RunAsync(CancellationToken ct)
    {
        // Whichever fails first is told; the other runs on until all is over.
        await await Task.WhenAny(Watcher.RunAsync(ct), Player.RunAsync(ct));
    }
}
