using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.Tests.Joining.Lab;

/// <summary>
/// Signs documents as a cloud's metadata service does: a root, an authority between that is left out of the message, and a leaf in
/// the name of the service. Written from the cloud's documentation alone, so that it shares no mistake with the sandbox's.
/// </summary>
internal sealed class Attestor
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _between;
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _until;

    public Attestor(DateTimeOffset now, string name = "eastus.metadata.azure.com", bool withIssuersAddress = true)
    {
        _from = now.AddDays(-1);
        _until = now.AddDays(30);
        _root = Authority("Test Global Root", null);
        _between = Authority("Test TLS Issuing CA 01", _root);
        Leaf = Issue("metadata", [name], _between, withIssuersAddress ? IssuersAddress : null);
    }

    /// <summary>
    /// The message of the same signature as Azure's service writes it: it names as the digest what is the signature's algorithm, RSA
    /// with SHA-256. Both identifiers have the same length.
    /// </summary>
    public static byte[] WithAlgorithmOfSignature(byte[] message)
    {
        byte[] digest = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
        byte[] signature = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        var written = message.ToArray();
        for (var at = written.AsSpan().IndexOf(digest); at >= 0; at = written.AsSpan().IndexOf(digest))
        {
            signature.CopyTo(written, at);
        }

        return written;
    }

    /// <summary>
    /// A leaf by another authority, whose root nobody knows, as Azure's have been since 2026: that root is published as itself, and once
    /// more under the signature of the known one.
    /// </summary>
    public NewHierarchy Renewed()
    {
        using var rootKey = RSA.Create(2048);
        var root = AuthorityRequest("Test RSA Root G2", rootKey);
        using var self = root.CreateSelfSigned(_from, _until);
        using var crossed = root.Create(_root, _from, _until, Serial());
        using var betweenKey = RSA.Create(2048);
        var request = AuthorityRequest("Test G2 RSA CA OCSP 04", betweenKey);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([], [NewHierarchy.RootAddress.ToString()]));
        using var between = request.Create(self, _from, _until, Serial());
        using var betweenWithKey = between.CopyWithPrivateKey(betweenKey);
        return new NewHierarchy(Issue("metadata", ["uksouth.metadata.azure.com"], betweenWithKey, NewHierarchy.BetweenAddress), between.RawData, self.RawData, crossed.RawData);
    }

    public static Uri IssuersAddress { get; } = new("http://cacerts.digicert.com/between.crt");

    public X509Certificate2 Leaf { get; }

    public X509Certificate2 Root => _root;

    public string RootPem => _root.ExportCertificatePem() + "\n";

    public byte[] BetweenDer => _between.RawData;

    public X509Certificate2 Between => _between;

    /// <summary>Another leaf by the same authority.</summary>
    public X509Certificate2 LeafFor(params string[] names) => Issue("metadata", names, _between, IssuersAddress);

    public X509Certificate2 LeafOfLength(int bits) => Issue("metadata", ["metadata.azure.com"], _between, IssuersAddress, bits: bits);

    public X509Certificate2 LeafUntil(DateTimeOffset until) => Issue("metadata", ["metadata.azure.com"], _between, IssuersAddress, until);

    /// <summary>A leaf whose issuer is said to be at this address.</summary>
    public X509Certificate2 LeafWithIssuerAt(Uri address) => Issue("metadata", ["metadata.azure.com"], _between, address);

    /// <summary>What is signed, as the service writes it.</summary>
    public static JsonObject Content(string vmId, string nonce, string subscription, DateTimeOffset created, TimeSpan? valid = null) => new()
    {
        ["licenseType"] = "",
        ["nonce"] = nonce,
        ["plan"] = new JsonObject { ["name"] = "", ["product"] = "", ["publisher"] = "" },
        ["timeStamp"] = new JsonObject
        {
            ["createdOn"] = Time(created),
            ["expiresOn"] = Time(created + (valid ?? TimeSpan.FromHours(6))),
        },
        ["vmId"] = vmId,
        ["subscriptionId"] = subscription,
        ["sku"] = "22_04-lts-gen2",
    };

    /// <summary>Base64 of the message.</summary>
    public string Sign(JsonNode content, X509Certificate2? leaf = null, params X509Certificate2[] more) =>
        Convert.ToBase64String(Message(Encoding.UTF8.GetBytes(content.ToJsonString()), leaf, more).Encode());

    public SignedCms Message(byte[] content, X509Certificate2? leaf = null, X509Certificate2[]? more = null, bool detached = false, string? digest = null)
    {
        var message = new SignedCms(new ContentInfo(content), detached);

        // No signed attributes, as in the service's own.
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, leaf ?? Leaf)
        {
            IncludeOption = X509IncludeOption.EndCertOnly,
            DigestAlgorithm = new Oid(digest ?? "2.16.840.1.101.3.4.2.1"),
        };
        foreach (var certificate in more ?? [])
        {
            signer.Certificates.Add(certificate);
        }

        message.ComputeSignature(signer);
        return message;
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("MM/dd/yy HH:mm:ss", CultureInfo.InvariantCulture) + " -0000";

    private X509Certificate2 Authority(string name, X509Certificate2? issuer)
    {
        using var key = RSA.Create(2048);
        var request = AuthorityRequest(name, key);
        if (issuer is null)
        {
            return request.CreateSelfSigned(_from, _until);
        }

        using var made = request.Create(issuer, _from, _until, Serial());
        return made.CopyWithPrivateKey(key);
    }

    private static CertificateRequest AuthorityRequest(string name, RSA key)
    {
        var request = new CertificateRequest($"CN={name}, O=Test Authorities", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private X509Certificate2 Issue(string name, string[] dns, X509Certificate2 issuer, Uri? address, DateTimeOffset? until = null, int bits = 2048)
    {
        using var key = RSA.Create(bits);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        if (dns.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var one in dns)
            {
                names.AddDnsName(one);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        if (address is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([], [address.ToString()]));
        }

        using var made = request.Create(issuer, _from, until ?? _until, Serial());
        return made.CopyWithPrivateKey(key);
    }

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}

/// <summary>What <see cref="Attestor.Renewed"/> makes, with where Azure publishes each.</summary>
internal sealed record NewHierarchy(X509Certificate2 Leaf, byte[] Between, byte[] Root, byte[] Crossed)
{
    public static Uri BetweenAddress { get; } = new("http://www.microsoft.com/pkiops/certs/Microsoft%20TLS%20G2%20RSA%20CA%20OCSP%2004.crt");

    public static Uri RootAddress { get; } = new("http://www.microsoft.com/pkiops/certs/Microsoft%20TLS%20RSA%20Root%20G2.crt");

    public static Uri CrossedAddress { get; } = new("http://caissuers.microsoft.com/pkiops/certs/Microsoft%20TLS%20RSA%20Root%20G2%20-%20xsign.crt");
}
