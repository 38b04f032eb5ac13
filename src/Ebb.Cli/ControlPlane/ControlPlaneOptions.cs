using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Cli.ControlPlane;

/// <summary>One hosted control plane.</summary>
internal sealed record ControlPlaneOptions
{
    /// <summary>Everything that it keeps is in here, and taken up again by the next one; made if need be.</summary>
    public required string Directory { get; init; }

    public required Binaries Binaries { get; init; }

    /// <summary>1 or 3; null for as many as there are, 1 in a new one.</summary>
    public int? EtcdMembers { get; init; }

    /// <summary>Port of the API; 0 for the one it had, or any that is free in a new one.</summary>
    public int Port { get; init; }

    /// <summary>A command that runs the rest of its command line in place of itself, such as nsenter.</summary>
    public ImmutableArray<string> Prefix { get; init; } = [];

    /// <summary>How this process reaches what is started behind <see cref="Prefix"/>; null where that is nothing special.</summary>
    public Dial? Dial { get; init; }

    public string BindAddress { get; init; } = "127.0.0.1";

    /// <summary>Where machines and pods reach the API; null for <see cref="BindAddress"/>.</summary>
    public string? AdvertiseAddress { get; init; }

    /// <summary>The host in the kubeconfigs of people and of Ebb; null for <see cref="BindAddress"/>.</summary>
    public string? PublicAddress { get; init; }

    /// <summary>More names and addresses for the API's certificate.</summary>
    public ImmutableArray<string> Names { get; init; } = [];

    public string ClusterName { get; init; } = "kubernetes";

    /// <inheritdoc cref="Components.ControlPlaneShape.PodRange"/>
    public string? PodRange { get; init; }

    /// <summary>Of Services; null for 10.96.0.0/12.</summary>
    public string? ServiceRange { get; init; }

    public KeyAlgorithm KeyAlgorithm { get; init; } = KeyAlgorithm.Ecdsa;

    /// <summary>By component: <c>etcd</c>, <c>kube-apiserver</c>, ...</summary>
    public ImmutableDictionary<string, ImmutableArray<string>> ExtraFlags { get; init; } = ImmutableDictionary<string, ImmutableArray<string>>.Empty;
}
