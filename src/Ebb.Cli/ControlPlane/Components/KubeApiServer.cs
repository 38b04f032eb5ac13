namespace Ebb.Cli.ControlPlane.Components;

/// <summary>The Kubernetes API. Its flags here are accepted by every release from 1.20 on.</summary>
internal static class KubeApiServer
{
    public const string Name = "kube-apiserver";

    public static ComponentSpec Specify(ControlPlaneShape shape)
    {
        var paths = shape.Paths;
        return new ComponentSpec
        {
            Name = Name,
            Binary = Name,
            Version = shape.Kubernetes,
            Stage = StartStage.Api,
            Ports = [shape.Ports.Api],
            Files =
            [
                paths.Pki("ca.crt"), paths.Pki("apiserver.crt"), paths.Pki("apiserver.key"),
                paths.Pki("etcd/ca.crt"), paths.Pki("apiserver-etcd-client.crt"), paths.Pki("apiserver-etcd-client.key"),
                paths.Pki("apiserver-kubelet-client.crt"), paths.Pki("apiserver-kubelet-client.key"),
                paths.Pki("front-proxy-ca.crt"), paths.Pki("front-proxy-client.crt"), paths.Pki("front-proxy-client.key"),
                paths.Pki("sa.pub"), paths.Pki("sa.key"), paths.Encryption, paths.AuditPolicy,
            ],
            Health = new HealthProbe(shape.BindAddress, shape.Ports.Api, "/readyz", "ok", paths.Pki("ca.crt"), null, null),
            Arguments = shape.Flags(
                Name,
                $"--bind-address={shape.BindAddress}",
                $"--secure-port={shape.Ports.Api}",
                $"--advertise-address={shape.AdvertiseAddress}",
                // It refuses to keep endpoints of 'kubernetes' that are loopback.
                Net.IsLoopback(shape.AdvertiseAddress) ? "--endpoint-reconciler-type=none" : null,
                "--allow-privileged=true",
                "--authorization-mode=Node,RBAC",
                $"--client-ca-file={paths.Pki("ca.crt")}",
                $"--tls-cert-file={paths.Pki("apiserver.crt")}",
                $"--tls-private-key-file={paths.Pki("apiserver.key")}",
                "--enable-admission-plugins=NodeRestriction",
                "--enable-bootstrap-token-auth=true",
                $"--etcd-servers={string.Join(',', shape.Ports.Etcd.Select((_, index) => EtcdMember.ClientUrl(shape, index)))}",
                $"--etcd-cafile={paths.Pki("etcd/ca.crt")}",
                $"--etcd-certfile={paths.Pki("apiserver-etcd-client.crt")}",
                $"--etcd-keyfile={paths.Pki("apiserver-etcd-client.key")}",
                $"--kubelet-client-certificate={paths.Pki("apiserver-kubelet-client.crt")}",
                $"--kubelet-client-key={paths.Pki("apiserver-kubelet-client.key")}",
                "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                $"--service-account-key-file={paths.Pki("sa.pub")}",
                $"--service-account-signing-key-file={paths.Pki("sa.key")}",
                $"--service-cluster-ip-range={shape.ServiceRange}",
                $"--requestheader-client-ca-file={paths.Pki("front-proxy-ca.crt")}",
                "--requestheader-allowed-names=front-proxy-client",
                "--requestheader-username-headers=X-Remote-User",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                $"--proxy-client-cert-file={paths.Pki("front-proxy-client.crt")}",
                $"--proxy-client-key-file={paths.Pki("front-proxy-client.key")}",
                $"--encryption-provider-config={paths.Encryption}",
                $"--audit-policy-file={paths.AuditPolicy}",
                $"--audit-log-path={paths.Audit}",
                "--audit-log-maxsize=10",
                "--audit-log-maxbackup=2"),
        };
    }
}
