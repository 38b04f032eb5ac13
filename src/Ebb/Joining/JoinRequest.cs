using System.Security.Cryptography;
using System.Text;

namespace Ebb.Joining;

/// <summary>A machine asks to become a node. Nothing in it but the proof is believed: the rest helps to answer well.</summary>
public sealed record JoinRequest
{
    public required Proof Proof { get; init; }

    /// <summary>
    /// True at the first boot and after a reimage: the machine has nothing on its disk with which it was a node before. A Node object
    /// that remains of it is then deleted before the name is used again.
    /// </summary>
    public bool Fresh { get; init; }

    /// <summary><c>amd64</c> or <c>arm64</c>.</summary>
    public string? Architecture { get; init; }

    /// <summary>The agent's version, for the audit log.</summary>
    public string? Agent { get; init; }
}

/// <summary>What an admitted machine needs to become a node. Holds secrets: to be written 0600 and never logged.</summary>
public sealed record JoinAnswer
{
    /// <summary>The name to join under.</summary>
    public required string Node { get; init; }

    /// <summary>What to register as <c>spec.providerID</c>.</summary>
    public required string ProviderId { get; init; }

    /// <summary>Labels to register with: only such as a kubelet may give itself. Others the server sets afterwards.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init => field = value ?? Empty; } = Empty;

    /// <summary>Taints to register with, each <c>KEY=VALUE:EFFECT</c>.</summary>
    public IReadOnlyList<string> Taints { get; init => field = value ?? []; } = [];

    /// <summary><c>k3s</c> or <c>kubelet</c>.</summary>
    public required string Distribution { get; init; }

    /// <summary>The release to run, for example <c>v1.31.5+k3s1</c>; null: what is on the machine.</summary>
    public string? Version { get; init; }

    /// <summary>Where the API servers are, <c>https://10.1.0.10:6443</c> each, the answering server's own first.</summary>
    public required IReadOnlyList<string> Servers { get; init; }

    /// <summary>The authority of the API servers, PEM.</summary>
    public required string Authority { get; init; }

    /// <summary>
    /// With what to ask for the first certificate, in the form that the distribution takes: <c>id.secret</c> for a kubelet,
    /// <c>K10…::id.secret</c> for k3s, or k3s's agent token where its release has no other.
    /// </summary>
    public required string Token { get; init; }

    /// <summary>When the token is void at the latest; null when it does not expire. It is void earlier, once the node is there.</summary>
    public DateTimeOffset? TokenExpiresAt { get; init; }

    /// <summary>What to mount before the node starts.</summary>
    public IReadOnlyList<Mount> Mounts { get; init => field = value ?? []; } = [];

    /// <summary>The key to join a Tailscale network with; null for none.</summary>
    public string? TailscaleKey { get; init; }

    private static IReadOnlyDictionary<string, string> Empty { get; } = new Dictionary<string, string>();

    /// <summary>Not a word of what is secret.</summary>
    public override string ToString() => $"{nameof(JoinAnswer)} {Node}";
}

/// <summary>A share to mount on every machine.</summary>
public sealed record Mount
{
    /// <summary><c>cifs</c> or <c>nfs</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The server's name, for example <c>farm.file.core.windows.net</c>.</summary>
    public required string Host { get; init; }

    /// <summary>The share, without slashes around it.</summary>
    public required string Share { get; init; }

    /// <summary>An absolute path, for example <c>/srv</c>.</summary>
    public required string At { get; init; }

    /// <summary>For <c>cifs</c>: the storage account.</summary>
    public string? User { get; init; }

    /// <summary>For <c>cifs</c>: its key.</summary>
    public string? Key { get; init; }

    /// <summary>Further options for <c>mount</c>, separated by commas; null for none.</summary>
    public string? Options { get; init; }

    /// <summary>Tells keys apart without saying anything about them: a hash of the keys of shares, of which there is mostly one.</summary>
    /// <returns>16 hexadecimal digits for each; empty where no share has one.</returns>
    public static string MarkOf(IEnumerable<string?> keys) => string.Join(
        '.', keys.Where(key => !string.IsNullOrEmpty(key)).Distinct(StringComparer.Ordinal)
            .Select(key => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key!)))[..16]).Order(StringComparer.Ordinal));

    /// <summary>Not a word of the key.</summary>
    public override string ToString() => $"{Kind} //{Host}/{Share} at {At}";
}
