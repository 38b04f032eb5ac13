using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>How Ebb's controller and join server are started on a control-plane machine. What is not said here lies where both expect it.</summary>
internal static class EbbService
{
    public static string Script(ClusterFile cluster, ResourceNames names)
    {
        List<string> lines =
        [
            "#!/bin/sh",
            "set -eu",
            "exec /usr/local/bin/ebb run --kubeconfig /etc/ebb/kubeconfig",
            $"--join-listen 0.0.0.0:{ResourceNames.JoinPort}",
        ];
        if (cluster.Kubernetes.Distribution is Distribution.K3s)
        {
            lines.Insert(2, "# Machines run the release that this one runs, also after that has changed.");
            lines.Insert(3, "release=$(k3s --version | awk '$1 == \"k3s\" && $2 == \"version\" { print $3 }')");

            // Its token has the hash of the authority that this server has, which others may not have while it is changed. From then on
            // k3s' agents know of all servers.
            lines.Insert(4, "own=$(awk '$1 == \"node-ip:\" { print $2 }' /etc/rancher/k3s/config.yaml.d/10-machine.yaml)");
            lines.AddRange([$"--join-server \"https://$own:{ResourceNames.ApiPort}\"", "--join-agent-token /etc/ebb/k3s/agent-token", "--join-version \"$release\""]);
        }
        else
        {
            lines.AddRange(names.ControlPlane.Select(index => $"--join-server https://{names.ControlPlaneAddress(index)}:{ResourceNames.ApiPort}"));
            lines.Add("--join-distribution kubelet");
            if (cluster.Kubernetes.Version is { } version)
            {
                lines.Add($"--join-version {version}");
            }
        }

        var first = lines.FindIndex(line => line.StartsWith("exec ", StringComparison.Ordinal));
        return string.Join('\n', lines[..first]) + "\n" + string.Join(" \\\n  ", lines[first..]) + "\n";
    }
}
