using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Machines;

namespace Ebb.Sandbox;

/// <summary>How a whole sandbox is made.</summary>
public sealed record SandboxOptions
{
    public CloudOptions Cloud { get; init; } = new();

    public KubernetesOptions Kubernetes { get; init; } = new();

    public HollowMachineOptions Machines { get; init; } = new();
}
