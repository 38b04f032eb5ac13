using Ebb.Acting;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Machines;
using Ebb.Tests.Cli.Clusters.Provisioned.Rollout;
using Ebb.Tests.Cli.Operating;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

/// <summary>A cluster whose control-plane machines are nodes and do what the share tells them, on virtual time, and 'ebb up' of it.</summary>
internal sealed class PlaneLab : IDisposable
{
    private const string Release = "v1.34.5+k3s1";

    // No machine of a pool becomes a node here: none is waited for.
    private static readonly string Starter = CloudCase.Starter.Replace("min: 1", "min: 0", StringComparison.Ordinal);

    private readonly KubernetesWorld _kubernetes;
    private readonly HttpMessageInvoker _aside;
    private readonly HttpMessageInvoker _toKubernetes;
    private readonly CancellationTokenSource _stop = new();
    private bool _known;

    /// <param name="yaml">Below the starter's.</param>
    /// <param name="first">How it is made, where not by one command without trouble.</param>
    public PlaneLab(string yaml, Action<PlaneLab>? first = null)
    {
        lock (Cloud.World.Agenda.Gate)
        {
            _kubernetes = new KubernetesWorld(Cloud.World.Agenda, new KubernetesOptions { EventsKept = 0 });
            var machines = new HollowMachines(Cloud.World, _kubernetes.Kubelets, new HollowMachineOptions { MeasureCpu = false });
            machines.Boot = machine => ControlPlanes.IsControlPlane(machine.Set) ? machines.StartKubelet(machine) : () => { };
            _kubernetes.Begin();
            Cloud.World.InstanceChanged += Count;
        }

        _aside = Cloud.Aside();
        var all = new ResourceNames(CloudCase.File(Starter + "\ncontrolPlane:\n  machines: 5"), Cloud.World.Options.SubscriptionId);
        Following = new FollowingMachines(Cloud.Cloud, _aside, Cloud.Time, all, [.. all.ControlPlane.Select(all.ControlPlaneMachine)])
        {
            Lives = name => Machines.FirstOrDefault(machine => machine.Name == name && machine.GuestUp)?.VmId,
        };
        KubeWire = new Wire(new KubeWire(_kubernetes.Api, new Misfortune()));
        _toKubernetes = new HttpMessageInvoker(KubeWire);
        Cloud.Begin(() => Following.RunAsync(_stop.Token));
        (first ?? (lab => lab.Up(yaml)))(this);
        Pass(minutes: 3);
        FirstBoots = Boots;
        FirstUids = Uids;
        FirstIds = Ids;
        Following.Begun.Clear();
        Cloud.Wire.Calls.Clear();
        KubeWire.Calls.Clear();
    }

    public CloudCase Cloud { get; } = new();

    public ClusterHome Home { get; } = ClusterHome.At("farm", Directory.CreateTempSubdirectory("ebb-plane-").FullName);

    public Wire KubeWire { get; }

    /// <summary>Whether Kubernetes answers who plans, where that is asked.</summary>
    public bool Answers { get; set; }

    public FollowingMachines Following { get; }

    /// <summary>Moments at which no majority of the store's members ran.</summary>
    public List<string> QuorumLost { get; } = [];

    /// <summary>Machines whose power went, in that order.</summary>
    public List<string> Down { get; } = [];

    /// <summary>Machines whose reports were taken away.</summary>
    public IEnumerable<string> Forgotten =>
        [.. Enumerable.Range(0, 5).Select(Name).Where(name => Cloud.Wire.Calls.Exists(call => call.StartsWith("DELETE ", StringComparison.Ordinal) && call.Contains(SystemShare.State(name), StringComparison.Ordinal)))];

    public IReadOnlyList<V1Node> Nodes => [.. _kubernetes.Store.List(Kinds.Node).Select(found => KubeJson.Read<V1Node>(found.Utf8.Span))];

    public Dictionary<string, string> Boots => Nodes.ToDictionary(node => node.Metadata.Name, node => node.Status?.NodeInfo?.BootID ?? "");

    public Dictionary<string, string> FirstBoots { get; }

    /// <summary>What tells each node from another of its name.</summary>
    public Dictionary<string, string> Uids => Nodes.ToDictionary(node => node.Metadata.Name, node => node.Metadata.Uid);

    public Dictionary<string, string> FirstUids { get; }

    /// <summary>What tells each machine, with its disk, from another that is made under its name.</summary>
    public Dictionary<string, string> Ids => Machines.ToDictionary(machine => machine.Name, machine => machine.VmId);

    public Dictionary<string, string> FirstIds { get; }

