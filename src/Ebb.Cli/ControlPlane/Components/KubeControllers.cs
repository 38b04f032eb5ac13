namespace Ebb.Cli.ControlPlane.Components;

/// <summary>The controllers: Jobs, Deployments, node lifecycle, certificates of machines that join.</summary>
internal static class KubeControllers
{
    public const string Name = "kube-controller-manager";

    public static ComponentSpec Specify(ControlPlaneShape shape)
    {
        var paths = shape.Paths;
        var kubeconfig = paths.Kubeconfig("controller-manager");
        return new ComponentSpec
        {
            Name = Name,
            Binary = Name,
            Version = shape.Kubernetes,
            Stage = StartStage.Control,
            Ports = [shape.Ports.ControllerManager],
            Files = [kubeconfig, paths.Pki("ca.crt"), paths.Pki("ca-signing.crt"), paths.Pki("ca.key"), paths.Pki("front-proxy-ca.crt"), paths.Pki("sa.key")],
            Health = new HealthProbe(shape.BindAddress, shape.Ports.ControllerManager, "/healthz", "ok", null, null, null),
            Arguments = shape.Flags(
                Name,
                $"--bind-address={shape.BindAddress}",
                $"--secure-port={shape.Ports.ControllerManager}",
                NoInsecurePort(shape.Kubernetes),
                $"--kubeconfig={kubeconfig}",
                $"--authentication-kubeconfig={kubeconfig}",
                $"--authorization-kubeconfig={kubeconfig}",
                $"--client-ca-file={paths.Pki("ca.crt")}",
                $"--requestheader-client-ca-file={paths.Pki("front-proxy-ca.crt")}",
                $"--root-ca-file={paths.Pki("ca.crt")}",
                $"--service-account-private-key-file={paths.Pki("sa.key")}",
                $"--cluster-signing-cert-file={paths.Pki("ca-signing.crt")}",
                $"--cluster-signing-key-file={paths.Pki("ca.key")}",
                "--use-service-account-credentials=true",
                $"--controllers={Controllers(shape.Kubernetes)}",
                $"--cluster-name={shape.ClusterName}",
                // There is one: waiting for a lock that nobody else takes would only lengthen its restarts.
                "--leader-elect=false",
                shape.PodRange is null ? null : "--allocate-node-cidrs=true",
                shape.PodRange is null ? null : $"--cluster-cidr={shape.PodRange}",
                shape.PodRange is null ? null : $"--service-cluster-ip-range={shape.ServiceRange}"),
        };
    }

    // Serves all it knows to anyone unless it is told not to; inert from 1.22 on, unknown from 1.24 on.
    private static string? NoInsecurePort(ReleaseVersion kubernetes) => kubernetes.AtLeast(1, 23) ? null : "--port=0";

    // The two that bootstrap tokens need are off by default; 1.28 gave all of them longer names.
    private static string Controllers(ReleaseVersion kubernetes) =>
        kubernetes.AtLeast(1, 28) ? "*,bootstrap-signer-controller,token-cleaner-controller" : "*,bootstrapsigner,tokencleaner";
}
