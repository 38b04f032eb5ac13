using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Controller.Joining.Proofs;

/// <summary>
/// Fetches the certificate of whoever issued one, from the address in it. An address from a stranger's certificate is followed only
/// to hosts on a list, without redirects, and what comes is believed only if the chain through it ends in a trusted root.
/// </summary>
internal sealed class IssuerDownload(HttpMessageInvoker http, IReadOnlyList<string> hosts, TimeProvider time) : IDisposable
{
    /// <summary>Where Microsoft and DigiCert publish theirs; a leading dot is for all hosts below.</summary>
    public static readonly IReadOnlyList<string> PublicHosts = ["www.microsoft.com", "caissuers.microsoft.com", "cacerts.digicert.com"];

    // A certificate has some 2 kB.
    private const int MostBytes = 64 * 1024;

    private const int MostKept = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(1);

    // An address that does not answer is not asked again by each of a thousand machines.
    private static readonly TimeSpan KeepFailureFor = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<Uri, (X509Certificate2? Issuer, long At)> _kept = [];

    /// <summary>Null when there is none to be had.</summary>
    public async Task<X509Certificate2?> IssuerOfAsync(X509Certificate2 certificate, CancellationToken ct)
    {
        if (AddressIn(certificate) is not { } address)
        {
            return null;
        }

        await _turn.WaitAsync(ct);
        try
        {
            if (_kept.TryGetValue(address, out var kept) && time.GetElapsedTime(kept.At) < (kept.Issuer is null ? KeepFailureFor : KeepFor))
            {
                return kept.Issuer;
            }

            var issuer = await FetchAsync(address, ct);
            if (_kept.Count >= MostKept)
            {
                _kept.Clear();
            }

            _kept[address] = (issuer, time.GetTimestamp());
            return issuer;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private Uri? AddressIn(X509Certificate2 certificate)
    {
        foreach (var access in certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>())
        {
            foreach (var text in access.EnumerateCAIssuersUris())
            {
                // Plain HTTP is usual here: what comes proves itself.
                if (Uri.TryCreate(text, UriKind.Absolute, out var uri)
                    && uri is { IsDefaultPort: true, UserInfo: "" } && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
                    && hosts.Contains(uri.Host, StringComparer.OrdinalIgnoreCase))
                {
                    return uri;
                }
            }
        }

        return null;
    }

    private async Task<X509Certificate2?> FetchAsync(Uri address, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                return null;
            }

            await response.Content.LoadIntoBufferAsync(MostBytes, either.Token);
            return X509CertificateLoader.LoadCertificate(await response.Content.ReadAsByteArrayAsync(either.Token));
        }
        catch (Exception e) when (e is HttpRequestException or CryptographicException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // Then the chain stays as it is, which the audit log says.
            return null;
        }
    }
}
