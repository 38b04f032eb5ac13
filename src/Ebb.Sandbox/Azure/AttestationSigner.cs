using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// The chain that vouches for attested documents: a root of this sandbox's own, an intermediate that is fetched where the leaf
/// says, and the leaf that signs. Made when first asked for; keys live as long as the sandbox.
/// </summary>
internal sealed class AttestationSigner(string region, TimeProvider time) : IDisposable
{
    /// <summary>Where the intermediate lies on the face, without a token.</summary>
    public const string IntermediatePath = "/pki/certs/metadata-intermediate.crt";

    private const string Host = "metadata.azure.com";
    private const int KeyBits = 2048;

    private static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(180);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(7);
    private static readonly TimeSpan Backdated = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private (X509Certificate2 Root, X509Certificate2 Intermediate, RSA LeafKey)? _chain;
    private (string BaseUrl, X509Certificate2 Certificate)? _leaf;

    /// <summary>Where whoever checks documents reaches the face; null: where the machine that asks reaches it.</summary>
    public Uri? PublicAddress { get; set; }

    /// <summary>What those who check documents are to trust here.</summary>
    public string RootPem
    {
        get
        {
            lock (_lock)
            {
                return Chain().Root.ExportCertificatePem() + "\n";
            }
        }
    }

    public byte[] Intermediate
    {
        get
        {
            lock (_lock)
            {
                return Chain().Intermediate.RawData;
            }
        }
    }

    /// <summary>The certificate, with its key, that signs now.</summary>
    public X509Certificate2 Leaf(string baseUrl)
    {
        lock (_lock)
        {
            baseUrl = PublicAddress?.GetLeftPart(UriPartial.Authority) ?? baseUrl;
            if (_leaf is not { } leaf || leaf.BaseUrl != baseUrl || leaf.Certificate.NotAfter.ToUniversalTime() - RenewBefore < time.GetUtcNow().UtcDateTime)
            {
                _leaf = leaf = (baseUrl, IssueLeaf(baseUrl));
            }

            return leaf.Certificate;
        }
    }

    public void Dispose()
    {
        _leaf?.Certificate.Dispose();
        if (_chain is { } chain)
        {
            chain.Root.Dispose();
            chain.Intermediate.Dispose();
            chain.LeafKey.Dispose();
        }
    }

    private (X509Certificate2 Root, X509Certificate2 Intermediate, RSA LeafKey) Chain()
    {
        if (_chain is { } made)
        {
            return made;
        }

        // Authorities' keys of a kind that is made at once; what signs documents is RSA as in life.
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = AuthorityRequest("Sandbox Global Root", rootKey, 1);
        var now = time.GetUtcNow();
        var rootCertificate = root.CreateSelfSigned(now - Backdated, now.AddYears(20));
        using var intermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var intermediate = AuthorityRequest("Sandbox RSA TLS Issuing 01", intermediateKey, 0);
        intermediate.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(rootCertificate, true, false));
        using var bare = intermediate.Create(rootCertificate, now - Backdated, now.AddYears(19), Serial());
        var chain = (rootCertificate, bare.CopyWithPrivateKey(intermediateKey), RSA.Create(KeyBits));
        _chain = chain;
        return chain;
    }

    private X509Certificate2 IssueLeaf(string baseUrl)
    {
        var (_, issuer, key) = Chain();
        var request = new CertificateRequest(Name(Host), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        names.AddDnsName($"{region}.{Host}");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [baseUrl + IntermediatePath], false));
        var now = time.GetUtcNow();
        using var issuerKey = issuer.GetECDsaPrivateKey()!;
        var notBefore = now - Backdated < issuer.NotBefore ? issuer.NotBefore : now - Backdated;
        using var bare = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), notBefore, now + LeafLifetime, Serial());
        return bare.CopyWithPrivateKey(key);
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key, int below)
    {
        var request = new CertificateRequest(Name(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, below, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    // A serial number is a positive integer.
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x01);
        return serial;
    }

    private static X500DistinguishedName Name(string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        return name.Build();
    }
}
