using System.Collections.Immutable;
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

    // Roots that few stores have yet, as a root that they do have vouches for them. Azure's metadata services have had certificates of
    // this one since April 2026, by region (github.com/taskcluster/taskcluster, issue 8569).
    private static readonly ImmutableArray<Uri> CrossSigned =
        [new("http://caissuers.microsoft.com/pkiops/certs/Microsoft%20TLS%20RSA%20Root%20G2%20-%20xsign.crt")];

    // A certificate has some 2 kB.
    private const int MostBytes = 64 * 1024;

    private const int MostKept = 64;

    // Real ones name one place, at times two.
    private const int MostAddresses = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(1);

    // An address that does not answer is not asked again by each of a thousand machines.
    private static readonly TimeSpan KeepFailureFor = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<Uri, (X509Certificate2? Issuer, long At)> _kept = [];

    /// <summary>
    /// Null when there is none to be had. Never one that only vouches for itself: the chain broke off because it is not trusted, and
    /// what another authority says of the same key leads on.
    /// </summary>
    public async Task<X509Certificate2?> IssuerOfAsync(X509Certificate2 certificate, CancellationToken ct)
    {
        var isRoot = false;
        foreach (var address in AddressesIn(certificate))
        {
            if (await KeptAsync(address, ct) is { } issuer && IsOf(issuer, certificate))
            {
                if (!IsSelfIssued(issuer))
                {
                    return issuer;
                }

                isRoot = true;
            }
        }

        foreach (var address in isRoot ? CrossSigned.Where(IsAllowed) : [])
        {
            if (await KeptAsync(address, ct) is { } issuer && IsOf(issuer, certificate) && !IsSelfIssued(issuer))
            {
                return issuer;
            }
        }

        return null;
    }

    public void Dispose() => _turn.Dispose();

    private static bool IsOf(X509Certificate2 issuer, X509Certificate2 certificate) =>
        issuer.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    private static bool IsSelfIssued(X509Certificate2 certificate) => IsOf(certificate, certificate);

    private IEnumerable<Uri> AddressesIn(X509Certificate2 certificate) =>
        from access in certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>()
        from text in access.EnumerateCAIssuersUris().Take(MostAddresses)
        let uri = Uri.TryCreate(text, UriKind.Absolute, out var parsed) ? parsed : null
        where uri is not null && IsAllowed(uri)
        select uri;

    // Plain HTTP is usual here: what comes proves itself.
    private bool IsAllowed(Uri uri) =>
        uri is { IsDefaultPort: true, UserInfo: "" } && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && hosts.Contains(uri.Host, StringComparer.OrdinalIgnoreCase);

    private async Task<X509Certificate2?> KeptAsync(Uri address, CancellationToken ct)
    {
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
