using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Controller.Joining.Limits;

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

    // Azure's own certificates name a handful of addresses, and a chain has two or three of them. Any other is a stranger's: of an
    // allowed host, but with whatever path it likes.
    private static readonly Rate NewForOne = new(1 / 10.0, 6);
    private static readonly Rate NewInTotal = new(2, 32);

    private const int MostAskers = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<Uri, Kept> _kept = [];
    private readonly RequestRates _new = new(NewForOne, NewInTotal, MostAskers, time);
    private readonly CancellationTokenSource _end = new();

    /// <summary>
    /// Null when there is none to be had. Never one that only vouches for itself: the chain broke off because it is not trusted, and
    /// what another authority says of the same key leads on.
    /// </summary>
    /// <param name="asker">Who sent the certificate: nobody has more than a few new addresses looked at.</param>
    public async Task<X509Certificate2?> IssuerOfAsync(X509Certificate2 certificate, string asker, CancellationToken ct)
    {
        var isRoot = false;
        foreach (var address in AddressesIn(certificate))
        {
            if (await KeptAsync(address, asker, ct) is { } issuer && IsOf(issuer, certificate))
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
            if (await KeptAsync(address, asker: null, ct) is { } issuer && IsOf(issuer, certificate) && !IsSelfIssued(issuer))
            {
                return issuer;
            }
        }

        return null;
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

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

    /// <param name="asker">Null for an address that is ours.</param>
    private Task<X509Certificate2?> KeptAsync(Uri address, string? asker, CancellationToken ct)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            var known = _kept.GetValueOrDefault(address);
            if (known is null || time.GetElapsedTime(known.At, now) >= (known.Failed ? KeepFailureFor : KeepFor))
            {
                if (asker is not null && known is null or { Failed: true } && _new.Ask(asker) is not null)
                {
                    return Task.FromResult<X509Certificate2?>(null);
                }

                MakeRoom(address);
                _kept[address] = known = new Kept(FetchAsync(address, _end.Token), now);
            }

            // All who ask meanwhile wait for the same answer, and whoever hangs up does not end it for the others.
            known.UsedAt = now;
            return known.Fetch.WaitAsync(ct);
        }
    }

    /// <summary>First what is no certificate goes, then what has not been asked for the longest.</summary>
    private void MakeRoom(Uri address)
    {
        if (_kept.Count >= MostKept && !_kept.ContainsKey(address))
        {
            _kept.Remove(_kept.OrderBy(kept => kept.Value.Failed ? 0 : 1).ThenBy(kept => kept.Value.UsedAt).First().Key);
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
        catch (Exception e) when (e is HttpRequestException or CryptographicException or OperationCanceledException)
        {
            // Then the chain stays as it is, which the audit log says.
            return null;
        }
    }

    /// <param name="at">When it was begun.</param>
    private sealed class Kept(Task<X509Certificate2?> fetch, long at)
    {
        public Task<X509Certificate2?> Fetch => fetch;

        public long At => at;

        public long UsedAt { get; set; }

        public bool Failed => fetch.IsCompleted && fetch is not { IsCompletedSuccessfully: true, Result: not null };
    }
}
