using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>The private registry on the first control-plane machine, and how machines find it. Plain HTTP: nothing but this network reaches it.</summary>
internal static class Registry
{
    /// <summary>What images in it are called: <c>registry:5000/NAME</c>.</summary>
    public const string Host = "registry:5000";

    /// <summary>Read by k3s for its own containerd, and for no other runtime.</summary>
    public const string K3sFile = "/etc/rancher/k3s/registries.yaml";

    /// <summary>Before Docker starts, and when its settings are read again: it knows no other name of a registry, so that the name must lead there.</summary>
    public const string DockerUnit = "/etc/systemd/system/docker.service.d/10-ebb-registry.conf";

    private const string DockerProgram = "/usr/local/lib/ebb/docker-registry";

    /// <summary>What lets this runtime pull from it.</summary>
    public static void Announce(CloudConfig config, ClusterFile cluster, ResourceNames names)
    {
        switch (cluster.Options.ContainerRuntime)
        {
            case ContainerRuntime.Containerd:
                config.Write(
                    K3sFile,
                    $"""
                    mirrors:
                      "{Host}":
                        endpoint:
                          - "http://{names.ControlPlaneAddress(0)}:{ResourceNames.RegistryPort}"

                    """);
                break;
            case ContainerRuntime.Docker:
                config.Write(DockerProgram, Texts.Read("docker-registry.py"), MachineBasics.Program);
                config.Write(
                    DockerUnit,
                    $"""
                    [Service]
                    ExecStartPre=/usr/bin/python3 {DockerProgram} {names.ControlPlaneAddress(0)}
                    ExecReload=
                    ExecReload=/usr/bin/python3 {DockerProgram} {names.ControlPlaneAddress(0)}
                    ExecReload=/bin/kill -s HUP $MAINPID

                    """);
                break;
            case ContainerRuntime.CriO:
                // In the one file that says how CRI-O takes names.
                break;
        }
    }

    /// <summary>For <c>registries.conf.d</c>.</summary>
    public static string ForCriO(ResourceNames names) =>
        $"""

        [[registry]]
        prefix = "{Host}"
        location = "{names.ControlPlaneAddress(0)}:{ResourceNames.RegistryPort}"
        insecure = true

        """;
}
