using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Controller.Joining.Proofs;

/// <summary>
/// Follows a signer's certificate to a root that is trusted. Azure leaves out the certificates between, and changes them over time:
/// they are fetched from where the certificates themselves say, if that is one of the places where Azure's are.
/// </summary>
internal sealed class SignerChains(IssuerDownload download, TimeProvider time)
{
    // Azure's have one between leaf and root, or two.
    private const int MostBetween = 3;

    /// <summary>Null when the chain ends in one of the roots and all of it is valid now.</summary>
    public async Task<string?> ProblemAsync(
        X509Certificate2 signer, X509Certificate2Collection sent, ImmutableArray<X509Certificate2> roots, string asker, CancellationToken ct)
    {
        if (signer.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority))
        {
            return "the signer is an authority itself";
        }

        var between = new X509Certificate2Collection(sent);
        for (var fetched = 0; ; fetched++)
        {
            var (problem, top) = Build(signer, between, roots);
            if (problem is null || top is null || fetched == MostBetween)
            {
                return problem;
            }

            // Built as far as it goes: the next one is the issuer of what is on top.
            if (await download.IssuerOfAsync(top, asker, ct) is not { } issuer || between.Contains(issuer))
            {
                return problem;
            }

            between.Add(issuer);
        }
    }

    /// <returns>What is wrong, and where the chain breaks off if all that is wrong is that it does.</returns>
    private (string? Problem, X509Certificate2? Top) Build(
        X509Certificate2 signer, X509Certificate2Collection between, ImmutableArray<X509Certificate2> roots)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(roots.ToArray());
        policy.ExtraStore.AddRange(between);
        policy.VerificationTime = time.GetUtcNow().UtcDateTime;

        // Control planes may have no way out, and a signature is minutes old: what revocation would tell comes by the leaf's short life.
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        if (chain.Build(signer))
        {
            return (null, null);
        }

        var flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        var problem = string.Join(", ", chain.ChainStatus.Select(status => status.Status.ToString()).Distinct());
        var breaksOff = flags == X509ChainStatusFlags.PartialChain && chain.ChainElements.Count > 0;
        return (problem, breaksOff ? X509CertificateLoader.LoadCertificate(chain.ChainElements[^1].Certificate.RawData) : null);
    }
}
