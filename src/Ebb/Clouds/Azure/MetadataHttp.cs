using System.Net;

namespace Ebb.Clouds.Azure;

/// <summary>The metadata service's own HTTP: its header, its bounds, and when to try again.</summary>
internal sealed class MetadataHttp(HttpMessageInvoker http, Uri address, TimeProvider time, Random random)
{
    private const int MaxBody = 1 << 20;

    // The service asks clients to try again 5 times, from 2 s on; 410 may last 70 s.
    private const int MaxAttempts = 6;

    // Outside Azure nothing answers at that address: this is how long a laptop is kept waiting.
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(3);

    /// <returns>No status when nothing answers.</returns>
    public async Task<(HttpStatusCode? Status, byte[] Body)> GetAsync(string pathAndQuery, bool retryUnreachable, CancellationToken ct)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60), time, random);
        for (var attempt = 1; ; attempt++)
        {
            var (status, body) = await OnceAsync(HttpMethod.Get, pathAndQuery, null, CallTimeout, ct);
            var heals = status is null
                ? retryUnreachable
                : status is HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.TooManyRequests || (int)status >= 500;
            if (!heals || attempt == MaxAttempts)
            {
                return (status, body);
            }

            await backoff.FailedAsync(ct);
        }
    }

    /// <summary>Asks once.</summary>
    /// <returns>No status when nothing answers.</returns>
    public async Task<(HttpStatusCode? Status, byte[] Body)> OnceAsync(
        HttpMethod method, string pathAndQuery, HttpContent? content, TimeSpan within, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var request = new HttpRequestMessage(method, new Uri(address, pathAndQuery)) { Content = content };
        request.Headers.Add("Metadata", "true");
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            await response.Content.LoadIntoBufferAsync(MaxBody, either.Token);
            return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(either.Token));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (null, []);
        }
        catch (HttpRequestException)
        {
            // Not there, or broken off: both may heal, and the caller knows whether to wait for that.
            return (null, []);
        }
    }
}
