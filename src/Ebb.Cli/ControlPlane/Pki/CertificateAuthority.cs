using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>One of the cluster's certificate authorities, with its key.</summary>
internal sealed class CertificateAuthority(X509Certificate2 certificate, AsymmetricAlgorithm key, string bundlePem) : IDisposable
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    // A machine whose clock is a little behind must not find a certificate that is not valid yet.
    public static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    /// <summary>The one that signs.</summary>
    public X509Certificate2 Certificate => certificate;

    /// <summary>All that clients are to trust: while authorities change there are two.</summary>
    public string BundlePem => bundlePem;

    public static CertificateAuthority Create(string commonName, AsymmetricAlgorithm key, TimeProvider time)
    {
        var request = Request(Subject(commonName, []), new PublicKey(key));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(commonName);
        request.CertificateExtensions.Add(names.Build());
        var now = time.GetUtcNow();
        var made = request.Create(request.SubjectName, Keys.Signer(key), now - Backdated, now + Lifetime, Serial());
        return new CertificateAuthority(made, key, made.ExportCertificatePem() + "\n");
    }

    /// <summary>Issues a certificate with a key of its own, for as long as it is to live, or as the authority itself is valid.</summary>
    public IssuedCertificate Issue(CertificateSpec spec, KeyAlgorithm algorithm, TimeProvider time)
    {
        using var own = Keys.Create(algorithm);
        var request = Request(Subject(spec.CommonName, spec.Organizations), new PublicKey(own));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));

        // Only RSA keys encipher others.
        var encipher = algorithm is KeyAlgorithm.Rsa ? X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.None;
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | encipher, true));
        var uses = new OidCollection();
        if (spec.Server)
        {
            uses.Add(new Oid(ServerAuthentication));
        }

        if (spec.Client)
        {
            uses.Add(new Oid(ClientAuthentication));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifier()));
        if (spec.DnsNames.Length + spec.Addresses.Length > 0)
        {
            request.CertificateExtensions.Add(AlternativeNames(spec));
        }

        var now = time.GetUtcNow();
        DateTimeOffset first = certificate.NotBefore, last = certificate.NotAfter;
        using var made = request.Create(
            certificate.SubjectName,
            Keys.Signer(key),
            now - Backdated < first ? first : now - Backdated,
            now + spec.Lifetime > last ? last : now + spec.Lifetime,
            Serial());
        return new IssuedCertificate(made.ExportCertificatePem() + "\n", Keys.Pem(own));
    }

    /// <summary>Vouches for another authority: whoever trusts this one follows what the other signs, for as long as both are valid.</summary>
    /// <returns>A certificate of the other's name and key, PEM.</returns>
    public string CrossSign(X509Certificate2 other, TimeProvider time)
    {
        var request = Request(other.SubjectName, other.PublicKey);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifier()));
        DateTimeOffset first = certificate.NotBefore, until = certificate.NotAfter, othersUntil = other.NotAfter;
        var from = time.GetUtcNow() - Backdated;
        using var made = request.Create(certificate.SubjectName, Keys.Signer(key), from < first ? first : from, othersUntil < until ? othersUntil : until, Serial());
        return made.ExportCertificatePem() + "\n";
    }

    public void Dispose()
    {
        certificate.Dispose();
        key.Dispose();
    }

    private static CertificateRequest Request(X500DistinguishedName subject, PublicKey key) =>
        new(subject, key, HashAlgorithmName.SHA256, Keys.IsRsa(key) ? RSASignaturePadding.Pkcs1 : null);

    private static X500DistinguishedName Subject(string commonName, IEnumerable<string> organizations)
    {
        var name = new X500DistinguishedNameBuilder();
        foreach (var organization in organizations)
        {
            name.AddOrganizationName(organization);
        }

        name.AddCommonName(commonName);
        return name.Build();
    }

    private static X509Extension AlternativeNames(CertificateSpec spec)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in spec.DnsNames)
        {
            names.AddDnsName(name);
        }

        foreach (var address in spec.Addresses)
        {
            names.AddIpAddress(address);
        }

        return names.Build();
    }

    private X509SubjectKeyIdentifierExtension KeyIdentifier() =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()
        ?? new X509SubjectKeyIdentifierExtension(certificate.PublicKey, false);

    // A serial number is a positive integer, and nobody guesses it.
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}

/// <summary>A certificate and its key, as PEM.</summary>
internal sealed record IssuedCertificate(string CertificatePem, string KeyPem)
{
    /// <summary>Not a word of the key.</summary>
    public override string ToString() => CertificatePem;
}
