using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Cli.Operating;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Machines;
using Ebb.Simulation;
using Ebb.Simulation.Scenarios;
using Ebb.Simulation.Worlds;
using Microsoft.Extensions.Logging.Abstractions;
using CloudPriority = Ebb.Sandbox.Cloud.Priority;

namespace Ebb.Tests.Cli.Operating;

/// <summary>A farm on virtual time: a cloud, a cluster on its machines, the controller that ships beside it, and commands that reach both over their protocols.</summary>
internal sealed class FarmCase : IDisposable
{
    public const string Pool = "agents";

    /// <summary>The second scale set of the pool.</summary>
    public const string Fallback = "agents-regular";

    // Longer than any command here may take with all its patience.
    private static readonly TimeSpan AtMost = TimeSpan.FromHours(3);

    private readonly World _world;
    private readonly SimulatedController _controller;
    private readonly List<string> _interrupted = [];

    // Of all commands, to the end: what was killed is not cleared up after.
    private readonly List<IDisposable> _parts = [];
    private readonly Dictionary<string, string> _firstBoots;
    private readonly Dictionary<string, int> _disks = [];

    /// <param name="busy">How many of the machines have work: a Job's pod that ends after some minutes, and one that may move. Default: all.</param>
    /// <param name="most">The pool's max. Default: as many as there are.</param>
    /// <param name="fallback">How many regular machines are in a second scale set of the pool, idle at first. Null: it has only one scale set.</param>
    /// <param name="keepWarm">Machines that are to be idle beside those at work. Null: the pool says nothing of it.</param>
    /// <param name="localDisk">Whether the pool's machines have their system disk on their host; those of the second scale set have not.</param>
    public FarmCase(
        int machines = 2, CloudPriority priority = CloudPriority.Spot, int? busy = null, int? most = null, int? fallback = null, int? keepWarm = null, bool localDisk = false)
    {
        _world = new World(
            new CloudOptions(),
            new KubernetesOptions { EventsKept = 0, Hollow = new HollowOptions { LeaseEvery = null } },
            new HollowMachineOptions { MeasureCpu = false });
        _world.Begin();
        _world.Machines.Boot = Boot;
        _world.Cloud.InstanceChanged += change =>
        {
            if (change.Event is InstanceEvent.Created or InstanceEvent.Reimaged)
            {
                _disks[change.Instance.Name] = change.Instance.ModelVersion;
            }
        };
        var spec = Spec(machines, min: 0, most ?? machines);
        spec = fallback is null ? spec : spec with { Tags = spec.Tags.Add("ebb-pool", Pool) };
        spec = keepWarm is null ? spec : spec with { Tags = spec.Tags.Add("ebb-keep-warm", $"{keepWarm}") };
        _world.AddPool(Pool, (localDisk ? spec with { Size = "Standard_D4s_v3", EphemeralDisk = true } : spec) with { Priority = priority, EvictionPolicy = EvictionPolicy.Delete });
        _world.Kubernetes.Kubelets.Interrupted += lost =>
        {
            if (lost.Owner.StartsWith("Job/", StringComparison.Ordinal))
            {
                _interrupted.Add($"{lost.Pod} on {lost.Node}: {lost.Cause}, {lost.Ran} into its work");
            }
        };
        _controller = new SimulatedController(_world, "ebb", 1, new Policy(), overProtocol: false, NullLoggerFactory.Instance);
        _controller.Start();
        Until("all nodes are ready", () => Nodes.Count(IsReady) == machines);
        var work = busy ?? machines;
        HandIn(Kinds.Job, Workloads.Job("frames", work, work, new Needs { CpuMilli = 2500 }, TimeSpan.FromMinutes(4)));
        HandIn(Kinds.Deployment, Workloads.Service("Deployment", "web", work, new Needs { CpuMilli = 700 }));
        HandIn(Kinds.PodDisruptionBudget, Workloads.Budget("web", Math.Max(0, work - 1)));
        Until("the work runs", () => Pods.Count(pod => pod.Status?.Phase == "Running") == 2 * work);

        // Where what may move finds room.
        _world.AddPool("others", Spec(1, min: 1, most: 1));
        if (fallback is { } regular)
        {
            _world.AddPool(Fallback, spec with { Capacity = regular });
        }

        Until("there is room elsewhere", () => Nodes.Count(IsReady) == machines + 1 + (fallback ?? 0));
        _firstBoots = Boots.Where(boot => boot.Key.StartsWith(Pool, StringComparison.Ordinal)).ToDictionary();
    }

