using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>Runtimes other than the one that k3s brings, and what GPUs need.</summary>
internal static class ContainerRuntimes
{
    // Merged with k3s' other files of this directory.
    private const string K3sChoice = "/etc/rancher/k3s/config.yaml.d/20-runtime.yaml";

    // In TOML. k3s' own containerd is told the same by k3s; others look elsewhere, and find no network for pods for ever. The directory of
    // plugins is the same for every release that CRI-O is let run with.
    private const string CriOSettings = "/etc/crio/crio.conf.d/20-ebb.conf";

    private const string CriONetwork =
        """
        [crio.network]
        network_dir = "/var/lib/rancher/k3s/agent/etc/cni/net.d"
        plugin_dirs = ["/var/lib/rancher/k3s/data/cni"]

        """;

    // Images of k3s' own pods are named without a registry, which CRI-O does not take for Docker's by itself. Read after the package's own
    // crio.conf, by its name, and in its place where both say something.
    private const string CriORegistries = "/etc/containers/registries.conf.d/ebb.conf";

    /// <summary>What k3s and the runtime are told of each other.</summary>
    public static void Configure(CloudConfig config, ClusterFile cluster, ResourceNames names)
    {
        switch (cluster.Options.ContainerRuntime)
        {
            case ContainerRuntime.Docker:
                config.Write(K3sChoice, "docker: true\n");
                break;
            case ContainerRuntime.CriO:
                config.Write(K3sChoice, "container-runtime-endpoint: unix:///var/run/crio/crio.sock\n");
                config.Write(CriOSettings, CriONetwork);
                config.Write(CriORegistries, "unqualified-search-registries = [\"docker.io\"]\n" + (cluster.AddOns.Registry ? Registry.ForCriO(names) : ""));
                break;
        }
    }

    /// <summary>The runtime itself, where it is not in the image.</summary>
    public static void Install(CloudConfig config, ClusterFile cluster)
    {
        switch (cluster.Options.ContainerRuntime)
        {
            case ContainerRuntime.Docker:
                Package(config, cluster, "docker.io");
                if (cluster.AddOns.Registry)
                {
                    // The image may have one that runs since before it was told.
                    config.Run("systemctl", "try-restart", "docker");
                }

                break;
            case ContainerRuntime.CriO:
                CriO(config, cluster);
                break;
            case ContainerRuntime.Containerd when cluster.Kubernetes.Distribution is Distribution.Kubelet:
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
