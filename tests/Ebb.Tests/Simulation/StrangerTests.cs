using System.Collections.Immutable;
using System.Text;
using Ebb.Planning;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Machines;
using Ebb.Simulation.Scenarios;
using Ebb.Simulation.Worlds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Simulation;

/// <summary>A farm whose capacity somebody lowers beside Ebb, with the request that <c>az vmss scale</c> sends.</summary>
public sealed class StrangerTests : IDisposable
{
    private readonly List<string> _lost = [];
    private World? _world;
    private SimulatedController? _controller;

    private World World => _world!;

    private ImmutableArray<Instance> Machines => [.. World.Cloud.Find(World.Group, "render")!.Instances.Values.Where(machine => machine.Counts)];

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public async Task Only_idle_machines_go_and_the_pool_comes_back_to_its_least(int seed, bool overProtocol)
    {
        Start(seed, min: 6, overProtocol);
        Run(minutes: 10);
        Submit("frames", 1 + (seed % 4), TimeSpan.FromHours(1));
        Run(minutes: 5);
        var busy = Busy();
        Assert.Equal(1 + (seed % 4), busy.Count);

        UntilEbbHasJustRead();
        await ScaleAsync(seed % 2);
        World.Runner.Run(TimeSpan.FromSeconds(5));

        Assert.Equal(busy, Machines.Select(machine => machine.Id).ToHashSet());

        Run(minutes: 15);
        Assert.Empty(_lost);
        Assert.Equal(6, Machines.Length);
        Assert.Equal(6, World.Cloud.Find(World.Group, "render")!.Capacity);
        Assert.Subset(Machines.Select(machine => machine.Id).ToHashSet(), busy);

        Run(minutes: 120);
        Assert.Empty(_lost);
        Assert.Equal(6, Machines.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_shield_is_one_request_and_so_is_lifting_it_once_a_machine_has_been_idle_for_long(bool overProtocol)
    {
        Start(seed: 1, min: 3, overProtocol);
        Run(minutes: 10);
        for (var i = 0; i < 6; i++)
        {
            // Short work with pauses between, for longer than a list of machines is believed.
            Submit($"frames-{i}", 3, TimeSpan.FromMinutes(2));
            Run(minutes: 4);
        }

        Assert.Equal(3, Machines.Count(machine => machine.ProtectedFromScaleIn));
        Assert.Equal(3, World.Cloud.Requests.ByKind[CallKind.PutInstance]);

        Run(minutes: 30);
        Assert.Equal(0, Machines.Count(machine => machine.ProtectedFromScaleIn));
        Assert.Equal(6, World.Cloud.Requests.ByKind[CallKind.PutInstance]);

        var before = Machines.Select(machine => machine.Id).ToHashSet();
        UntilEbbHasJustRead();
        await ScaleAsync(0);
        Run(minutes: 15);
        Assert.DoesNotContain(Machines, machine => before.Contains(machine.Id));
        Assert.Equal(3, Machines.Length);
        Assert.Empty(_lost);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_the_cloud_takes_few_requests_all_are_shielded_as_it_does_and_growth_waits_for_none(bool overProtocol)
    {
        Start(seed: 1, min: 0, overProtocol, throttling: true);
        Submit("frames", 30, TimeSpan.FromHours(3));
        Run(minutes: 5);
        Assert.Equal(30, Busy().Count);
        Assert.InRange(Machines.Count(machine => machine.ProtectedFromScaleIn), 1, 29);

        Submit("more", 5, TimeSpan.FromHours(3));
        Run(minutes: 4);
        Assert.Equal(35, Busy().Count);

        Run(minutes: 15);
        Assert.All(Machines, machine => Assert.True(machine.ProtectedFromScaleIn));

        // Each once, and one that is refused for every one that is taken at the most.
        Assert.InRange(World.Cloud.Requests.ByKind[CallKind.PutInstance], 35, 70);
    }

    public void Dispose()
    {
        _controller?.Process.Kill();
        _controller?.Dispose();
        _world?.Dispose();
    }

    private void Start(int seed, int min, bool overProtocol, bool throttling = false)
    {
        _world = new World(
            new CloudOptions { Seed = seed, Throttling = throttling },
            new KubernetesOptions { Seed = seed, EventsKept = 0, Hollow = new HollowOptions { LeaseEvery = null } },
            new HollowMachineOptions { MeasureCpu = false });
        World.Begin();
        World.Kubernetes.Kubelets.Interrupted += lost => _lost.Add($"{lost.Pod} of {lost.Owner} on {lost.Node}");
        World.AddPool("render", new ScaleSetSpec
        {
            Size = "Standard_D4s_v5",
            Capacity = min,
            Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase).Add("ebb-min", $"{min}").Add("ebb-max", "40"),
        });
        _controller = new SimulatedController(World, "ebb", seed, new Policy(), overProtocol, NullLoggerFactory.Instance);
        _controller.Start();
    }

    private void Run(int minutes) => World.Runner.Run(TimeSpan.FromMinutes(minutes));

    /// <summary>It looks no more often than every half minute: until then the cloud is by itself with whoever asks it for fewer machines.</summary>
    private void UntilEbbHasJustRead()
    {
        var before = World.Cloud.Requests.ByKind[CallKind.ListScaleSets];
        while (World.Cloud.Requests.ByKind[CallKind.ListScaleSets] == before)
        {
            World.Runner.Run(TimeSpan.FromSeconds(1));
        }

        World.Runner.Run(TimeSpan.FromSeconds(3));
    }

    /// <summary>Work that fits on a machine once.</summary>
    private void Submit(string name, int pods, TimeSpan takes) =>
        World.Kubernetes.Store.Create(Kinds.Job, Workloads.Job(name, pods, pods, new Needs { CpuMilli = 2500 }, takes));

    private HashSet<string> Busy()
    {
        var nodes = World.Kubernetes.Store.List(Kinds.Pod)
            .Where(pod => (string?)pod.Json["status"]?["phase"] == "Running")
            .Select(pod => (string?)pod.Json["spec"]?["nodeName"])
            .ToHashSet();
        return [.. Machines.Where(machine => nodes.Contains(World.NodeName(machine))).Select(machine => machine.Id)];
    }

    private async Task ScaleAsync(int capacity)
    {
        var set = World.Cloud.Find(World.Group, "render")!;
        using var http = new HttpClient(new InProcessHandler(World.Azure));
        using var body = new StringContent(
            $$$"""{"location":"{{{set.Location}}}","sku":{"name":"{{{set.Size}}}","tier":"Standard","capacity":{{{capacity}}}}}""", Encoding.UTF8, "application/json");
        using var answer = await http.PutAsync(
            new Uri($"https://management.azure.com{set.ResourceId}?api-version=2022-11-01"), body, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
    }
}
