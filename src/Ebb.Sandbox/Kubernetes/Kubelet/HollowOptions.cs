using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>How hollow kubelets behave; what varies by scenario is data.</summary>
public sealed record HollowOptions
{
    /// <summary>From a kubelet's start until its Node object is there.</summary>
    public Latency Register { get; init; } = Latency.Seconds(1, 3);

    /// <summary>From registration until the node is Ready.</summary>
    public Latency Ready { get; init; } = Latency.Seconds(2, 5);

    /// <summary>From a pod's binding until the kubelet has seen it.</summary>
    public Latency Notice { get; init; } = Latency.Seconds(0.05, 0.2);

    /// <summary>Pulling the images of a pod and starting its first container.</summary>
    public Latency Start { get; init; } = Latency.Seconds(0.5, 2);

    /// <summary>
    /// How long a container takes to end when it is told to. Never longer than the pod's grace period; the pod's annotation
    /// <c>sandbox.ebb.dev/stop</c> says otherwise.
    /// </summary>
    public TimeSpan Stop { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often each kubelet renews its Lease. Null: none is written, and the control plane is told directly when a kubelet
    /// lives or dies, which spares simulations thousands of writes.
    /// </summary>
    public TimeSpan? LeaseEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What a kubelet keeps for itself and the system. Default: nothing, as a kubelet without settings.</summary>
    public long ReservedCpuMilli { get; init; }

    /// <summary>Default 100 MiB: the kubelet's own default eviction threshold, which is taken off allocatable.</summary>
    public long ReservedMemoryBytes { get; init; } = 100L << 20;

    /// <summary>The version that nodes show.</summary>
    public string KubeletVersion { get; init; } = "v1.34.0";
}
