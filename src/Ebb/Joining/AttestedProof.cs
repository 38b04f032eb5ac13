using Ebb.Clouds.Azure;

namespace Ebb.Joining;

/// <summary>Proves which machine this is by the document that Azure's metadata service signs.</summary>
public sealed class AttestedProof(InstanceMetadata metadata) : IProofOfIdentity
{
    public async Task<Proof> ProveAsync(string nonce, string path, CancellationToken ct) => new()
    {
        Kind = ProofKinds.AzureAttestedDocument,
        Nonce = nonce,
        Document = await metadata.AttestedDocumentAsync(nonce, ct),
    };
}
