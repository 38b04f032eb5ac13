using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Scheduling;

namespace Ebb.Sandbox.Kubernetes;

/// <summary>How a <see cref="KubernetesWorld"/> is made and how fast it is.</summary>
public sealed record KubernetesOptions
{
    /// <summary>Everything random follows from it: uids, names, ties between nodes, latencies.</summary>
    public int Seed { get; init; } = 1;

    public SchedulerOptions Scheduler { get; init; } = new();

    public HollowOptions Hollow { get; init; } = new();

    /// <summary>From a change until the controllers have acted on it. Default 20 ms.</summary>
    public TimeSpan ControllerDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a kubelet may be silent until its node is Unknown. Default 40 s.</summary>
    public TimeSpan NodeGrace { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How many Events the parts of the control plane keep; 0: they write none.</summary>
    public int EventsKept { get; init; } = 4_000;
}
