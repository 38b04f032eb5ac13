using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Ebb.Kubernetes;

/// <summary>One request to the API server. The body is bytes, so that it can be sent again.</summary>
internal sealed record KubeRequest(HttpMethod Method, string PathAndQuery)
{
    public byte[]? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    /// <summary>How long the server may take to begin its answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>Sends requests: credentials, retries, warnings, and errors as <see cref="KubeException"/>.</summary>
internal sealed partial class KubeTransport(KubeConnection connection, TimeProvider time, ILogger logger) : IDisposable
{
    private const int MaxAttempts = 6;

    // A Status is some hundred bytes; a proxy's page of HTML may be anything.
    private const int MaxErrorBytes = 256 * 1024;

    // The server may ask for any wait; past this the caller should decide anew.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromSeconds(30);

    // So many different warnings are remembered as told; a server that makes them up one by one must not fill the memory.
    private const int MaxWarnings = 500;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _warned = [];
    private volatile bool _hadCredential;
    private HttpClient? _http;
    private X509Certificate2? _certificate;

    public string Describe(KubeRequest request) => $"{request.Method} {new Uri(Base, PathOf(request))}";

    /// <summary>A successful answer, of which only the head is read. Whoever asked disposes it.</summary>
    public async Task<HttpResponseMessage> SendAsync(KubeRequest request, CancellationToken ct)
    {
        KubeCredential? refused = null;
        for (var attempt = 1; ; attempt++)
        {
            var credential = await CredentialAsync(request, refused, ct);
            var response = await SendOnceAsync(request, credential, ct);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            KubeException error;
            using (response)
            {
                error = await ReadErrorAsync(request, response, ct);
            }

            if (error.Code is HttpStatusCode.Unauthorized && credential.Renewable && refused is null)
            {
                refused = credential;
                continue;
            }

            if (attempt == MaxAttempts || !MayRepeat(request, error))
            {
                throw error;
            }

            LogWaits(Describe(request), error.Status!.Code, error.RetryAfter!.Value);
            await Task.Delay(error.RetryAfter.Value, time, ct);
        }
    }

    public void Dispose() => _http?.Dispose();

    // 429 says that nothing was done. A 5xx says so only in most cases: what makes a new object is not sent twice on it.
    // A budget's 429 is an answer, not throttling.
    private static bool MayRepeat(KubeRequest request, KubeException error) =>
        error.RetryAfter is { } wait && wait <= MaxRetryAfter && !error.HasCause(Causes.DisruptionBudget)
        && (error.Code is HttpStatusCode.TooManyRequests
            || (error.Code is >= HttpStatusCode.InternalServerError && request.Method != HttpMethod.Post));

    private Uri Base => connection.Server.AbsoluteUri.EndsWith('/') ? connection.Server : new Uri(connection.Server.AbsoluteUri + "/");

    // The address without what was asked for: selectors and continuations are long and say little.
    private static string PathOf(KubeRequest request) => request.PathAndQuery.Split('?')[0];

    // The first time a person can mend it. Later it is a fault like any other that may pass, such as a plugin without network.
    private async ValueTask<KubeCredential> CredentialAsync(KubeRequest request, KubeCredential? refused, CancellationToken ct)
    {
        try
        {
            var credential = await connection.Credential(refused, ct);
            _hadCredential = true;
            return credential;
        }
        catch (EbbException e) when (_hadCredential)
        {
            throw new KubeException(Describe(request), $"no credential: {e.Message}", e);
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(KubeRequest request, KubeCredential credential, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(Base, request.PathAndQuery));
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("ebb", null));
        message.Headers.Authorization = credential.Header;
        message.Headers.Host = connection.TlsServerName;
        foreach (var (name, value) in connection.Impersonation)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType);
        }

        using var tooLong = new CancellationTokenSource(request.Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, tooLong.Token);
        try
        {
            var response = await ClientFor(credential.Certificate)
                .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token);
            TellWarnings(response);
            return response;
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new KubeException(Describe(request), $"no answer within {request.Patience.TotalSeconds:0} s.", e);
        }
        catch (HttpRequestException e)
        {
            throw new KubeException(Describe(request), Explain(e), e);
        }
    }

    private HttpClient ClientFor(X509Certificate2? certificate)
    {
        lock (_lock)
        {
            if (_http is null || _certificate?.Thumbprint != certificate?.Thumbprint)
            {
                // A client of before is not disposed: its watches end by themselves, and then its connections go idle and close.
                _certificate = certificate;
                _http = new HttpClient(connection.Transport(certificate)) { Timeout = Timeout.InfiniteTimeSpan };
            }

            return _http;
        }
    }

    private string Explain(HttpRequestException e) => e.InnerException switch
    {
        AuthenticationException inner =>
            $"no trusted connection: {inner.Message} Check the certificate authority that {connection.Origin} names.",
        _ => $"no answer: {e.Message}",
    };

    private async Task<KubeException> ReadErrorAsync(KubeRequest request, HttpResponseMessage response, CancellationToken ct)
    {
        var body = await ReadBoundedAsync(request, response, ct);
        var retryAfter = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => Later(date - time.GetUtcNow()),
            _ => (TimeSpan?)null,
        };
        return new KubeException(Describe(request), StatusOf(response, body), retryAfter);
    }

    private static TimeSpan Later(TimeSpan wait) => wait > TimeSpan.Zero ? wait : TimeSpan.Zero;

    private async Task<byte[]> ReadBoundedAsync(KubeRequest request, HttpResponseMessage response, CancellationToken ct)
    {
        using var tooLong = new CancellationTokenSource(request.Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, tooLong.Token);
        var body = new byte[MaxErrorBytes];
        var read = 0;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(either.Token);
            read = await stream.ReadAtLeastAsync(body, MaxErrorBytes, throwOnEndOfStream: false, either.Token);
        }
        catch (Exception e) when (e is IOException or HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // The status line alone says what happened; the rest would only have said it better.
        }

        return body[..read];
    }

    private static V1Status StatusOf(HttpResponseMessage response, byte[] body)
    {
        try
        {
            var status = KubeJson.Read<V1Status>(body);
            if (status.Kind == "Status")
            {
                return status with { Code = (int)response.StatusCode };
            }
        }
        catch (JsonException)
        {
            // Something between us and the API server answered; its first words are all there is to tell.
        }

        var text = Encoding.UTF8.GetString(body).Trim();
        return new V1Status { Code = (int)response.StatusCode, Message = text.Length > 300 ? text[..300] + "…" : text };
    }

    private void TellWarnings(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Warning", out var warnings))
        {
            return;
        }

        foreach (var warning in warnings)
        {
            bool first;
            lock (_lock)
            {
                first = _warned.Count < MaxWarnings && _warned.Add(warning);
            }

            if (first)
            {
                LogWarning(TextOf(warning));
            }
        }
    }

    // 299 - "text": code, agent, quoted text.
    private static string TextOf(string warning)
    {
        var (from, to) = (warning.IndexOf('"', StringComparison.Ordinal), warning.LastIndexOf('"'));
        return from >= 0 && to > from
            ? warning[(from + 1)..to].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal)
            : warning;
    }

    [LoggerMessage(LogLevel.Warning, "The API server warns: {Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(LogLevel.Debug, "{Request} answered {Code}; trying again in {Wait}")]
    private partial void LogWaits(string request, int code, TimeSpan wait);
}

/// <summary>Causes in a Status that decide what to do next.</summary>
internal static class Causes
{
    public const string DisruptionBudget = "DisruptionBudget";
}
