using System.Collections.Immutable;
using System.Text;
using Ebb.Cli.ControlPlane.Components;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Ebb.Cli.Provisioning;

/// <summary>Composes what cloud-init does on a machine at its first boot: the files of a node, and one script that joins it.</summary>
internal static class UserData
{
    public const string Authority = "/etc/kubernetes/pki/ca.crt";

    // What the cloud takes as custom data, before it is encoded.
    private const int MostBytes = 65_535;

    private const string Secret = "0600";
    private const string Program = "0755";

    private static readonly ISerializer Yaml = new SerializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance)
        .ConfigureDefaultValuesHandling(DefaultValuesHandling.OmitNull)
        .WithQuotingNecessaryStrings()
        .DisableAliases()
        .WithNewLine("\n")
        .Build();

    /// <exception cref="EbbException">It is larger than the cloud takes.</exception>
    public static string Compose(NodeSetup setup)
    {
        var config = new CloudConfig
        {
            WriteFiles =
            [
                new(Authority, setup.AuthorityPem),
                new("/etc/kubernetes/bootstrap-kubelet.conf", BootstrapKubeconfig(setup)) { Permissions = Secret },
                new("/var/lib/kubelet/config.yaml", KubeletConfiguration.Compose(setup)),
                new("/etc/containerd/config.toml", Containerd(setup.Runtime)),
                new("/etc/systemd/system/kubelet.service", KubeletUnit(setup.Kubernetes)),
                new("/usr/local/lib/ebb/join", Resource("join.sh")) { Permissions = Program },
            ],
            Runcmd =
            [
                [
                    "env", $"EBB_LABELS={Labels(setup)}", $"EBB_TAINTS={string.Join(',', setup.Taints)}", $"EBB_IMAGES={setup.Runtime.ImageArchives}",
                    "/usr/local/lib/ebb/join",
                ],
            ],
        };
        var text = "#cloud-config\n" + Yaml.Serialize(config);
        var bytes = Encoding.UTF8.GetByteCount(text);
        return bytes <= MostBytes
            ? text
            : throw new EbbException($"The user data of pool '{setup.Pool}' has {bytes} bytes, and the cloud takes {MostBytes}. Give it fewer labels and taints.");
    }

    private static string Labels(NodeSetup setup) =>
        string.Join(',', setup.Labels.SetItem("ebb.dev/pool", setup.Pool).Select(label => $"{label.Key}={label.Value}"));

    private static string BootstrapKubeconfig(NodeSetup setup) =>
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: cluster
          cluster:
            server: {setup.Server.GetLeftPart(UriPartial.Authority)}
            certificate-authority: {Authority}
        users:
        - name: joining
          user:
            token: {setup.Token.Text}
        contexts:
        - name: joining
          context:
            cluster: cluster
            user: joining
        current-context: joining

        """;

    private static string Containerd(NodeRuntime runtime)
    {
        const string cri = "plugins.\"io.containerd.grpc.v1.cri\"";
        var text = new StringBuilder($"version = 2\n\n[{cri}]\n");
        if (runtime.PauseImage is { } pause)
        {
            text.Append($"  sandbox_image = \"{pause}\"\n");
        }

        text.Append($"  restrict_oom_score_adj = {(runtime.RestrictOomScore ? "true" : "false")}\n");
        text.Append($"\n[{cri}.cni]\n  bin_dir = \"/usr/lib/cni\"\n  conf_dir = \"/etc/cni/net.d\"\n");
        text.Append($"\n[{cri}.containerd.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n");
        text.Append($"\n[{cri}.containerd.runtimes.runc.options]\n  SystemdCgroup = {(runtime.CgroupDriver == "systemd" ? "true" : "false")}\n");
        return text.ToString();
    }

    private static string KubeletUnit(ReleaseVersion kubernetes)
    {
        // Up to 1.23 the kubelet's own choice was Docker; from 1.27 on it does not know the flag.
        var runtime = kubernetes.AtLeast(1, 24) ? "" : "--container-runtime=remote ";
        return
            $"""
            [Unit]
            Description=Kubernetes node agent
            After=containerd.service network-online.target
            Wants=containerd.service
            ConditionPathExists=/etc/default/kubelet

            [Service]
            EnvironmentFile=/etc/default/kubelet
            # A built-in credential provider of old releases would ask another cloud's metadata service who it is.
            Environment=AWS_EC2_METADATA_DISABLED=true
            ExecStart=/usr/local/bin/kubelet --config=/var/lib/kubelet/config.yaml --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf {runtime}--container-runtime-endpoint=unix:///run/containerd/containerd.sock $EBB_NODE
            Restart=always
            RestartSec=2
            KillMode=process

            [Install]
            WantedBy=multi-user.target

            """;
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(UserData).Assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private sealed class CloudConfig
    {
        public required ImmutableArray<WrittenFile> WriteFiles { get; init; }

        public required ImmutableArray<ImmutableArray<string>> Runcmd { get; init; }
    }

    private sealed record WrittenFile(
        string Path, [property: YamlMember(ScalarStyle = ScalarStyle.Literal)] string Content)
    {
        [YamlMember(ScalarStyle = ScalarStyle.DoubleQuoted)]
        public string? Permissions { get; init; }
    }
}
