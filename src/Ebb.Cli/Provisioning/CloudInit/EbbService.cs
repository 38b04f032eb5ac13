using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>How Ebb's controller and join server are started on a control-plane machine. What is not said here lies where both expect it.</summary>
internal static class EbbService
{
    public static string Command(ClusterFile cluster, ResourceNames names)
    {
        List<string> words = ["/usr/local/bin/ebb", "run", "--kubeconfig", "/etc/ebb/kubeconfig", "--join-listen", $"0.0.0.0:{ResourceNames.JoinPort}"];
        foreach (var index in names.ControlPlane)
        {
            words.AddRange(["--join-server", $"https://{names.ControlPlaneAddress(index)}:{ResourceNames.ApiPort}"]);
        }

        if (cluster.Kubernetes.Version is { } version)
        {
            words.AddRange(["--join-version", version]);
        }

        words.AddRange(cluster.Kubernetes.Distribution is Distribution.K3s
            ? ["--join-agent-token", "/etc/ebb/k3s/agent-token"]
            : ["--join-distribution", "kubelet"]);
        return string.Join(' ', words);
    }
}