    /// <summary>What machines install whose disks are new.</summary>
    public string Release { get; set; } = "v1.33.3+k3s1";

    /// <summary>
    /// How long a machine with a new disk takes from its admission, when its node of before is deleted, until it is a node again. Null: no
    /// node is deleted, and it is one at once.
    /// </summary>
    public TimeSpan? JoinsWithin { get; set; }

    /// <summary>What commands said to a person meanwhile.</summary>
    public List<string> Said { get; } = [];

    public CloudWorld Cloud => _world.Cloud;

    public Runner Runner => _world.Runner;

    /// <summary>The cloud's own protocol, over no wire that is struck.</summary>
    public InProcessHandler Azure() => new(_world.Azure);

    public ScaleSet Set => _world.Cloud.Find(World.Group, Pool)!;

    public ScaleSet FallbackSet => _world.Cloud.Find(World.Group, Fallback)!;

    public IReadOnlyList<V1Node> Nodes => [.. _world.Kubernetes.Store.List(Kinds.Node).Select(Read<V1Node>)];

    public IReadOnlyList<V1Pod> Pods => [.. _world.Kubernetes.Store.List(Kinds.Pod).Select(Read<V1Pod>)];

    /// <summary>Pods of Jobs that were lost before they had finished.</summary>
    public IReadOnlyList<string> Interrupted => _interrupted;

    public IEnumerable<string> Machines => Set.Instances.Values.Where(machine => machine.Counts).Select(machine => machine.Name).Order();

    /// <summary>Nodes of the pool that no pod is on.</summary>
    public IEnumerable<string> Idle => Nodes.Select(node => node.Metadata.Name).Where(node => node.StartsWith(Pool, StringComparison.Ordinal) && Pods.All(pod => pod.Spec.NodeName != node));

    /// <summary>Nodes that bear anything of a command's hold.</summary>
    public IEnumerable<string> Held => Nodes
        .Where(node => node.Spec.Unschedulable is true || node.Metadata.Annotations?.Keys.Any(key => key is Marks.Operating or Marks.Keep) == true)
        .Select(node => node.Metadata.Name);

    /// <summary>Nodes that have not been started anew since the beginning.</summary>
    public IEnumerable<string> NotAnew => Boots.Where(now => _firstBoots.GetValueOrDefault(now.Key) == now.Value).Select(now => now.Key);

    /// <summary>Machines that are not what their pool says now, or whose disk was made before they were.</summary>
    public IEnumerable<string> Behind =>
        from machine in Set.Instances.Values
        where machine.ModelVersion != Set.ModelVersion || _disks[machine.Name] != Set.ModelVersion
        select machine.Name;

    private Dictionary<string, string> Boots => Nodes.ToDictionary(node => node.Metadata.Name, node => node.Status?.NodeInfo?.BootID ?? "");

    public void HandIn(Kind kind, JsonObject json) => _world.Kubernetes.Store.Create(kind, json);

    public void Annotate(string node, string key, string value) => _world.Kubernetes.Store.Update(
        _world.Kubernetes.Store.Get(Kinds.Node, "", node)!,
        json => json["metadata"]!["annotations"]![key] = value);

    public void Delete(Kind kind, string name) => _world.Kubernetes.Store.Delete(kind, "default", name, Ebb.Sandbox.Kubernetes.Store.DeleteOptions.Default);

    public void Pass(double minutes) => _world.Runner.Run(TimeSpan.FromMinutes(minutes));

