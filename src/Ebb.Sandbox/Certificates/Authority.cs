using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ebb.Sandbox.Certificates;

/// <summary>A certificate authority that lives as long as its sandbox and signs for nothing else.</summary>
public sealed class Authority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // Clients whose clock is a little behind must not find a certificate that is not valid yet.
    private static readonly TimeSpan Backdated = TimeSpan.FromHours(1);

    // A sandbox is a thing of days; a year outlives any of them, and stays below the limit that TLS clients put on leaves.
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    private readonly TimeProvider _time;

    private Authority(X509Certificate2 certificate, X509Certificate2Collection bundle, TimeProvider time)
    {
        (Certificate, Bundle) = (certificate, bundle);
        _time = time;
    }

    /// <summary>With its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Without keys: itself, and where it came with them those that vouch for it and others that are believed beside it.</summary>
    public X509Certificate2Collection Bundle { get; }

    /// <summary>
    /// What a server shows behind its own certificate. A root that another vouches for is shown in that one's name: whoever believes the
    /// root has it.
    /// </summary>
    public X509Certificate2Collection Chain =>
        [.. Bundle.Where(own => !Bundle.Any(other => other != own && Same(other.SubjectName, own.SubjectName) && !Same(other.IssuerName, own.SubjectName)))];

    /// <summary>The certificates alone, as PEM: what clients are told to trust.</summary>
    public string CertificatePem => string.Concat(Bundle.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    /// <summary>Makes a new authority with a fresh key.</summary>
    public static Authority Create(string name, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Name(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        var made = request.CreateSelfSigned(now - Backdated, now + Lifetime);
        return new Authority(made, [X509CertificateLoader.LoadCertificate(made.RawData)], time);
    }

    /// <summary>Takes up an authority that was kept as PEM: the first certificate, whose key it is, and others behind it.</summary>
    public static Authority Load(string certificatePem, string keyPem, TimeProvider time)
    {
        var bundle = new X509Certificate2Collection();
        bundle.ImportFromPem(certificatePem);
        return new(X509Certificate2.CreateFromPem(certificatePem, keyPem), bundle, time);
    }

    /// <summary>The private key as PEM. Whoever writes it to a file makes that file readable by its owner only.</summary>
    public string ExportKeyPem() => KeyPem(Certificate);

    /// <summary>Issues a server's certificate for this machine's loopback and for the names and addresses given.</summary>
    public X509Certificate2 IssueServer(string commonName, IEnumerable<string> names, IEnumerable<IPAddress> addresses)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Prepend("localhost").Distinct(StringComparer.OrdinalIgnoreCase))
        {
            alternatives.AddDnsName(name);
        }

        foreach (var address in addresses.Prepend(IPAddress.IPv6Loopback).Prepend(IPAddress.Loopback).Distinct())
        {
            alternatives.AddIpAddress(address);
        }

        return Issue(Name(commonName), ServerAuthentication, alternatives);
    }

    /// <summary>Issues a client's certificate: to Kubernetes the common name is the user, the organizations are its groups.</summary>
    public X509Certificate2 IssueClient(string commonName, params IEnumerable<string> organizations)
    {
        var name = new X500DistinguishedNameBuilder();
        foreach (var organization in organizations)
        {
            name.AddOrganizationName(organization);
        }

        name.AddCommonName(commonName);
        return Issue(name.Build(), ClientAuthentication, null);
    }

    /// <summary>Whether this authority, or one that is believed beside it, issued the certificate, for this use, and it is valid now.</summary>
    public bool Issued(X509Certificate2 certificate, bool client)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Bundle);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(client ? ClientAuthentication : ServerAuthentication));
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    /// <summary>Certificate and private key as PEM, one after the other.</summary>
    public static string Pem(X509Certificate2 certificate) =>
        new StringBuilder().Append(certificate.ExportCertificatePem()).Append('\n').Append(KeyPem(certificate)).ToString();

    /// <summary>The private key of a certificate that this class issued, as PEM.</summary>
    public static string KeyPem(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()
            ?? throw new InvalidOperationException($"The certificate '{certificate.Subject}' has no private key of the kind that this authority makes.");
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var certificate in Bundle)
        {
            certificate.Dispose();
        }
    }

    private X509Certificate2 Issue(X500DistinguishedName subject, string usage, SubjectAlternativeNameBuilder? alternatives)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        if (alternatives is not null)
        {
            request.CertificateExtensions.Add(alternatives.Build());
        }

        var now = _time.GetUtcNow();
        var until = now + Lifetime;
        var serial = RandomNumberGenerator.GetBytes(16);

        // A serial number is a positive integer.
        serial[0] &= 0x7f;
        using var bare = request.Create(
            Certificate,
            now - Backdated < Certificate.NotBefore ? Certificate.NotBefore : now - Backdated,
            until > Certificate.NotAfter ? Certificate.NotAfter : until,
            serial);
        return bare.CopyWithPrivateKey(key);
    }

    private static bool Same(X500DistinguishedName one, X500DistinguishedName other) => one.RawData.AsSpan().SequenceEqual(other.RawData);

    private static X500DistinguishedName Name(string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        return name.Build();
    }
}
