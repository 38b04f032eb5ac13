using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Joining;

namespace Ebb.Controller.Joining.Proofs;

/// <summary>Believes the certificate with which a node speaks to the API server, shown together with a signature by its key.</summary>
/// <param name="authorities">Who signs nodes' certificates: the file as it is now.</param>
internal sealed class NodeCertificateCheck(Watched<X509Certificate2Collection> authorities, TimeProvider time) : IIdentityCheck
{
    private const string UserPrefix = "system:node:";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const int MostCharacters = 16 * 1024;

    public string Kind => ProofKinds.NodeCertificate;

    public bool ForJoining => false;

    public Task<Identity> CheckAsync(Proof proof, string path, string asker, CancellationToken ct) => Task.FromResult(Check(proof, path));

    private Identity Check(Proof proof, string path)
    {
        if (proof.Document.Length is 0 or > MostCharacters || proof.Signature is not { Length: > 0 and < 4096 })
        {
            return Identity.No("malformed", "a certificate and a signature are needed");
        }

        try
        {
            using var certificate = X509Certificate2.CreateFromPem(proof.Document);
            var message = Encoding.UTF8.GetBytes(ProofKinds.NodeCertificateMessage(proof.Nonce, path));
            if (!IsSigned(certificate, message, Convert.FromBase64String(proof.Signature)))
            {
                return Identity.No("forged", "the signature is not by the certificate's key");
            }

            if (ChainProblem(certificate) is { } problem)
            {
                return Identity.No("wrong-chain", problem);
            }

            var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
            var groups = certificate.SubjectName.EnumerateRelativeDistinguishedNames()
                .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == "2.5.4.10")
                .Select(part => part.GetSingleElementValue());
            return groups.Contains("system:nodes") && name.StartsWith(UserPrefix, StringComparison.Ordinal) && name.Length > UserPrefix.Length
                ? new Identity.Node(name[UserPrefix.Length..])
                : Identity.No("wrong-signer", "the certificate is not a node's");
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            return Identity.No("malformed", $"not a certificate with a signature: {e.Message}");
        }
    }

    private static bool IsSigned(X509Certificate2 certificate, byte[] message, byte[] signature)
    {
        using var ecdsa = certificate.GetECDsaPublicKey();
        using var rsa = certificate.GetRSAPublicKey();
        return ecdsa?.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
            ?? rsa?.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            ?? false;
    }

    private string? ChainProblem(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities.Current);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = time.GetUtcNow().UtcDateTime;
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return chain.Build(certificate) ? null : string.Join(", ", chain.ChainStatus.Select(status => status.Status.ToString()).Distinct());
    }
}
