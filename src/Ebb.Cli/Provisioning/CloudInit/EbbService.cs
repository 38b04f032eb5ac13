using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>How Ebb's controller and join server are started on a control-plane machine.</summary>
internal static class EbbService
{
    public static string Command(ClusterFile cluster, ResourceNames names) =>
        "/usr/local/bin/ebb run --kubeconfig /etc/ebb/kubeconfig";
}
