using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Pools;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Simulation;
using Ebb.Tests.Sandbox.Cloud;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Clouds.Azure;

/// <summary>The client against the sandbox's cloud, which was written from the protocol alone.</summary>
public sealed partial class FaceTests : IDisposable
{
    private Lab _lab = new();
    private AzureFace? _face;
    private Runner? _runner;
    private AzureCloud? _cloud;

    private CloudWorld World => _lab.World;

    [Fact]
    public void A_pool_grows_and_exactly_the_named_machines_go()
    {
        Start(Lab.Spec(3));

        Assert.Equal(new GrowResult.Growing(5, 2), Grow(2));
        Pass(minutes: 2);
        var pool = Pool();
        Assert.Equal((5, 5), (pool.Capacity, pool.Machines.Count(m => m.State is MachineState.Running)));
        Assert.Empty(pool.InFlight);

        Assert.Equal(new RemoveResult.Removing(2), Remove("1", "3"));
        Assert.Equal(["1", "3"], Pool().Machines.Where(m => m.State is MachineState.Deleting).Select(m => m.Id));
        Pass(minutes: 2);
        Assert.Equal(["0", "2", "4"], Pool().Machines.Select(m => m.Id));
        Assert.Equal(3, Pool().Capacity);
        Assert.Equal((1L, 1L), (Requests(CallKind.PatchScaleSet), Requests(CallKind.DeleteInstances)));
    }

    [Fact]
    public void Machines_and_pool_read_as_the_cloud_has_them()
    {
        Start(Lab.Spec(1) with { Zones = ["2"], Priority = Ebb.Sandbox.Cloud.Priority.Spot, Tags = Tags(("ebb-max", "33")) });

        var pool = Pool();

        Assert.Null(pool.Pool.Problem);
        Assert.Equal((33, Ebb.Pools.Priority.Spot, 2000L), (pool.Pool.Max, pool.Pool.Priority, pool.Pool.Shape.Allocatable.CpuMilli));
        Assert.Equal("eastus-2", pool.Pool.Shape.Labels["topology.kubernetes.io/zone"]);
        var machine = Assert.Single(pool.Machines);
        Assert.Equal(("agents000000", "eastus-2", "Standard_D2s_v3"), (machine.HostName, machine.Zone, machine.Size));
        Assert.NotEmpty(machine.VmId);
        Assert.NotNull(machine.CreatedAt);
    }

    [Fact]
    public void All_pages_of_a_large_pool_are_read()
    {
        Start(Lab.Spec(250));

        Assert.Equal(250, Pool().Machines.Length);
    }

    [Fact]
    public void In_steady_state_one_read_is_one_request()
    {
        Start(Lab.Spec(5));
        Read();
        var before = World.Requests.Total;

        for (var i = 0; i < 5; i++)
        {
            Assert.True(Read().Complete);
        }

        Assert.Equal(before + 5, World.Requests.Total);
    }

    [Fact]
    public void Machines_stop_and_start()
    {
        Start(Lab.Spec(2));
        var pool = Pool();

        Do(c => c.OperateAsync(pool, [pool.Machines[1]], MachineOperation.Deallocate, CancellationToken.None));
        Pass(minutes: 2);
        Assert.Equal([MachineState.Running, MachineState.Deallocated], Pool().Machines.Select(m => m.State));

        Do(c => c.OperateAsync(pool, [pool.Machines[1]], MachineOperation.Start, CancellationToken.None));
        Pass(minutes: 2);
        Assert.Equal([MachineState.Running, MachineState.Running], Pool().Machines.Select(m => m.State));
    }

    [Fact]
    public void A_shield_goes_on_and_off()
    {
        Start(Lab.Spec(2));
        var pool = Pool();

        Do(c => c.ProtectAsync(pool, pool.Machines[1], shielded: true, CancellationToken.None));
        Assert.Equal([false, true], Pool().Machines.Select(m => m.Protected));

        Do(c => c.ProtectAsync(pool, pool.Machines[1], shielded: false, CancellationToken.None));
        Assert.Equal([false, false], Pool().Machines.Select(m => m.Protected));
    }

    public void Dispose()
    {
        _face?.Dispose();
        _lab.Dispose();
    }

    private static (GrowRefusal, string) Told(GrowFailure failure) => (failure.Refusal, failure.Code);

    private static ImmutableSortedDictionary<string, string> Tags(params (string Name, string Value)[] tags) =>
        tags.ToImmutableSortedDictionary(t => t.Name, t => t.Value);

    private void Start(ScaleSetSpec spec, CloudOptions? options = null)
    {
        _lab.Dispose();
        _lab = new Lab(options);
        _lab.Have(spec);
        _face = new AzureFace(_lab.World, new AzureFaceOptions { Authenticate = false });
        _runner = new Runner(_lab.Time);
        _cloud = new AzureCloud(
            new AzureScope(World.Options.SubscriptionId, Lab.Group, null, new Uri("https://127.0.0.1:8443")),
            new HttpMessageInvoker(new InProcessHandler(_face)),
            _ => ValueTask.FromResult(new AccessToken("any", _lab.Time.GetUtcNow().AddDays(1))),
            new AzureOptions(),
            _lab.Time,
            new Random(1),
            NullLogger<AzureCloud>.Instance);
        _runner.Start(() => _cloud.RunAsync(CancellationToken.None));
    }

    private long Requests(CallKind kind) => World.Requests.ByKind.GetValueOrDefault(kind);

    private void Pass(double minutes) => _runner!.Run(TimeSpan.FromMinutes(minutes));

    private CloudView Read(params string[] inMotion) =>
        _runner!.Complete(() => _cloud!.ReadAsync(inMotion.ToHashSet(), CancellationToken.None), TimeSpan.FromMinutes(10));

    private PoolView Pool() => Assert.Single(Read(Lab.Set).Pools);

    private GrowResult Grow(int by)
    {
        var pool = Pool();
        return _runner!.Complete(() => _cloud!.GrowAsync(pool, by, CancellationToken.None), TimeSpan.FromMinutes(10));
    }

    private RemoveResult Remove(params string[] ids)
    {
        var pool = Pool();
        Machine[] machines = [.. pool.Machines.Where(m => ids.Contains(m.Id))];
        return _runner!.Complete(() => _cloud!.RemoveAsync(pool, machines, CancellationToken.None), TimeSpan.FromMinutes(10));
    }

    private void Do(Func<AzureCloud, Task> what) => _runner!.Complete(() => what(_cloud!), TimeSpan.FromMinutes(10));
}
