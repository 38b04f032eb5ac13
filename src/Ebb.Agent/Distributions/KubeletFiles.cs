using System.Net;

namespace Ebb.Agent.Distributions;

/// <summary>The files of a kubelet and its container runtime.</summary>
internal static class KubeletFiles
{
    private const string Cri = "plugins.\"io.containerd.grpc.v1.cri\"";

    public static string Kubeconfig(string server, string authority, string token) =>
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: cluster
          cluster:
            server: {Text.Quoted(server)}
            certificate-authority: {authority}
        users:
        - name: joining
          user:
            token: {Text.Quoted(token)}
        contexts:
        - name: joining
          context:
            cluster: cluster
            user: joining
        current-context: joining

        """;

    /// <summary>The kubelet's configuration, in the one version that every release knows.</summary>
    public static string Configuration(string authority, ImageFacts image, Version release) =>
        // Only the API server, and whom it vouches for. And how soon a new node says that it is ready: what has not changed is sent
        // every five minutes, however often it is looked at. That is the usual, but not where the other frequency is given.
        $"""
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        authentication:
          anonymous:
            enabled: false
          webhook:
            enabled: true
          x509:
            clientCAFile: {authority}
        authorization:
          mode: Webhook
        cgroupDriver: {image.CgroupDriver}
        clusterDomain: cluster.local
        failSwapOn: false
        rotateCertificates: true
        nodeStatusUpdateFrequency: 2s
        nodeStatusReportFrequency: 5m

        """
        + (image.RestrictOomScore ? "oomScoreAdj: 0\n" : "")

        // Later releases refuse hosts with the old control groups unless told otherwise.
        + (release >= new Version(1, 31) ? "failCgroupV1: false\n" : "");

    public static string Containerd(ImageFacts image) =>
        $"version = 2\n\n[{Cri}]\n"
        + (image.PauseImage is { } pause ? $"  sandbox_image = {Text.Quoted(pause)}\n" : "")
        + $"  restrict_oom_score_adj = {(image.RestrictOomScore ? "true" : "false")}\n"
        + $"\n[{Cri}.cni]\n  bin_dir = \"/usr/lib/cni\"\n  conf_dir = \"/etc/cni/net.d\"\n"
        + $"\n[{Cri}.containerd.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n"
        + $"\n[{Cri}.containerd.runtimes.runc.options]\n  SystemdCgroup = {(image.CgroupDriver == "systemd" ? "true" : "false")}\n";

    /// <summary>The unit, which nothing enables: the agent starts it.</summary>
    public static string Unit(Version release)
    {
        // Up to 1.23 the kubelet's own choice was Docker; from 1.27 on it does not know the flag.
        var runtime = release >= new Version(1, 24) ? "" : "--container-runtime=remote ";
        return
            $"""
            [Unit]
            Description=Kubernetes node agent
            After=containerd.service network-online.target
            Wants=containerd.service

            [Service]
            EnvironmentFile=/etc/default/kubelet
            # A built-in credential provider of old releases would ask another cloud's metadata service who it is.
            Environment=AWS_EC2_METADATA_DISABLED=true
            ExecStart=/usr/local/bin/kubelet --config=/var/lib/kubelet/config.yaml --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf {runtime}--container-runtime-endpoint=unix:///run/containerd/containerd.sock $EBB_NODE
            Restart=always
            RestartSec=2
            KillMode=process

            """;
    }

    /// <summary>A bridge for the machine's pods.</summary>
    public static string PodNetwork(IPAddress machine) =>
        $$"""
        {
          "cniVersion": "0.4.0",
          "name": "pods",
          "plugins": [
            {
              "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
              "ipam": { "type": "host-local", "ranges": [[{ "subnet": "{{PodSubnet(machine)}}" }]], "routes": [{ "dst": "0.0.0.0/0" }] }
            },
            { "type": "portmap", "capabilities": { "portMappings": true } }
          ]
        }

        """;

    // Pods have 128 addresses in the upper half of 10.0.0.0/8, by the last half of the machine's own; below 10.240.0.0.
    private static string PodSubnet(IPAddress machine)
    {
        const int Parts = (240 - 128) * 65536 / 128;
        var bytes = machine.GetAddressBytes();
        var first = ((bytes[2] << 8) + bytes[3]) % Parts * 128;
        return $"10.{128 + (first >> 16)}.{(first >> 8) & 255}.{first & 255}/25";
    }
}
