using YamlDotNet.Serialization;

namespace Ebb.Cli.Provisioning;

/// <summary>The kubelet's configuration file, in the one version that every release knows.</summary>
internal static class KubeletConfiguration
{
    public static string Compose(NodeSetup setup)
    {
        var config = new Dictionary<string, object>
        {
            ["apiVersion"] = "kubelet.config.k8s.io/v1beta1",
            ["kind"] = "KubeletConfiguration",

            // Only the API server, and whom it vouches for.
            ["authentication"] = new Dictionary<string, object>
            {
                ["anonymous"] = new Dictionary<string, object> { ["enabled"] = false },
                ["webhook"] = new Dictionary<string, object> { ["enabled"] = true },
                ["x509"] = new Dictionary<string, object> { ["clientCAFile"] = UserData.Authority },
            },
            ["authorization"] = new Dictionary<string, object> { ["mode"] = "Webhook" },
            ["cgroupDriver"] = setup.Runtime.CgroupDriver,
            ["clusterDomain"] = "cluster.local",
            ["failSwapOn"] = false,
            ["rotateCertificates"] = true,

            // How soon a new node says that it is ready. What has not changed is not sent, however often it is looked at.
            ["nodeStatusUpdateFrequency"] = "2s",
        };
        if (setup.Runtime.RestrictOomScore)
        {
            config["oomScoreAdj"] = 0;
        }

        if (setup.Kubernetes.AtLeast(1, 31))
        {
            // Later releases refuse hosts with the old control groups unless told otherwise.
            config["failCgroupV1"] = false;
        }

        return new SerializerBuilder().WithNewLine("\n").Build().Serialize(config);
    }
}
