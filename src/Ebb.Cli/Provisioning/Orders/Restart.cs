using System.Collections.Immutable;
using Ebb.Cli.Provisioning.CloudInit;

namespace Ebb.Cli.Provisioning.Orders;

/// <summary>What on a control-plane machine has to be started anew when a file changes. Machines are told with each file, and know no paths.</summary>
internal static class Restart
{
    /// <summary><c>k3s.service</c>; its containers run on.</summary>
    public const string K3s = "k3s";

    /// <summary><c>ebb.service</c>: controller and join server.</summary>
    public const string Ebb = "ebb";

    /// <summary>systemd reads its units again.</summary>
    public const string Units = "units";

    public const string Ssh = "ssh";

    public const string Fail2Ban = "fail2ban";

    /// <summary>The kernel's settings are put in force.</summary>
    public const string Kernel = "kernel";

    /// <summary>Debian's packages are installed.</summary>
    public const string Packages = "packages";

    /// <summary>The machine joins its Tailscale network with another key.</summary>
    public const string Tailscale = "tailscale";

    /// <summary>CRI-O, or what it knows of registries; its containers run on.</summary>
    public const string CriO = "crio";

    /// <summary>Docker reads its settings again, and its containers run on.</summary>
    public const string Docker = "docker";

    /// <returns>Nothing for what is read whenever it is used: programs of the next start, manifests, files that the join server serves.</returns>
    public static ImmutableArray<string> Of(string path) => path switch
    {
        "/usr/local/bin/ebb" or "/usr/local/lib/ebb/run" or "/etc/ebb/kubeconfig" => [Ebb],
        "/etc/ebb/k3s/agent-token" => [K3s, Ebb],
        AirGap.AttestationRootsFile => [],
        "/etc/systemd/system/ebb.service" => [Units, Ebb],
        "/etc/sysctl.d/90-ebb.conf" => [Kernel],
        "/usr/local/bin/k3s" => [K3s],
        "/etc/ebb/tailscale.key" => [Tailscale],
        _ when Below(path, "/var/lib/ebb/packages/") => [Packages],
        _ when Below(path, "/etc/ebb/join/") => [Ebb],
        _ when Below(path, "/etc/ebb/k3s/") || Below(path, "/etc/rancher/k3s/") || Below(path, "/var/lib/rancher/k3s/agent/images/") => [K3s],
        _ when Below(path, "/etc/crio/") || Below(path, "/etc/containers/") => [CriO],
        _ when Below(path, "/etc/systemd/system/docker.service.d/") => [Units, Docker],
        _ when Below(path, "/etc/systemd/system/ssh.socket.d/") => [Units, Ssh],
        _ when Below(path, "/etc/systemd/system/") => [Units],
        _ when Below(path, "/etc/ssh/") => [Ssh],
        _ when Below(path, "/etc/fail2ban/") => [Fail2Ban],
        _ => [],
    };

    private static bool Below(string path, string directory) => path.StartsWith(directory, StringComparison.Ordinal);
}
