using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Ebb.Joining;

namespace Ebb.Controller.Joining.Proofs;

/// <summary>Believes what Azure has signed about a machine, and nothing else.</summary>
internal sealed class AttestedDocumentCheck(Func<AttestationTrust> current, SignerChains chains, TimeProvider time) : IIdentityCheck
{
    // A real one has about 4 kB, certificates included.
    private const int MostBase64 = 32 * 1024;

    // The clocks of two machines in one cloud.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    // SHA-256, -384, -512; and RSA with each of them, which Azure's service writes in the digest's place (its documentation's sample;
    // github.com/smallstep/pkcs7, pull request 12).
    private static readonly string[] Digests =
    [
        "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3",
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13",
    ];

    public string Kind => ProofKinds.AzureAttestedDocument;

    public bool ForJoining => true;

    public async Task<Identity> CheckAsync(Proof proof, string path, string asker, CancellationToken ct)
    {
        if (proof.Document.Length is 0 or > MostBase64)
        {
            return Identity.No("malformed", $"the document has {proof.Document.Length} characters");
        }

        var trust = current();
        SignedCms message;
        try
        {
            message = new SignedCms();
            message.Decode(Convert.FromBase64String(proof.Document));
            if (Signer(message) is var (signer, problem) && problem is not null)
            {
                return Identity.No("forged", problem);
            }

            if (NameProblem(signer!, trust.Name) is { } wrongName)
            {
                return Identity.No("wrong-signer", wrongName);
            }

            if (await chains.ProblemAsync(signer!, message.Certificates, trust.Roots, asker, ct) is { } wrongChain)
            {
                return Identity.No("wrong-chain", wrongChain);
            }
        }
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException or InvalidOperationException)
        {
            // Whatever the decoder makes of bytes from anywhere: they are no such message.
            return Identity.No("malformed", $"not a signed message: {e.Message}");
        }

        return Judge(message.ContentInfo.Content, proof.Nonce, trust.SubscriptionId);
    }

    /// <summary>The one that signed, once its signature has been found right.</summary>
    private static (X509Certificate2? Signer, string? Problem) Signer(SignedCms message)
    {
        if (message.Detached || message.ContentInfo.Content.Length == 0)
        {
            return (null, "the signature is over something that was not sent");
        }

        if (message.SignerInfos is not [var info])
        {
            return (null, $"{message.SignerInfos.Count} signers instead of one");
        }

        if (info.Certificate is not { } signer)
        {
            return (null, "the signer's certificate is not in it");
        }

        if (!Digests.Contains(info.DigestAlgorithm.Value))
        {
            return (null, $"the digest {info.DigestAlgorithm.Value} is too weak");
        }

        using var rsa = signer.GetRSAPublicKey();
        if (rsa?.KeySize < 2048)
        {
            return (null, $"the signer's key has {rsa.KeySize} bits");
        }

        try
        {
            info.CheckSignature(verifySignatureOnly: true);
            return (signer, null);
        }
        catch (CryptographicException e)
        {
            return (null, $"the signature is wrong: {e.Message}");
        }
    }

    private static string? NameProblem(X509Certificate2 signer, string wanted)
    {
        var names = signer.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()).ToList();
        return names.Exists(name =>
                name.Equals(wanted, StringComparison.OrdinalIgnoreCase)
                || name.EndsWith("." + wanted, StringComparison.OrdinalIgnoreCase))
            ? null
            : $"the signer is {(names.Count == 0 ? "nobody" : string.Join(", ", names.Take(4)))}, not {wanted}";
    }

    private Identity Judge(byte[] content, string nonce, string subscription)
    {
        AttestedDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(content, AttestedJson.Default.AttestedDocument);
        }
        catch (JsonException e)
        {
            return Identity.No("malformed", $"what is signed is no attested document: wrong at {e.Path ?? "$"}");
        }

        if (document?.Nonce != nonce)
        {
            // The metadata service keeps answers for a while: this happens to honest machines that ask twice.
            return Identity.No("wrong-nonce", "it was signed for another nonce");
        }

        var now = time.GetUtcNow();
        if (document.TimeStamp?.Expires is not { } expires || document.TimeStamp.Created is not { } created)
        {
            return Identity.No("malformed", "it does not say from when to when it is valid");
        }

        if (now >= expires || created > now + Skew)
        {
            return Identity.No("expired", $"it is valid from {created:u} to {expires:u}");
        }

        if (!subscription.Equals(document.SubscriptionId, StringComparison.OrdinalIgnoreCase))
        {
            return Identity.No("foreign", "it is of a machine in another subscription");
        }

        return Guid.TryParse(document.VmId, out var vmId)
            ? new Identity.Machine(vmId.ToString())
            : Identity.No("malformed", "it names no machine");
    }
}
