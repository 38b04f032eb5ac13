using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Machines;
using Ebb.Simulation.Kubernetes;

namespace Ebb.Simulation.Worlds;

/// <summary>A cloud and a cluster that runs on its machines, on one virtual clock and one thread.</summary>
internal sealed class World : IDisposable
{
    public const string Group = "farm";

    private static readonly TimeSpan PollAfter = TimeSpan.FromSeconds(10);

    public World(CloudOptions cloud, KubernetesOptions kubernetes, HollowMachineOptions machines)
    {
        Runner = new Runner(Time);
        Agenda = new Agenda(Time);
        Cloud = new CloudWorld(Agenda, cloud);
        Azure = new AzureFace(Cloud, new AzureFaceOptions { Authenticate = false, PollAfter = PollAfter });
        Kubernetes = new KubernetesWorld(Agenda, kubernetes);
        Machines = new HollowMachines(Cloud, Kubernetes.Kubelets, machines);
    }

    public VirtualTime Time { get; } = new();

    public Runner Runner { get; }

    public Agenda Agenda { get; }

    public CloudWorld Cloud { get; }

    /// <summary>The cloud's own protocol, for whoever talks to it as a client would.</summary>
    public AzureFace Azure { get; }

    public KubernetesWorld Kubernetes { get; }

    public LeaseShelf Lease { get; } = new();

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

    public void Dispose()
    {
        Azure.Dispose();
        Agenda.Dispose();
    }
}
