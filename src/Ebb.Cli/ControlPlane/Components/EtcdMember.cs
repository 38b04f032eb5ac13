namespace Ebb.Cli.ControlPlane.Components;

/// <summary>The store: one member, or three of which one may be gone.</summary>
internal static class EtcdMember
{
    public const string Binary = "etcd";

    public static IEnumerable<ComponentSpec> Specify(ControlPlaneShape shape) =>
        shape.Ports.Etcd.Select((_, index) => Specify(shape, index));

    /// <summary>One member alone is plainly <c>etcd</c>.</summary>
    public static string NameOf(int index, int count) => count == 1 ? "etcd" : $"etcd-{index + 1}";

    public static string ClientUrl(ControlPlaneShape shape, int index) => Net.Https(shape.BindAddress, shape.Ports.Etcd[index].Client);

    public static string PeerUrl(ControlPlaneShape shape, int index) => Net.Https(shape.BindAddress, shape.Ports.Etcd[index].Peer);

    /// <summary>All members as <c>--initial-cluster</c> wants them.</summary>
    public static string InitialCluster(ControlPlaneShape shape)
    {
        var count = shape.Ports.Etcd.Length;
        return string.Join(',', Enumerable.Range(0, count).Select(index => $"{NameOf(index, count)}={PeerUrl(shape, index)}"));
    }

    private static ComponentSpec Specify(ControlPlaneShape shape, int index)
    {
        var ports = shape.Ports.Etcd[index];
        var paths = shape.Paths;
        var name = NameOf(index, shape.Ports.Etcd.Length);
        var (client, peer) = (ClientUrl(shape, index), PeerUrl(shape, index));
        return new ComponentSpec
        {
            Name = name,
            Binary = Binary,
            Version = shape.Etcd,
            Stage = StartStage.Store,
            Data = paths.EtcdData(name),
            Ports = [ports.Client, ports.Peer],
            Files =
            [
                paths.Pki("etcd/ca.crt"), paths.Pki("etcd/server.crt"), paths.Pki("etcd/server.key"),
                paths.Pki("etcd/peer.crt"), paths.Pki("etcd/peer.key"),
                paths.Pki("etcd/healthcheck-client.crt"), paths.Pki("etcd/healthcheck-client.key"),
            ],
            Health = new HealthProbe(
                shape.BindAddress, ports.Client, "/health", "\"health\":\"true\"",
                paths.Pki("etcd/ca.crt"), paths.Pki("etcd/healthcheck-client.crt"), paths.Pki("etcd/healthcheck-client.key")),
            Arguments = shape.Flags(
                Binary,
                $"--name={name}",
                $"--data-dir={paths.EtcdData(name)}",
                $"--listen-client-urls={client}",
                $"--advertise-client-urls={client}",
                $"--listen-peer-urls={peer}",
                $"--initial-advertise-peer-urls={peer}",
                $"--initial-cluster={InitialCluster(shape)}",
                $"--initial-cluster-token={shape.EtcdToken}",
                "--initial-cluster-state=new",
                $"--cert-file={paths.Pki("etcd/server.crt")}",
                $"--key-file={paths.Pki("etcd/server.key")}",
                $"--trusted-ca-file={paths.Pki("etcd/ca.crt")}",
                "--client-cert-auth=true",
                $"--peer-cert-file={paths.Pki("etcd/peer.crt")}",
                $"--peer-key-file={paths.Pki("etcd/peer.key")}",
                $"--peer-trusted-ca-file={paths.Pki("etcd/ca.crt")}",
                "--peer-client-cert-auth=true",
                "--snapshot-count=10000",
                // Members that share cores and a disk are late now and then: that is no reason for an election.
                shape.Ports.Etcd.Length > 1 ? "--heartbeat-interval=250" : null,
                shape.Ports.Etcd.Length > 1 ? "--election-timeout=2500" : null,
                "--log-level=warn",
                // The other logger of 3.4 writes no level and no time zone; from 3.5 on there is only this one.
                shape.Etcd.AtLeast(3, 5) ? null : "--logger=zap",
                shape.Etcd.AtLeast(3, 5) ? null : "--enable-v2=false",
                shape.Etcd.AtLeast(3, 6) ? "--feature-gates=InitialCorruptCheck=true" : "--experimental-initial-corrupt-check=true",
                ProgressNotify(shape.Etcd)),
        };
    }

    // The API server answers consistent reads from its cache only if etcd tells regularly how far it is.
    private static string? ProgressNotify(ReleaseVersion etcd) => etcd switch
    {
        _ when etcd.AtLeast(3, 6) => "--watch-progress-notify-interval=5s",
        _ when etcd.AtLeast(3, 5, 8) => "--experimental-watch-progress-notify-interval=5s",
        _ => null,
    };
}
