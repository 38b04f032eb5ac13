using System.Net;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Cli.ControlPlane;

/// <summary>Derives specifications and certificates from what was chosen and what was settled.</summary>
internal static class Shaping
{
    public static ControlPlaneShape Shape(ControlPlaneOptions options, ComponentPaths paths, ClusterRecord record, Versions versions) => new()
    {
        Kubernetes = versions.Kubernetes,
        Etcd = versions.Etcd,
        Paths = paths,
        Ports = record.Ports,
        EtcdToken = record.EtcdToken,
        BindAddress = options.BindAddress,
        AdvertiseAddress = options.AdvertiseAddress ?? options.BindAddress,
        ClusterName = options.ClusterName,
        PodRange = options.PodRange,
        ServiceRange = options.ServiceRange ?? ControlPlaneShape.UsualServiceRange,
        ExtraFlags = options.ExtraFlags,
    };

    public static Uri Address(ControlPlaneOptions options, ClusterRecord record) =>
        new(Net.Https(options.PublicAddress ?? options.BindAddress, record.Ports.Api));

    public static PkiOptions Pki(ControlPlaneOptions options, ControlPlaneShape shape, Uri address) => new()
    {
        ClusterName = options.ClusterName,
        Server = address,
        LocalServer = new Uri(Net.Https(shape.BindAddress, shape.Ports.Api)),
        KubernetesVersion = new Version(shape.Kubernetes.Major, shape.Kubernetes.Minor),
        ApiServerHosts = [shape.BindAddress, shape.AdvertiseAddress, .. options.Names],
        EtcdMembers = [.. shape.Ports.Etcd.Select((_, index) => EtcdMember.NameOf(index, shape.Ports.Etcd.Length))],
        EtcdHosts = [shape.BindAddress],
        ServiceAddress = First(shape.ServiceRange),
        KeyAlgorithm = options.KeyAlgorithm,
    };

    /// <summary>The first address of a range, which Kubernetes gives to the API server.</summary>
    private static IPAddress First(string range)
    {
        var bytes = IPNetwork.Parse(range).BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes);
    }
}
