using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Tests.Kubernetes.Config;

/// <summary>An authority of a test's own.</summary>
internal sealed class Certificates : IDisposable
{
    // Certificates are judged by the operating system's clock, whatever time a test runs on.
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly ECDsa _key = ECDsa.Create();
    private readonly X509Certificate2 _authority;

    public Certificates()
    {
        var request = new CertificateRequest("CN=test-authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
    }

    public string AuthorityPem => _authority.ExportCertificatePem();

    public X509Certificate2 Server(params string[] names)
    {
        var san = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                san.AddIpAddress(address);
            }
            else
            {
                san.AddDnsName(name);
            }
        }

        using var pair = Issue("CN=server", Now.AddDays(1), san.Build());
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }

    public (string Certificate, string Key) Client(string name, DateTimeOffset? notAfter = null)
    {
        using var pair = Issue($"CN={name}", notAfter ?? Now.AddDays(1), null);
        return (pair.ExportCertificatePem(), pair.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
    }

    private X509Certificate2 Issue(string subject, DateTimeOffset notAfter, X509Extension? extension)
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (extension is not null)
        {
            request.CertificateExtensions.Add(extension);
        }

        using var certificate = request.Create(_authority, Now.AddDays(-1.5), notAfter, RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
