using System.Collections.Immutable;
using System.Net;
using Ebb.Controller.Joining.Limits;
using Ebb.Controller.Joining.Proofs;
using Ebb.Joining;

namespace Ebb.Controller.Joining;

/// <summary>What a join server is and hands out. Paths are read again when their files change.</summary>
public sealed record JoinServerOptions
{
    public const string K3s = "k3s";

    public const string Kubelet = "kubelet";

    public required IPEndPoint Listen { get; init; }

    /// <summary>The authority that machines know by its hash, PEM; served to them.</summary>
    public required string AuthorityFile { get; init; }

    /// <summary>The server's own certificate, signed by that authority, PEM.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>Its key, PEM.</summary>
    public required string KeyFile { get; init; }

    /// <summary>Where the agent's programs are, <c>amd64</c> and <c>arm64</c>; null: none are served.</summary>
    public string? AgentsDirectory { get; init; }

    /// <summary>Further files for machines that reach nothing outside, served at <see cref="JoinPaths.Files"/>; null: none.</summary>
    public string? FilesDirectory { get; init; }

    /// <summary><see cref="K3s"/> or <see cref="Kubelet"/>. Default k3s.</summary>
    public string Distribution { get; init; } = K3s;

    /// <summary>The release that machines are to run; null: what is on them.</summary>
    public string? Version { get; init; }

    /// <summary>Where machines reach the API servers, this control plane's own first.</summary>
    public required ImmutableArray<Uri> Servers { get; init; }

    /// <summary>The authority of the API servers, PEM. For k3s exactly the file that it serves: its hash is in the token.</summary>
    public required string KubernetesAuthorityFile { get; init; }

    /// <summary>Who signs nodes' own certificates, PEM, so that nodes can prove themselves by these; null: they cannot.</summary>
    public string? NodeAuthorityFile { get; init; }

    /// <summary>k3s's agent token, for its releases without bootstrap tokens; null for others.</summary>
    public string? AgentTokenFile { get; init; }

    /// <summary>Roots that attested documents are traced to, and certificates between that cannot be fetched, PEM; null: the public roots of this machine.</summary>
    public string? AttestationRootsFile { get; init; }

    /// <summary>Whether the public roots count for as long as that file is not there. Default: it has to be.</summary>
    public bool AttestationRootsMayBeMissing { get; init; }

    /// <summary>Whose name signs attested documents. Default: that of Azure's public cloud.</summary>
    public string AttestationName { get; init; } = "metadata.azure.com";

    /// <summary>JSON with what every machine gets besides: mounts, and a key for Tailscale where their image has that; null, and while it is not there, for nothing. See <see cref="Handout"/>.</summary>
    public string? HandoutFile { get; init; }

    /// <summary>Where decisions are written down; null: standard output.</summary>
    public string? AuditFile { get; init; }

    /// <summary>Default: 4 a second for long, 40 at once. A machine that joins makes four requests.</summary>
    public Rate PerAddress { get; init; } = new(4, 40);

    /// <summary>Default: 400 a second for long, 4,000 at once.</summary>
    public Rate InTotal { get; init; } = new(400, 4000);

    /// <summary>Connections at a time; further ones are closed at once. Default 2048.</summary>
    public int MostConnections { get; init; } = 2048;

    /// <summary>Connections of one address at a time; further ones are closed at once. Default 32.</summary>
    public int MostConnectionsPerAddress { get; init; } = 32;

    /// <summary>Programs, and other files, that one address may fetch at a time, of 64 of each in all. Default 4: a machine fetches one.</summary>
    public int MostDownloadsPerAddress { get; init; } = 4;

    /// <summary>Nonces out at a time. Default 20,000, 16 to one address.</summary>
    public int MostNonces { get; init; } = 20_000;

    public int MostNoncesPerAddress { get; init; } = 16;

    /// <summary>How long a nonce is good. Default 5 min.</summary>
    public TimeSpan NonceLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a machine has, once admitted, to become a node. Default 10 min.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromMinutes(10);

    public IEnumerable<string> Problems()
    {
        if (Distribution is not (K3s or Kubelet))
        {
            yield return $"--join-distribution is '{Distribution}'; give {K3s} or {Kubelet}.";
        }

        if (Servers.IsDefaultOrEmpty || Servers.Any(server => server.Scheme != Uri.UriSchemeHttps))
        {
            yield return "--join-server must name at least one API server as machines reach it, https://ADDRESS:6443.";
        }

        if (PerAddress.PerSecond <= 0 || PerAddress.Burst < 4 || InTotal.PerSecond <= 0 || InTotal.Burst < PerAddress.Burst)
        {
            yield return "the limits on requests must let one machine through, which makes four, and all together as many as one.";
        }

        if (MostConnections < 1 || MostConnectionsPerAddress < 1 || MostDownloadsPerAddress < 1 || MostNonces < 1 || MostNoncesPerAddress < 1)
        {
            yield return "connections, downloads and nonces must be at least 1 each.";
        }

        if (NonceLifetime < TimeSpan.FromSeconds(30) || NonceLifetime > TimeSpan.FromHours(1))
        {
            yield return $"a nonce's life is {NonceLifetime}; it must be from 30 seconds to an hour.";
        }

        if (TokenLifetime < TimeSpan.FromMinutes(1) || TokenLifetime > TimeSpan.FromHours(1))
        {
            yield return $"a token's life is {TokenLifetime}; it must be from a minute to an hour.";
        }

        if (Distribution == K3s && !JoinTokens.HasBootstrapTokens(Version) && AgentTokenFile is null)
        {
            yield return $"k3s {Version} has no bootstrap tokens: name the file with its agent token with --join-agent-token.";
        }

        foreach (var path in Files())
        {
            if (path is not null && !File.Exists(path))
            {
                yield return $"'{path}' is not there.";
            }
        }

        foreach (var path in (string?[])[AgentsDirectory, FilesDirectory])
        {
            if (path is not null && !Directory.Exists(path))
            {
                yield return $"'{path}' is no directory.";
            }
        }
    }

    /// <summary>What Azure's clouds put into the certificates of their metadata services, by the resource manager in use.</summary>
    public static string AttestationNameFor(Uri resourceManager) => AttestationTrust.NameFor(resourceManager);

    private IEnumerable<string?> Files() =>
    [
        AuthorityFile, CertificateFile, KeyFile, KubernetesAuthorityFile, NodeAuthorityFile, AgentTokenFile, AttestationRootsMayBeMissing ? null : AttestationRootsFile,
    ];
}
