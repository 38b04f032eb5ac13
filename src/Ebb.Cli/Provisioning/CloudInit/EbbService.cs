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
            .. names.ControlPlane.Select(index => $"--join-server https://{names.ControlPlaneAddress(index)}:{ResourceNames.ApiPort}"),
        ];
        if (cluster.Kubernetes.Distribution is Distribution.K3s)
        {
            lines.Insert(2, "# Machines run the release that this one runs, also after that has changed.");
            lines.Insert(3, "release=$(k3s --version | awk '$1 == \"k3s\" && $2 == \"version\" { print $3 }')");
            lines.AddRange(["--join-agent-token /etc/ebb/k3s/agent-token", "--join-version \"$release\""]);
        }
        else
        {
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
