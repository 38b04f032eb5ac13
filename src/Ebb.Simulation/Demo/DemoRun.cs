using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Machines;
using Ebb.Simulation.Worlds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Simulation.Demo;

/// <summary>
/// One run of the demo's workload on a virtual clock: real workload objects, the real loop. Runs of both sides may be stepped
/// in turns; each is used from one thread at a time.
/// </summary>
public sealed class DemoRun : IDisposable
{
    private const string Pool = "render";
    private const string Size = "Standard_D4s_v5";
    private const int Min = 1;
    private const int Max = 40;

    // By the percent, as the portal proposes; out by several machines, for whoever waits for one at a time gives up.
    private const int ScaleOutBy = 4;

    // Should a run never come to rest, a day of it is enough.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    private readonly World _world;
    private readonly FrameBook _book;
    private readonly IReadOnlyList<Frame> _frames;
    private readonly SimulatedController? _controller;
    private readonly long _requestsBefore;
    private int _peak;

    public DemoRun(DemoOptions options, DemoSide side)
    {
        Side = side;
        _frames = Frames.Make(options);
        _world = new World(
            new CloudOptions { Seed = options.Seed },
            new KubernetesOptions { Seed = options.Seed, EventsKept = 0, Hollow = new HollowOptions { LeaseEvery = null } },
            new HollowMachineOptions { DeleteNodesOfGoneMachines = side is DemoSide.AzureAutoscale, MeasureCpu = side is DemoSide.AzureAutoscale });
        _world.Begin();
        _book = new FrameBook(_world);
        _world.AddPool(Pool, new ScaleSetSpec
        {
            Size = Size,
            Capacity = Min,
            ScaleIn = ScaleIn.NewestVM,
            Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase)
                .Add("ebb-min", $"{Min}")
                .Add("ebb-max", $"{Max}"),
        });
        _requestsBefore = _world.Cloud.Requests.Total;
        if (side is DemoSide.AzureAutoscale)
        {
            _world.Cloud.PutAutoscale(World.Group, "by-cpu", ByCpu());
        }
        else
        {
            _controller = new SimulatedController(_world, "ebb", options.Seed, new Policy(), overProtocol: false, NullLoggerFactory.Instance);
            _controller.Start();
        }
    }

    /// <summary>How much virtual time lies between two samples.</summary>
    public static TimeSpan SampleEvery { get; } = TimeSpan.FromSeconds(15);

    public DemoSide Side { get; }

    /// <summary>The sums so far; final once <see cref="Run"/> has ended.</summary>
    public DemoFigures Figures
    {
        get
        {
            var waits = _book.Waits();
            var bill = _world.Cloud.Bill;
            return new DemoFigures
            {
                Frames = _frames.Count,
                Completed = _book.Done,
                Interrupted = _book.Interrupted,
                WaitP50Seconds = Percentile(waits, 0.5),
                WaitP95Seconds = Percentile(waits, 0.95),
                MachineHours = Math.Round(bill.MachineHours, 2),
                Cost = Math.Round(bill.Cost, 2),
                PeakMachines = _peak,
                FinalMachines = Set.Instances.Count,
                CloudRequests = _world.Cloud.Requests.Total - _requestsBefore,
            };
        }
    }

    private ScaleSet Set => _world.Cloud.Find(World.Group, Pool)!;

    /// <summary>
    /// Runs on with each step asked for and shows the farm once for every <see cref="SampleEvery"/> of virtual time. Ends when
    /// all frames are done and the pool has come to rest. To be enumerated once.
    /// </summary>
    public IEnumerable<DemoSample> Run()
    {
        var start = _world.Now;
        var next = 0;
        for (var at = SampleEvery; at <= Longest; at += SampleEvery)
        {
            for (; next < _frames.Count && _frames[next].At <= at; next++)
            {
                _world.Runner.RunUntil(start + _frames[next].At);
                _book.HandIn(_frames[next]);
            }

            _world.Runner.RunUntil(start + at);
            var sample = Look(at);
            _peak = Math.Max(_peak, sample.Capacity);
            yield return sample;
            if (_book.Done == _frames.Count && Set.Instances.Count == Min && Set.Capacity == Min)
            {
                yield break;
            }
        }
    }

    public void Dispose()
    {
        _controller?.Process.Kill();
        _controller?.Dispose();
        _world.Dispose();
    }

    private DemoSample Look(TimeSpan at)
    {
        var frames = _book.RunningByNode();
        ImmutableArray<DemoMachine> machines =
        [
            .. Set.Instances.Values.Select(instance =>
            {
                var running = frames.GetValueOrDefault(World.NodeName(instance));
                return new DemoMachine(instance.Name, StateOf(instance, running), running);
            }),
        ];
        return new DemoSample
        {
            Side = Side,
            At = at,
            Demand = (_book.HandedIn - _book.Done + Frame.PerMachine - 1) / Frame.PerMachine,
            Capacity = machines.Length,
            Machines = machines,
            FramesWaiting = _book.Waiting,
            FramesRunning = _book.Running,
            FramesDone = _book.Done,
            Interrupted = _book.Interrupted,
            Cost = _world.Cloud.Bill.Cost,
        };
    }

    private DemoMachineState StateOf(Instance instance, int frames)
    {
        if (instance.Provisioning == ProvisioningState.Deleting)
        {
            return DemoMachineState.Retiring;
        }

        if (_world.Kubernetes.Store.Get(Kinds.Node, "", World.NodeName(instance)) is not { } found)
        {
            return DemoMachineState.Booting;
        }

        var node = KubeJson.Read<V1Node>(found.Utf8.Span);
        return node.Spec.Taints?.Any(taint => taint is { Key: Marks.Retiring, Effect: "NoSchedule" }) == true ? DemoMachineState.Retiring
            : frames > 0 ? DemoMachineState.Busy
            : node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true ? DemoMachineState.Idle
            : DemoMachineState.Booting;
    }

    private JsonObject ByCpu()
    {
        var setting = AutoscaleSetting.ByCpu(Set.ResourceId, Min, Max, outAbove: 70, inBelow: 30);
        setting["properties"]!["profiles"]![0]!["rules"]![0]!["scaleAction"]!["value"] = $"{ScaleOutBy}";
        return setting;
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : Math.Round(sorted[(int)Math.Ceiling(share * sorted.Length) - 1], 1);
}
