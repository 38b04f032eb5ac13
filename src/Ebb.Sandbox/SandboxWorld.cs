using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Machines;

namespace Ebb.Sandbox;

/// <summary>A cloud, a cluster, and the machines of the one as nodes of the other, all on one agenda.</summary>
public sealed class SandboxWorld : IDisposable
{
    public SandboxWorld(TimeProvider time, SandboxOptions options)
    {
        Agenda = new Agenda(time);
        Cloud = new CloudWorld(Agenda, options.Cloud);
        Kubernetes = new KubernetesWorld(Agenda, options.Kubernetes);
        Machines = new HollowMachines(Cloud, Kubernetes.Kubelets, options.Machines);
        Kubernetes.Begin();
    }

    public Agenda Agenda { get; }

    public CloudWorld Cloud { get; }

    public KubernetesWorld Kubernetes { get; }

    public HollowMachines Machines { get; }

    public void Dispose() => Agenda.Dispose();
}
