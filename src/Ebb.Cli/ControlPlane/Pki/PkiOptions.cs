using System.Collections.Immutable;
using System.Net;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>What the certificates and kubeconfigs of one control plane must be made out to.</summary>
internal sealed record PkiOptions
{
    /// <summary>Names cluster and contexts in the kubeconfigs.</summary>
    public required string ClusterName { get; init; }

    /// <summary>Where clients reach the API server; its host is in the server's certificate too.</summary>
    public required Uri Server { get; init; }

    /// <summary>Where controller-manager and scheduler reach it; null for <see cref="Server"/>.</summary>
    public Uri? LocalServer { get; init; }

    /// <summary>The release that runs, for example 1.20: who belongs to which group differs between releases.</summary>
    public required Version KubernetesVersion { get; init; }

    /// <summary>More host names and IP addresses of the API server; localhost, loopback and the names within the cluster are always there.</summary>
    public ImmutableArray<string> ApiServerHosts { get; init; } = [];

    /// <summary>Names of the etcd members; all share one pair of certificates. The first is the common name.</summary>
    public ImmutableArray<string> EtcdMembers { get; init; } = ["etcd-0"];

    /// <summary>More host names and IP addresses of the etcd members; localhost and loopback are always there.</summary>
    public ImmutableArray<string> EtcdHosts { get; init; } = [];

    /// <summary>The first address of the service network: pods know the API server by it.</summary>
    public IPAddress ServiceAddress { get; init; } = IPAddress.Parse("10.96.0.1");

    public string ClusterDomain { get; init; } = "cluster.local";

    public KeyAlgorithm KeyAlgorithm { get; init; } = KeyAlgorithm.Ecdsa;
}

/// <summary>What kind of key is made. Keys that exist are kept whatever kind they are.</summary>
internal enum KeyAlgorithm
{
    /// <summary>On the curve P-256.</summary>
    Ecdsa,

    /// <summary>Of 2048 bits, for clients that know nothing else.</summary>
    Rsa,
}
