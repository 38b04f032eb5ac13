namespace Ebb.Joining;

/// <summary>
/// Shows which machine is asking. What stands in <see cref="Document"/> depends on <see cref="Kind"/>; all kinds are bound to a
/// nonce that the same server gave to the same address, and are good for one request.
/// </summary>
public sealed record Proof
{
    /// <summary>One of <see cref="ProofKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The nonce as it was given out.</summary>
    public required string Nonce { get; init; }

    /// <summary>The evidence, as text.</summary>
    public required string Document { get; init; }

    /// <summary>Base64, of the kinds that sign the nonce themselves; null for others.</summary>
    public string? Signature { get; init; }

    /// <summary>The kind alone: a proof is worth something until it has been used.</summary>
    public override string ToString() => $"{nameof(Proof)} {Kind}";
}

/// <summary>The kinds of proof that there are.</summary>
public static class ProofKinds
{
    /// <summary>
    /// Azure's attested document, asked for with the nonce: the document is the field <c>signature</c> of what the metadata
    /// service answers (base64 of PKCS#7).
    /// </summary>
    public const string AzureAttestedDocument = "azure-attested-document";

    /// <summary>
    /// The certificate with which a node that has joined speaks to the API server: the document is that certificate as PEM, the
    /// signature is its key's over <see cref="NodeCertificateMessage"/>. Not good for joining.
    /// </summary>
    public const string NodeCertificate = "node-certificate";

    /// <summary>
    /// What the key of a <see cref="NodeCertificate"/> signs, with SHA-256 (RSA: PKCS#1; elliptic curves: DER), as UTF-8. The path
    /// keeps a proof for one purpose from serving another.
    /// </summary>
    public static string NodeCertificateMessage(string nonce, string path) => $"ebb {path} {nonce}";
}

/// <summary>Proves to a join server which machine this is. Implemented for each cloud, and by a node's own certificate.</summary>
public interface IProofOfIdentity
{
    /// <param name="nonce">As the server gave it: up to 32 letters and digits.</param>
    /// <param name="path">For which request: <see cref="JoinPaths.Join"/>, <see cref="JoinPaths.Leave"/> or <see cref="JoinPaths.Notice"/>.</param>
    Task<Proof> ProveAsync(string nonce, string path, CancellationToken ct);
}

/// <summary>The answer to <see cref="JoinPaths.Nonce"/>.</summary>
public sealed record NonceAnswer
{
    /// <summary>Up to 32 letters and digits; good for one request from the same address.</summary>
    public required string Nonce { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The kinds of proof that this server takes for joining; see <see cref="ProofKinds"/>.</summary>
    public IReadOnlyList<string> Kinds { get; init => field = value ?? []; } = [];
}
