using Ebb.Acting;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Hardware;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Machines;
using Ebb.Tests.Cli.Operating;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

/// <summary>A cluster whose control-plane machines are nodes, on virtual time, and what 'ebb up' does about their hardware.</summary>
internal sealed class PlaneLab : IDisposable
{
    private readonly KubernetesWorld _kubernetes;
    private readonly KubeClient _client;
    private readonly ApiDiscovery _discovery;
    private readonly ApiKubernetes _api;

    /// <param name="yaml">Below the starter's.</param>
    /// <param name="first">How it is made, where not by one command without trouble.</param>
    public PlaneLab(string yaml, Action<CloudCase, string>? first = null)
    {
        lock (Cloud.World.Agenda.Gate)
        {
            _kubernetes = new KubernetesWorld(Cloud.World.Agenda, new KubernetesOptions { EventsKept = 0 });
            var machines = new HollowMachines(Cloud.World, _kubernetes.Kubelets, new HollowMachineOptions { MeasureCpu = false });
            machines.Boot = machine => ControlPlanes.IsControlPlane(machine.Set) ? machines.StartKubelet(machine) : () => { };
            _kubernetes.Begin();
            Cloud.World.InstanceChanged += Count;
        }

        KubeWire = new Wire(new KubeWire(_kubernetes.Api, new Misfortune()));
        _client = new KubeClient(
            new KubeConnection { Server = new Uri("https://farm.test:6443"), Origin = "a test", Transport = _ => KubeWire }, Cloud.Time, NullLogger<KubeClient>.Instance);
        _discovery = new ApiDiscovery(_client, Cloud.Time);
        var events = new Ebb.Kubernetes.EventRecorder(_client, "ebb", "h", Cloud.Time, new Random(1));
        _api = new ApiKubernetes(_client, _discovery, events, Cloud.Time, new Random(1), NullLogger<ApiKubernetes>.Instance);
        (first ?? ((cloud, file) => cloud.Up(file)))(Cloud, CloudCase.Starter + yaml);
        Pass(minutes: 3);
        FirstBoots = Boots;
        FirstIds = Ids;
        Cloud.Wire.Calls.Clear();
        KubeWire.Calls.Clear();
    }

    public CloudCase Cloud { get; } = new();

    public Wire KubeWire { get; }

    /// <summary>Moments at which no majority of the store's members ran.</summary>
    public List<string> QuorumLost { get; } = [];

    /// <summary>Machines whose power went, in that order.</summary>
    public List<string> Down { get; } = [];

    /// <summary>Machines whose reports were taken away.</summary>
    public List<string> Forgotten { get; } = [];

    public IReadOnlyList<V1Node> Nodes => [.. _kubernetes.Store.List(Kinds.Node).Select(found => KubeJson.Read<V1Node>(found.Utf8.Span))];

    public Dictionary<string, string> Boots => Nodes.ToDictionary(node => node.Metadata.Name, node => node.Status?.NodeInfo?.BootID ?? "");

    public Dictionary<string, string> FirstBoots { get; }

    /// <summary>What tells each machine, with its disk, from another that is made under its name.</summary>
    public Dictionary<string, string> Ids => Machines.ToDictionary(machine => machine.Name, machine => machine.VmId);

    public Dictionary<string, string> FirstIds { get; }

    public IEnumerable<Instance> Machines => Cloud.World.Instances.Where(machine => machine.Standalone).OrderBy(machine => machine.Name, StringComparer.Ordinal);

    public IEnumerable<string> Held => Nodes.Where(node => node.Spec.Unschedulable is true || node.Metadata.Annotations?.ContainsKey(Marks.Operating) == true).Select(node => node.Metadata.Name);

    /// <summary>Whether each machine's network card is accelerated, in their order.</summary>
    public IEnumerable<bool?> Accelerated =>
        [.. Machines.Select(machine => Cloud.Do(() => Cloud.Cloud.Interfaces.IsAcceleratedAsync("farm-compute", machine.Name, CancellationToken.None)))];

    public static string Name(int index) => $"farm-control-plane-{index}";

    public ClusterPlan Plan(string yaml) => Cloud.Plan(CloudCase.Starter + yaml);

    /// <summary>As 'ebb up' goes about it.</summary>
    public void Up(string yaml, bool force = false)
    {
        var plan = Plan(yaml);
        plan.RequirePossible();
        Cloud.Do(async () =>
        {
            var nodes = new PlaneNodes(_api, (node, ct) => HardwareStep.RenewedAsync(_client, node, ct), Cloud.Time, Cloud.Told.Add);
            var up = new ClusterUp(Cloud.Cloud, Cloud.Time, new Random(1), Cloud.Told.Add);
            var run = new HardwareRun(Cloud.Cloud, plan.Names, nodes, ForgetAsync, ct => up.MakeMissingAsync(plan, ct), Cloud.Time, Cloud.Told.Add);
            var there = plan.Hardware.Machines.Select(machine => machine.Name);
            await run.RunAsync(plan.Hardware.Leaving, there, force, CancellationToken.None);
            await up.ApplyAsync(plan, CloudCase.Files, CancellationToken.None);
            await run.RunAsync(plan.Hardware.WithoutPower, there, force, CancellationToken.None);
            await run.RunAsync(plan.Hardware.Running, there, force, CancellationToken.None);
            await run.SettleAsync(plan.Names.ControlPlane.Select(plan.Names.ControlPlaneMachine), CancellationToken.None);
        });
    }

    public void Pass(double minutes) => Cloud.Do(() => Task.Delay(TimeSpan.FromMinutes(minutes), Cloud.Time));

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
        _discovery.Dispose();
        _client.Dispose();
        Cloud.Dispose();
    }

    private Task ForgetAsync(string machine, CancellationToken ct)
    {
        Forgotten.Add(machine);
        return Task.CompletedTask;
    }

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
}
