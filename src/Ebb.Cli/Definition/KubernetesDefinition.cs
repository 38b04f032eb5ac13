using System.Collections.Immutable;

namespace Ebb.Cli.Definition;

/// <summary>Which Kubernetes.</summary>
internal sealed record KubernetesDefinition
{
    public Distribution Distribution { get; init; } = Distribution.K3s;

    /// <summary>As released, for example <c>v1.31.5+k3s1</c>, or <c>v1.31.5</c> for the kubelet. Null: the newest of <see cref="Channel"/>.</summary>
    public string? Version { get; init; }

    /// <summary><c>stable</c>, <c>latest</c> or a minor release such as <c>v1.31</c>. Default <c>stable</c>; without meaning when a version is given.</summary>
    public string Channel { get; init; } = "stable";
}

internal enum Distribution
{
    K3s,

    /// <summary>The plain kubelet of a control plane that Ebb hosts.</summary>
    Kubelet,
}

/// <summary>The machines that carry the Kubernetes API and Ebb's controller; they are regular, never spot.</summary>
internal sealed record ControlPlaneDefinition
{
    /// <summary>1, 3 or 5; more than one have the API's store (etcd) in common. Default 1.</summary>
    public int Machines { get; init; } = 1;

    /// <summary>The cloud's name of the machine size. Default <c>Standard_B2ms</c>: 2 cores, 8 GiB.</summary>
    public string Size { get; init; } = "Standard_B2ms";

    /// <summary>Of the system disk, in GiB, 30 to 4095. Default 32.</summary>
    public int DiskGiB { get; init; } = 32;

    /// <summary>Machines go to these in turn. Default none: an availability set.</summary>
    public ImmutableArray<string> Zones { get; init; } = [];
}
