using System.Net;

namespace Ebb.Cli.Definition;

/// <summary>Address ranges; they lie apart from each other, but for both subnets, which lie within <see cref="Range"/>.</summary>
internal sealed record NetworkDefinition
{
    /// <summary>Of the virtual network. Default 10.1.0.0/16.</summary>
    public IPNetwork Range { get; init; } = IPNetwork.Parse("10.1.0.0/16");

    /// <summary>Control-plane machines have its addresses .10, .11, ... The file's default is the first /24 of the range, of a small one its first quarter.</summary>
    public IPNetwork ControlPlaneSubnet { get; init; } = IPNetwork.Parse("10.1.0.0/24");

    /// <summary>The file's default is the upper half of the range.</summary>
    public IPNetwork PoolSubnet { get; init; } = IPNetwork.Parse("10.1.128.0/17");

    /// <summary>Of pods, a /24 for every node. Default 10.42.0.0/16.</summary>
    public IPNetwork PodRange { get; init; } = IPNetwork.Parse("10.42.0.0/16");

    /// <summary>Of Services. Default 10.43.0.0/16.</summary>
    public IPNetwork ServiceRange { get; init; } = IPNetwork.Parse("10.43.0.0/16");

    /// <summary>The control plane's name before <c>.REGION.cloudapp.azure.com</c>, unique there. Null: derived from cluster and subscription.</summary>
    public string? DnsLabel { get; init; }
}
