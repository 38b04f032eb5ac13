namespace Ebb.Cli.ControlPlane.Components;

/// <summary>The scheduler, with its own defaults.</summary>
internal static class KubeScheduler
{
    public const string Name = "kube-scheduler";

    public static ComponentSpec Specify(ControlPlaneShape shape)
    {
        var kubeconfig = shape.Paths.Kubeconfig("scheduler");
        return new ComponentSpec
        {
            Name = Name,
            Binary = Name,
            Version = shape.Kubernetes,
            Stage = StartStage.Control,
            Ports = [shape.Ports.Scheduler],
            Files = [kubeconfig],
            Health = new HealthProbe(shape.BindAddress, shape.Ports.Scheduler, "/healthz", "ok", null, null, null),
            Arguments = shape.Flags(
                Name,
                $"--bind-address={shape.BindAddress}",
                $"--secure-port={shape.Ports.Scheduler}",
                // As the controller manager's, a release later.
                shape.Kubernetes.AtLeast(1, 24) ? null : "--port=0",
                $"--kubeconfig={kubeconfig}",
                $"--authentication-kubeconfig={kubeconfig}",
                $"--authorization-kubeconfig={kubeconfig}",
                "--leader-elect=false"),
        };
    }
}
