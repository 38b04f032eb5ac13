using System.Collections.Immutable;
using System.Net;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>The machine that a hollow kubelet pretends to run on.</summary>
public sealed record HollowNode
{
    public required string Name { get; init; }

    /// <summary>Empty: the node has none.</summary>
    public string ProviderId { get; init; } = "";

    public long CpuMilli { get; init; } = 2000;

    public long MemoryBytes { get; init; } = 8L << 30;

    public long DiskBytes { get; init; } = 30L << 30;

    public int MaxPods { get; init; } = 110;

    /// <summary>Devices and the like, <c>nvidia.com/gpu</c> for example.</summary>
    public ImmutableSortedDictionary<string, long> Extended { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    public string Address { get; init; } = "10.240.0.4";

    /// <summary>Where the API server reaches its kubelet; null: at <see cref="Address"/>, where hollow ones do not answer.</summary>
    public IPEndPoint? Endpoint { get; init; }

    public string Region { get; init; } = "";

    /// <summary>As the label has it; empty: no such label.</summary>
    public string Zone { get; init; } = "";

    public string InstanceType { get; init; } = "";

    public string Architecture { get; init; } = "amd64";

    /// <summary>The release of its kubelet; empty: <see cref="HollowOptions.KubeletVersion"/>.</summary>
    public string KubeletVersion { get; init; } = "";

    /// <summary>Identity of machine and boot, as <c>status.nodeInfo</c> shows them.</summary>
    public string SystemUuid { get; init; } = "";

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>As <c>key=value:effect</c> or <c>key:effect</c>.</summary>
    public ImmutableArray<string> Taints { get; init; } = [];
}
