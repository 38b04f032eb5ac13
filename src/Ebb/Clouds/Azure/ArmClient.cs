using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Ebb.Clouds.Azure;

/// <param name="Body">JSON; null for none.</param>
internal sealed record ArmCall(HttpMethod Method, Uri Uri, ArmFamily Family, byte[]? Body = null, string? IfMatch = null);

/// <summary>Calls the Azure resource manager: tokens, throttling, paging, errors, and repeats of what may be repeated.</summary>
internal sealed class ArmClient(AzureScope scope, HttpMessageInvoker http, TokenSource tokens, TimeProvider time, Random random)
{
    // A list page of instances has some 300 KB, the sizes of a region some 10 MB.
    private const int MaxBody = 64 << 20;

    // A scale set has at most 1,000 machines and a group 800 sets: more pages than this are a loop.
    private const int MaxPages = 500;

    private const int MaxAttempts = 3;

    // Azure's gateway gives up after a minute: whoever asks longer waits for nothing.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(60);

    private static readonly MediaTypeHeaderValue Json = new("application/json", "utf-8");

    private readonly Lock _randomLock = new();
    private readonly TokenCache _tokens = new(tokens, time);
    private readonly ArmThrottle _throttle = new(time);

    public AzureScope Scope { get; } = AzureScope.IsSafe(scope.ArmEndpoint)
        ? scope
        : throw new EbbException($"The resource manager's address is '{scope.ArmEndpoint}': tokens are sent over https only.");

    /// <summary>An address under the resource manager.</summary>
    /// <param name="query">Escaped, without <c>api-version</c>; may be empty.</param>
    public Uri Address(string path, string apiVersion, string query = "") =>
        new(Scope.ArmEndpoint, $"{path}?api-version={apiVersion}{(query.Length > 0 ? "&" + query : "")}");

    /// <summary>Reads one resource.</summary>
    public async Task<ArmRead<T>> GetAsync<T>(Uri uri, ArmFamily family, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        var answer = await SendAsync(new ArmCall(HttpMethod.Get, uri, family), ct);
        if (answer is not ArmAnswer.Ok ok)
        {
            return new ArmRead<T>(null, answer);
        }

        try
        {
            return JsonSerializer.Deserialize(ok.Body, type) is { } value
                ? new ArmRead<T>(value, answer)
                : new ArmRead<T>(null, NotUnderstood(uri, "null"));
        }
        catch (JsonException e)
        {
            return new ArmRead<T>(null, NotUnderstood(uri, $"{ok.Body.Length} bytes, wrong at {e.Path ?? "$"}"));
        }
    }

    /// <summary>Reads a list to its last page: all of it or nothing.</summary>
    public async Task<ArmRead<IReadOnlyList<T>>> ListAsync<T>(Uri first, ArmFamily family, JsonTypeInfo<WirePage<T>> type, CancellationToken ct)
        where T : class
    {
        var all = new List<T>();
        var seen = new HashSet<Uri>();
        for (var uri = first; ;)
        {
            if (!seen.Add(uri) || seen.Count > MaxPages)
            {
                return new ArmRead<IReadOnlyList<T>>(null, new ArmAnswer.Lost($"answered a list without end at {uri.AbsolutePath}", Sent: true));
            }

            var page = await GetAsync(uri, family, type, ct);
            if (page.Value is null)
            {
                return new ArmRead<IReadOnlyList<T>>(null, page.Answer);
            }

            all.AddRange((page.Value.Value ?? []).OfType<T>());
            if (string.IsNullOrEmpty(page.Value.NextLink))
            {
                return new ArmRead<IReadOnlyList<T>>(all, page.Answer);
            }

            if (!Uri.TryCreate(page.Value.NextLink, UriKind.Absolute, out var next) || !IsOurs(next))
            {
                return new ArmRead<IReadOnlyList<T>>(null, new ArmAnswer.Lost("answered a list whose next page is elsewhere; no token goes there", Sent: true));
            }

            uri = next;
        }
    }

    /// <summary>
    /// Makes one call. A read is repeated after what heals; a write only when it cannot have reached the cloud: what
    /// became of any other is for the caller to find out by reading.
    /// </summary>
    public async Task<ArmAnswer> SendAsync(ArmCall call, CancellationToken ct)
    {
        if (!IsOurs(call.Uri))
        {
            throw new CloudException($"Azure named an address at {call.Uri.Authority}, which is not the resource manager; no token goes there.");
        }

        Backoff? backoff = null;
        for (var attempt = 1; ; attempt++)
        {
            if (_throttle.Left(call.Family) is { } wait)
            {
                return new ArmAnswer.Throttled(wait);
            }

            var answer = await WithTokenAsync(call, ct);
            if (answer is not ArmAnswer.Lost { Heals: true } lost || attempt == MaxAttempts || (lost.Sent && call.Method != HttpMethod.Get))
            {
                return answer;
            }

            await (backoff ??= NewBackoff(TimeSpan.FromSeconds(0.8))).FailedAsync(ct);
        }
    }

