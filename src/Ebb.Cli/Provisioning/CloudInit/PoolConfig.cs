using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>
/// What a machine of a pool is told at its birth: where to ask to join, by what to know that it speaks with the right server, and
/// the hash of the program that does it. Nothing of it is secret, and none of it makes anyone a node.
/// </summary>
internal static class PoolConfig
{
    public static string Compose(ClusterFile cluster, ResourceNames names, RenderInputs inputs, PoolScaleSet set)
    {
        var traits = inputs.TraitsOf(set.Pool.Size);
        var config = MachineBasics.Begin(cluster, names, traits);
        config.Write("/etc/ebb/agent.json", Configuration(cluster, names, inputs, set, traits.Architecture));
        config.Write("/usr/local/lib/ebb/fetch-agent", Texts.Read("fetch-agent.py"), MachineBasics.Program);
        config.Write("/etc/systemd/system/ebb-agent.service", Texts.Read("ebb-agent.service"));
        MachineBasics.Guard(config, cluster.Kubernetes.Distribution is Distribution.K3s ? "k3s-agent.service" : "kubelet.service");
        MachineBasics.Prepare(config, cluster, traits);
        if (cluster.Options.Nvidia && !cluster.Options.AirGapped && traits.Gpus > 0)
        {
            ContainerRuntimes.InstallNvidia(config);
        }

        config.Run("systemctl", "enable", "ebb-agent");
        config.Run("systemctl", "start", "--no-block", "ebb-agent");
        return config.ToText();
    }

    /// <summary>SHA-256 of a certificate, as machines are told it.</summary>
    /// <exception cref="EbbException">It is no certificate.</exception>
    public static string Pin(string pem)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            return $"sha256:{Convert.ToHexStringLower(SHA256.HashData(certificate.RawData))}";
        }
        catch (CryptographicException e)
        {
            throw new EbbException($"The join server's authority is no readable certificate: {e.Message} Restore it from a backup.", e);
        }
    }

    private static string Configuration(ClusterFile cluster, ResourceNames names, RenderInputs inputs, PoolScaleSet set, string architecture)
    {
        if (!inputs.AgentHashes.ContainsKey(architecture))
        {
            throw new EbbException(
                $"Pool '{set.Pool.Name}' has machines of {architecture} ('{set.Pool.Size}'), and there is no 'ebb-agent' for those. Build it, or take another size.");
        }

        var configuration = new JsonObject
        {
            ["servers"] = Arm.Strings(names.JoinServers),
            ["authority"] = Pin(inputs.JoinAuthorityPem),
            ["pool"] = set.Pool.Name,
            ["distribution"] = cluster.Kubernetes.Distribution is Distribution.K3s ? "k3s" : "kubelet",
            ["agents"] = new JsonObject(inputs.AgentHashes.Select(agent => KeyValuePair.Create(agent.Key, (JsonNode?)agent.Value))),
        };
        var files = AirGap.For(cluster, inputs, architecture);
        if (!files.IsEmpty)
        {
            configuration["files"] = Arm.Objects(files.Select(file => new JsonObject
            {
                ["name"] = file.Name,
                ["to"] = file.To,
                ["mode"] = file.Mode,
                ["sha256"] = file.Hash,
            }));
        }

        return configuration.ToJsonString(ControlPlaneConfig.Written) + "\n";
    }
}
