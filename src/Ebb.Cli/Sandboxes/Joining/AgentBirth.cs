using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Sandbox.Certificates;

namespace Ebb.Cli.Sandboxes.Joining;

/// <summary>
/// With what machines of a sandbox join its cluster: the join server's keys, the agent's program, and what machines are told at their
/// birth, which holds no secret.
/// </summary>
internal sealed class AgentBirth(string directory, Uri joinServer)
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode SecretDirectory = Secret | UnixFileMode.UserExecute;

    private string? _told;

    public string AuthorityFile => Path.Combine(directory, "ca.crt");

    public string CertificateFile => Path.Combine(directory, "server.crt");

    public string KeyFile => Path.Combine(directory, "server.key");

    public string RootsFile => Path.Combine(directory, "attestation-roots.pem");

    public string AuditFile => Path.Combine(directory, "audit.jsonl");

    public string AgentsDirectory => Path.Combine(directory, "agents");

    /// <summary>Processors as the agent's programs are named after them.</summary>
    public static string Architecture => RuntimeInformation.OSArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    /// <summary>Makes keys and files anew: machines of before are gone with the world that they were in.</summary>
    /// <param name="agents">Where <c>ebb-agent-amd64</c> or <c>ebb-agent-arm64</c> is.</param>
    /// <param name="attestationRoots">Whose word about machines counts, PEM.</param>
    public async Task MakeAsync(string agents, string attestationRoots, TimeProvider time, CancellationToken ct)
    {
        Remove();
        Directory.CreateDirectory(AgentsDirectory, SecretDirectory);
        File.SetUnixFileMode(directory, SecretDirectory);
        using var authority = Authority.Create("ebb sandbox join servers", time);
        using var server = authority.IssueServer("join server", [], [System.Net.IPAddress.Parse(joinServer.Host)]);
        await WriteAsync(AuthorityFile, authority.CertificatePem, ct);
        await WriteAsync(CertificateFile, server.ExportCertificatePem() + "\n", ct);
        await WriteAsync(KeyFile, Authority.KeyPem(server), ct);
        await WriteAsync(RootsFile, attestationRoots, ct);
        var agent = Path.Combine(AgentsDirectory, Architecture);
        File.Copy(Path.Combine(agents, $"ebb-agent-{Architecture}"), agent);
        await using var program = File.OpenRead(agent);
        _told = Compose(PoolConfig.Pin(authority.CertificatePem), Convert.ToHexStringLower(await SHA256.HashDataAsync(program, ct)));
    }

    /// <summary>Nothing of it is left; who had joined stays joined.</summary>
    public void Remove()
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What machines are made with, as the cloud takes it.</summary>
    public string CustomData => Convert.ToBase64String(Encoding.UTF8.GetBytes(
        _told ?? throw new InvalidOperationException("There are no keys yet with which machines could join.")));

    private string Compose(string pin, string agentHash)
    {
        var configuration = new JsonObject
        {
            ["servers"] = new JsonArray(joinServer.GetLeftPart(UriPartial.Authority)),
            ["authority"] = pin,
            ["distribution"] = "kubelet",
            ["agents"] = new JsonObject { [Architecture] = agentHash },
        };
        var config = new CloudConfig();
        config.Write("/etc/ebb/agent.json", configuration.ToJsonString(ControlPlaneConfig.Written) + "\n");
        config.Write("/usr/local/lib/ebb/fetch-agent", Texts.Read("fetch-agent.py"), MachineBasics.Program);
        config.Write("/etc/systemd/system/ebb-agent.service", Texts.Read("ebb-agent.service"));
        config.Run("systemctl", "daemon-reload");
        config.Run("systemctl", "enable", "ebb-agent");
        config.Run("systemctl", "start", "--no-block", "ebb-agent");
        return config.ToText();
    }

    private static async Task WriteAsync(string path, string content, CancellationToken ct)
    {
        await using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Secret });
        await stream.WriteAsync(Encoding.UTF8.GetBytes(content), ct);
    }
}
