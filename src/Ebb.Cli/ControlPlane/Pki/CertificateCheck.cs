using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Whether a certificate that exists will still do.</summary>
internal static class CertificateCheck
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    /// <summary>Why another must be issued; null when it will do.</summary>
    public static string? Problem(string? certificatePem, string? keyPem, CertificateSpec spec, CertificateAuthority authority, TimeProvider time)
    {
        if (certificatePem is null || keyPem is null)
        {
            return "it was missing";
        }

        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            return Problem(pair, spec, authority, time);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return "certificate and key were unreadable, or did not belong together";
        }
    }

    /// <summary>Whether a third of its life or less is left.</summary>
    public static bool NearItsEnd(X509Certificate2 certificate, TimeProvider time)
    {
        DateTimeOffset from = certificate.NotBefore, until = certificate.NotAfter;
        return time.GetUtcNow() >= until - ((until - from) / 3);
    }

    /// <summary>User and groups that a certificate names.</summary>
    public static (string CommonName, ImmutableArray<string> Organizations) SubjectOf(X509Certificate2 certificate)
    {
        var parts = certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(part => !part.HasMultipleElements)
            .ToLookup(part => part.GetSingleElementType().Value, part => part.GetSingleElementValue() ?? "");
        return (parts[CommonName].FirstOrDefault(""), [.. parts[Organization]]);
    }

    private static string? Problem(X509Certificate2 certificate, CertificateSpec spec, CertificateAuthority authority, TimeProvider time)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().ToList();
        var missing = spec.DnsNames.Except(names.SelectMany(n => n.EnumerateDnsNames()), StringComparer.OrdinalIgnoreCase)
            .Concat(spec.Addresses.Except(names.SelectMany(n => n.EnumerateIPAddresses())).Select(a => a.ToString()))
            .ToList();
        return NearItsEnd(certificate, time) ? $"it was valid only until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}"
            : !SameSubject(certificate, spec) ? $"it was made out to {certificate.Subject}"
            : missing.Count > 0 ? $"it lacked {string.Join(", ", missing)}"
            : !Signed(certificate, spec, authority, time) ? $"the authority '{spec.Authority}' does not vouch for it"
            : null;
    }

    private static bool SameSubject(X509Certificate2 certificate, CertificateSpec spec)
    {
        var (commonName, organizations) = SubjectOf(certificate);
        return commonName == spec.CommonName
            && organizations.Order(StringComparer.Ordinal).SequenceEqual(spec.Organizations.Order(StringComparer.Ordinal));
    }

    private static bool Signed(X509Certificate2 certificate, CertificateSpec spec, CertificateAuthority authority, TimeProvider time)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        if (spec.Server)
        {
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(CertificateAuthority.ServerAuthentication));
        }

        if (spec.Client)
        {
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(CertificateAuthority.ClientAuthentication));
        }

        return chain.Build(certificate);
    }
}