    public IEnumerable<Instance> Machines => Cloud.World.Instances.Where(machine => machine.Standalone).OrderBy(machine => machine.Name, StringComparer.Ordinal);

    public IEnumerable<string> Held => Nodes.Where(node => node.Spec.Unschedulable is true || node.Metadata.Annotations?.ContainsKey(Marks.Operating) == true).Select(node => node.Metadata.Name);

    /// <summary>Whether each machine's network card is accelerated, in their order.</summary>
    public IEnumerable<bool?> Accelerated =>
        [.. Machines.Select(machine => Cloud.Do(() => Cloud.Cloud.Interfaces.IsAcceleratedAsync("farm-compute", machine.Name, CancellationToken.None)))];

    public static string Name(int index) => $"farm-control-plane-{index}";

    public ClusterPlan Plan(string yaml) => Cloud.Do(() => PlanAsync(yaml)).Plan;

    /// <summary>As 'ebb up' goes about it.</summary>
    public void Up(string yaml, bool force = false) => Cloud.Do(async () =>
    {
        var (plan, files) = await PlanAsync(yaml);
        plan.RequirePossible();
        var reach = new UpReach(Cloud.Cloud, () => _known, Open, Flag: "", Cloud.Time, () => new Random(1), NullLoggerFactory.Instance);
        await new UpRun(plan, files, reach, force, Cloud.Told.Add).RunAsync(_ => _known = true, CancellationToken.None);
    });

    public void Pass(double minutes) => Cloud.Do(() => Task.Delay(TimeSpan.FromMinutes(minutes), Cloud.Time));

    /// <summary>Somebody deletes it beside Ebb.</summary>
    public void Lose(int index)
    {
        Cloud.Do(() => Cloud.Cloud.Groups.RemoveResourceAsync(Machines.Single(machine => machine.Name == Name(index)).ResourceId, "2023-09-01", CancellationToken.None));
        Pass(minutes: 2);
        QuorumLost.Clear();
        Cloud.Wire.Calls.Clear();
    }

    public void CutPower(string machine)
    {
        Cloud.Do(() => Cloud.Cloud.Machines.DeallocateAsync("farm-compute", machine, CancellationToken.None));
        Pass(minutes: 2);
        QuorumLost.Clear();
        Down.Clear();
    }

    /// <summary>Its machine runs, and nothing on it answers any more.</summary>
    public void Freeze(string node)
    {
        _kubernetes.Kubelets.Kill(node);
        Pass(minutes: 3);
    }

    public void Dispose()
    {
        _stop.CancelHere();
        _stop.Dispose();
        _aside.Dispose();
        _toKubernetes.Dispose();
        Cloud.Dispose();
        Directory.Delete(Home.Path, recursive: true);
    }

    private async Task<(ClusterPlan Plan, IReadOnlyList<ShareFile> Files)> PlanAsync(string yaml)
    {
        var file = CloudCase.File(Starter + yaml);
        var plan = await new ClusterPlanner(file, Cloud.Cloud).PlanAsync(CloudCase.Inputs, CancellationToken.None);
        return await new ControlPlanePlanner(file, Cloud.Cloud, Home, flag: "", _ => Task.FromResult(Answers), Cloud.Time, new Random(1))
            .CompleteAsync(plan, KeysCase.Shared, Release, CancellationToken.None);
    }

    private KubeClient Open() => new(
        new KubeConnection { Server = new Uri("https://farm.test:6443"), Origin = "a test", Transport = _ => new Lasting(_toKubernetes) }, Cloud.Time, NullLogger<KubeClient>.Instance);

    // A member is who has a node: k3s takes a member in with its node, and out with it.
    private void Count(InstanceChange change)
    {
        if (change is not { Event: InstanceEvent.Stopped or InstanceEvent.Gone, Instance.Standalone: true })
        {
            return;
        }

        if (change.Event is InstanceEvent.Stopped)
        {
            Down.Add(change.Instance.Name);
        }

        var members = Nodes.Select(node => node.Metadata.Name).Where(name => name.Contains("control-plane", StringComparison.Ordinal)).ToList();
        var running = Machines.Count(machine => machine.GuestUp && machine.Name != change.Instance.Name && members.Contains(machine.Name));
        if (members.Count > 1 && running * 2 <= members.Count)
        {
            QuorumLost.Add($"{change.Instance.Name} {change.Event}: {running} of {members.Count} run");
        }
    }

    /// <summary>Outlives the clients that it serves.</summary>
    private sealed class Lasting(HttpMessageInvoker wire) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            wire.SendAsync(request, cancellationToken);
    }
}
