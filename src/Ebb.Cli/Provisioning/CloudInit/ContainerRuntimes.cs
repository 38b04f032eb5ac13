using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>Runtimes other than the one that k3s brings, and what GPUs need.</summary>
internal static class ContainerRuntimes
{
    // Merged with k3s' other files of this directory.
    private const string K3sChoice = "/etc/rancher/k3s/config.yaml.d/20-runtime.yaml";

    public static void Install(CloudConfig config, ClusterFile cluster)
    {
        var k3s = cluster.Kubernetes.Distribution is Distribution.K3s;
        switch (cluster.Options.ContainerRuntime)
        {
            case ContainerRuntime.Docker:
                config.Write(K3sChoice, "docker: true\n");
                Package(config, cluster, "docker.io");
                break;
            case ContainerRuntime.CriO:
                if (k3s)
                {
                    config.Write(K3sChoice, "container-runtime-endpoint: unix:///var/run/crio/crio.sock\n");
                }

                CriO(config, cluster);
                break;
            case ContainerRuntime.Containerd when !k3s:
                Package(config, cluster, "containerd");
                break;
        }
    }

    /// <summary>NVIDIA's driver and runtime, which k3s finds by itself when it starts.</summary>
    public static void InstallNvidia(CloudConfig config)
    {
        config.Write("/usr/local/lib/ebb/nvidia-install", Texts.Read("nvidia-install.sh"), MachineBasics.Program);
        config.Run("/usr/local/lib/ebb/nvidia-install");
    }

    private static void Package(CloudConfig config, ClusterFile cluster, string package)
    {
        if (!cluster.Options.AirGapped && !config.Packages.Contains(package))
        {
            config.Packages.Add(package);
        }
    }

    private static void CriO(CloudConfig config, ClusterFile cluster)
    {
        if (cluster.Options.AirGapped)
        {
            // It comes in the image, or among the files on the share.
            return;
        }

        // A runtime belongs to a minor release of Kubernetes.
        var release = ReleaseVersion.Find(cluster.Kubernetes.Version ?? cluster.Kubernetes.Channel + ".0")
            ?? throw new InvalidOperationException("The rules of the file let nothing pass that names no release.");
        config.Write("/usr/local/lib/ebb/crio-install", Texts.Read("crio-install.sh"), MachineBasics.Program);
        config.Run("/usr/local/lib/ebb/crio-install", $"v{release.Major}.{release.Minor}");
    }
}
