using Ebb.Sandbox;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Machines;

namespace Ebb.Simulation.Worlds;

/// <summary>A cloud and a cluster that runs on its machines, on one virtual clock and one thread.</summary>
internal sealed class World : IDisposable
{
    public const string Group = "farm";

    public World(CloudOptions cloud, KubernetesOptions kubernetes, HollowMachineOptions machines)
    {
        Runner = new Runner(Time);
        Agenda = new Agenda(Time);
        Cloud = new CloudWorld(Agenda, cloud);
        Kubernetes = new KubernetesWorld(Agenda, kubernetes);
        Machines = new HollowMachines(Cloud, Kubernetes.Store, Kubernetes.Kubelets, machines);
    }

    public VirtualTime Time { get; } = new();

    public Runner Runner { get; }

    public Agenda Agenda { get; }

    public CloudWorld Cloud { get; }

    public KubernetesWorld Kubernetes { get; }

    public HollowMachines Machines { get; }

    public DateTimeOffset Start { get; } = new VirtualTime().GetUtcNow();

    public TimeSpan Elapsed => Now - Start;

    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>What a machine's kubelet calls its node.</summary>
    public static string NodeName(Instance instance) => instance.ComputerName.ToLowerInvariant();

    public void Begin()
    {
        Kubernetes.Begin();
        Cloud.PutResourceGroup(Group, Cloud.Options.Location, null);
    }

    public void AddPool(string name, ScaleSetSpec spec)
    {
        var made = Cloud.CreateOrUpdateScaleSet(Group, name, spec.ToModel(Cloud.Options.Location));
        if (!made.Ok)
        {
            throw new InvalidOperationException($"Pool '{name}': {made.Error.Code}: {made.Error.Message}");
        }
    }

    public void Dispose() => Agenda.Dispose();
}