    /// <summary>For repeats within one call; each has a random sequence of its own, since calls run side by side.</summary>
    public Backoff NewBackoff(TimeSpan first)
    {
        lock (_randomLock)
        {
            return new Backoff(first, TimeSpan.FromSeconds(10), time, new Random(random.Next()));
        }
    }

    private static ArmAnswer.Lost NotUnderstood(Uri uri, string what) =>
        new($"answered what is not understood at {uri.AbsolutePath}: {what}", Sent: true);

    private bool IsOurs(Uri uri) =>
        uri.Scheme == Scope.ArmEndpoint.Scheme && uri.Authority.Equals(Scope.ArmEndpoint.Authority, StringComparison.OrdinalIgnoreCase);

    private async Task<ArmAnswer> WithTokenAsync(ArmCall call, CancellationToken ct)
    {
        var token = await _tokens.GetAsync(ct);
        var answer = await OnceAsync(call, token, ct);
        if (answer is not ArmAnswer.Refused { Status: HttpStatusCode.Unauthorized })
        {
            return answer;
        }

        // Revoked, or our clock is off. Once: a new token that is refused too needs a person.
        _tokens.Forget(token);
        return await OnceAsync(call, await _tokens.GetAsync(ct), ct);
    }

    private async Task<ArmAnswer> OnceAsync(ArmCall call, AccessToken token, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var request = new HttpRequestMessage(call.Method, call.Uri);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (call.IfMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", call.IfMatch);
        }

        if (call.Body is not null)
        {
            request.Content = new ByteArrayContent(call.Body);
            request.Content.Headers.ContentType = Json;
        }

        try
        {
            using var response = await http.SendAsync(request, either.Token);
            await response.Content.LoadIntoBufferAsync(MaxBody, either.Token);
            return Understand(call, response, await response.Content.ReadAsByteArrayAsync(either.Token));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new ArmAnswer.Lost($"did not answer within {CallTimeout.TotalSeconds} s", Sent: true);
        }
        catch (HttpRequestException e)
        {
            var sent = e.HttpRequestError is not (HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError);
            return new ArmAnswer.Lost($"could not be reached at {call.Uri.Authority} ({Innermost(e).Message})", sent)
            {
                Heals = e.HttpRequestError is not HttpRequestError.SecureConnectionError,
            };
        }
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private ArmAnswer Understand(ArmCall call, HttpResponseMessage response, byte[] body)
    {
        var status = response.StatusCode;
        var retryAfter = RetryAfter(response.Headers);
        if (response.IsSuccessStatusCode)
        {
            return new ArmAnswer.Ok(status, body)
            {
                ETag = Header(response.Headers, "ETag"),
                Poll = Poll(response.Headers),
                RetryAfter = retryAfter,
            };
        }

        var error = ArmError.Read(status, body);
        if (status is HttpStatusCode.TooManyRequests || (status is HttpStatusCode.ServiceUnavailable && retryAfter is not null))
        {
            // These two come from the gateway, before any provider: the limit is on all reads, or all writes, of the caller.
            var gateway = error.Code is "SubscriptionRequestsThrottled" or "TenantRequestsThrottled";
            var wait = _throttle.Close(call.Family, retryAfter, gateway);

            // 429 means "not done". After 503 a write may have been: only its reader can tell.
            return status is HttpStatusCode.TooManyRequests || call.Method == HttpMethod.Get
                ? new ArmAnswer.Throttled(wait)
                : new ArmAnswer.Lost($"answered {(int)status} {error.Code}", Sent: true, status);
        }

        return (int)status >= 500 || status is HttpStatusCode.RequestTimeout
            ? new ArmAnswer.Lost($"answered {(int)status} {error.Code}: {error.Message}", Sent: true, status)
            : new ArmAnswer.Refused(status, error);
    }

    private static string? Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    /// <summary>An address elsewhere is left out: then the resource itself is asked for its state.</summary>
    private OperationAddress? Poll(HttpResponseHeaders headers)
    {
        foreach (var (name, byStatus) in ((string, bool)[])[("Azure-AsyncOperation", true), ("Location", false)])
        {
            if (Header(headers, name) is { } value && Uri.TryCreate(value, UriKind.Absolute, out var uri) && IsOurs(uri))
            {
                return new OperationAddress(uri, byStatus);
            }
        }

        return null;
    }

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        foreach (var name in (string[])["Retry-After-Ms", "x-ms-retry-after-ms"])
        {
            if (long.TryParse(Header(headers, name), out var milliseconds) && milliseconds is >= 0 and < int.MaxValue)
            {
                return TimeSpan.FromMilliseconds(milliseconds);
            }
        }

        return headers.RetryAfter is { } after ? after.Delta ?? (after.Date - time.GetUtcNow()) : null;
    }
}
