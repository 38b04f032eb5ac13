namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>The private registry on the first control-plane machine, and how machines find it.</summary>
internal static class Registry
{
    /// <summary>What images in it are called: <c>registry:5000/NAME</c>.</summary>
    public const string Host = "registry:5000";

    /// <summary>k3s' <c>registries.yaml</c>. Plain HTTP: nothing but this network reaches it.</summary>
    public static string ForMachines(ResourceNames names) =>
        $"""
        mirrors:
          "{Host}":
            endpoint:
              - "http://{names.ControlPlaneAddress(0)}:{ResourceNames.RegistryPort}"

        """;
}