    /// <summary>Changes the pool as 'ebb up' does: what its machines are told at their birth, and their image too.</summary>
    public void Change(bool image = false)
    {
        var profile = new JsonObject { ["osProfile"] = new JsonObject { ["customData"] = Convert.ToBase64String(Guid.NewGuid().ToByteArray()) } };
        if (image)
        {
            profile["storageProfile"] = new JsonObject { ["imageReference"] = new JsonObject { ["sku"] = $"{Guid.NewGuid()}" } };
        }

        var body = new JsonObject { ["properties"] = new JsonObject { ["virtualMachineProfile"] = profile } };
        Assert.True(Cloud.CreateOrUpdateScaleSet(World.Group, Pool, body, patch: true).Ok);
    }

    public void CutPower(string node) => _world.Kubernetes.Kubelets.Kill(node);

    public void Until(string what, Func<bool> holds)
    {
        for (var left = 3600; !holds(); left--)
        {
            Assert.True(left > 0, $"An hour passed before {what}.");
            _world.Runner.Run(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>A command that works on machines, from its look to its end or its death.</summary>
    /// <param name="meanwhile">Is told each second that it runs how many there were.</param>
    public Ended<ImmutableArray<OperationOutcome>> Operate(OperationRequest request, Misfortune? misfortune = null, Action<int>? meanwhile = null, CancellationTokenSource? ctrlC = null) =>
        Run(misfortune ?? new Misfortune(), meanwhile, async reach =>
        {
            var plan = OperationPlan.Make((await reach.LookAsync()).Snapshot, request);
            return await WorkAsync(reach, request, plan, ctrlC?.Token ?? CancellationToken.None);
        });

    /// <summary>Gives the pool another size, then its machines.</summary>
    public Ended<ImmutableArray<OperationOutcome>> Resize(string size, OperationRequest request, Misfortune? misfortune = null) =>
        Run(misfortune ?? new Misfortune(), meanwhile: null, async reach =>
        {
            var (seen, machines) = (await reach.LookAsync(), PoolResize.Machines(request, Pool, size));
            await Following.WhileAsync(reach.Cloud, () => PoolResize.RunAsync(reach.Cloud, seen.Pool(Pool).Parts[0], size, _world.Time, CancellationToken.None), CancellationToken.None);
            return await WorkAsync(reach, machines, OperationPlan.Make(seen.Snapshot, machines), CancellationToken.None);
        });

    public Ended<ScaleReport> Scale(int wanted, Misfortune? misfortune = null, string pool = Pool) =>
        Run(misfortune ?? new Misfortune(), meanwhile: null, async reach =>
            await Scaling.ScaleAsync(reach.Kubernetes, reach.Cloud, await reach.LookAsync(), pool, wanted, CancellationToken.None));

    public void Dispose()
    {
        _controller.Process.Kill();
        _controller.Dispose();
        _parts.ForEach(part => part.Dispose());
        _world.Dispose();
    }

    /// <summary>A command, from its beginning to its end or its death.</summary>
    public Ended<T> Run<T>(Misfortune misfortune, Action<int>? meanwhile, Func<Reach, Task<T>> command)
    {
        misfortune.FailOperation = () => Cloud.Faults.Add(new Fault { Kind = FaultKind.FailOperation, Pool = Pool, Count = 1, Code = "InternalOperationError" });
        var http = new HttpMessageInvoker(new CloudWire(new InProcessHandler(_world.Azure), misfortune));
        var kube = new KubeClient(
            new KubeConnection { Server = new Uri("https://farm.test:6443"), Origin = "a test", Transport = _ => new KubeWire(_world.Kubernetes.Api, misfortune) },
            _world.Time,
            NullLogger<KubeClient>.Instance);
        var discovery = new ApiDiscovery(kube, _world.Time);
        _parts.AddRange([http, kube, discovery]);
        var events = new Ebb.Kubernetes.EventRecorder(kube, "ebb", "h", _world.Time, new Random(1));
        var kubernetes = new ApiKubernetes(kube, discovery, events, _world.Time, new Random(1), NullLogger<ApiKubernetes>.Instance);
        var scope = new AzureScope(_world.Cloud.Options.SubscriptionId, World.Group, null, new Uri("https://management.azure.com/"));
        var cloud = new AzureCloud(
            scope, http, _ => ValueTask.FromResult(new AccessToken("t", DateTimeOffset.MaxValue)), new AzureOptions(), _world.Time, new Random(1), NullLogger<AzureCloud>.Instance);
        Ended<T>? ended = null;
        var before = _world.Now;
        _world.Runner.Start(RunAsync);
        for (; ended is null && !misfortune.Process.Killed;)
        {
            Assert.True(_world.Now - before < AtMost, "The command does not end.");
            _world.Runner.Run(TimeSpan.FromSeconds(1));
            meanwhile?.Invoke((int)(_world.Now - before).TotalSeconds);
        }

        return (ended ?? new Ended<T>(default, null)) with { Seconds = (int)(_world.Now - before).TotalSeconds };

        async Task RunAsync()
        {
            try
            {
                ended = new Ended<T>(await command(new Reach(kubernetes, kube, cloud, http, () => LookAsync(cloud))), null);
            }
            catch (Exception e) when (e is KubeException or CloudException or IOException or EbbException or OperationCanceledException)
            {
                // What the program tells and ends with code 1 for.
                ended = new Ended<T>(default, e);
            }
        }
    }

    public Task<ImmutableArray<OperationOutcome>> WorkAsync(Reach reach, OperationRequest request, OperationPlan plan, CancellationToken ct) => Following.WhileAsync(
        reach.Cloud, () => new MachineWork(reach.Kubernetes, reach.Cloud, _world.Time, new Random(1), request, Said.Add).RunAsync(plan, ct), ct);

    private async Task<Seen> LookAsync(AzureCloud cloud)
    {
        using var stop = new CancellationTokenSource();
        var state = new ClusterState();
        var watching = _controller.Kubernetes.WatchAsync(state, stop.Token);
        while (!state.Synced)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _world.Time, CancellationToken.None);
        }

        var view = await WholeView.ReadAsync(cloud, _world.Time, CancellationToken.None);
        var notes = await _controller.Kubernetes.RecallAsync(CancellationToken.None);
        var snapshot = state.Take(_world.Now, view, notes.ToImmutableDictionary());
        var plan = Planner.Plan(snapshot, new Policy());
        stop.CancelHere();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        return new Seen(snapshot, plan, Reporting.Report(snapshot, plan, "farm", "farm", "ebb"));
    }

    private Action Boot(BootedMachine machine)
    {
        var node = machine with { Node = machine.Node with { KubeletVersion = Release } };
        if (JoinsWithin is not { } within)
        {
            return _world.Machines.StartKubelet(node);
        }

        var off = false;
        Action powerCut = static () => { };
        if (_world.Kubernetes.Store.Get(Kinds.Node, "", machine.Node.Name) is not null)
        {
            _world.Kubernetes.Store.Delete(Kinds.Node, "", machine.Node.Name, DeleteOptions.Default);
        }

        _world.Runner.Start(async () =>
        {
            await Task.Delay(within, _world.Time, CancellationToken.None);
            powerCut = off ? powerCut : _world.Machines.StartKubelet(node);
        });
        return () =>
        {
            off = true;
            powerCut();
        };
    }

    private static ScaleSetSpec Spec(int machines, int min, int most) => new()
    {
        Size = "Standard_D4s_v5",
        Capacity = machines,
        Tags = ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase)
            .Add("ebb-min", $"{min}").Add("ebb-max", $"{most}").Add("ebb-idle-after", "10h"),
    };

    private static bool IsReady(V1Node node) => node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    private static T Read<T>(KubeObject found)
        where T : class => KubeJson.Read<T>(found.Utf8.Span);
}

/// <summary>What a command reaches, over wires that are struck.</summary>
internal sealed record Reach(IKubernetes Kubernetes, KubeClient Client, AzureCloud Cloud, HttpMessageInvoker Http, Func<Task<Seen>> LookAsync);

/// <summary>How a command ended; neither result nor failure: it was killed.</summary>
internal sealed record Ended<T>(T? Result, Exception? Failure)
{
    /// <summary>How long it took.</summary>
    public int Seconds { get; init; }

    public bool Killed => Failure is null && (Result is null || Result.Equals(default(T)));
}
