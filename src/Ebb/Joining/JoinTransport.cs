using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Ebb.Joining;

/// <summary>How a join server is reached.</summary>
/// <param name="host">The server's name or address, and its port.</param>
public delegate ValueTask<Stream> Dial(string host, int port, CancellationToken ct);

/// <summary>
/// HTTPS to join servers whose authority is known by its hash alone: its certificate is fetched from whichever server answers, held
/// against the hash, and from then on it is the only one believed.
/// </summary>
internal sealed class JoinTransport(string pin, Dial? dial) : IDisposable
{
    // A certificate, or a handful of them.
    private const int MostAuthorityBytes = 64 << 10;

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    private HttpClient? _pinned;
    private X509Certificate2? _authority;

    /// <summary>Posts and reads what is answered.</summary>
    /// <exception cref="HttpRequestException">No answer, or none that may be believed.</exception>
    /// <exception cref="JsonException">An answer, but not in the form it must have.</exception>
    public async Task<Answer<TAnswer>> PostAsync<TRequest, TAnswer>(
        Uri server, string path, TRequest? body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken ct)
        where TRequest : class
        where TAnswer : class
    {
        var http = _pinned ??= await PinAsync(server, ct);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, path));
        request.Content = new ByteArrayContent(body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(body, requestType));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        await response.Content.LoadIntoBufferAsync(JoinPaths.MostAnswerBytes, ct);
        var bytes = await response.Content.ReadAsByteArrayAsync(ct);
        if (response.IsSuccessStatusCode)
        {
            return new(JsonSerializer.Deserialize(bytes, answerType) ?? throw new JsonException("The answer is null."), null);
        }

        return new(null, ReadError(bytes, response));
    }

    public void Dispose()
    {
        _pinned?.Dispose();
        _authority?.Dispose();
    }

    private static JoinError ReadError(byte[] bytes, HttpResponseMessage response)
    {
        var retry = (int?)response.Headers.RetryAfter?.Delta?.TotalSeconds;
        try
        {
            if (JsonSerializer.Deserialize(bytes, JoinJson.Default.JoinError) is { } error)
            {
                return error with { RetryAfterSeconds = error.RetryAfterSeconds ?? retry };
            }
        }
        catch (JsonException)
        {
            // Something before the join server answered in its place: what it was is in the status.
        }

        // Trouble of a server heals; a request that is refused without a word of a join server will be refused again.
        var heals = (int)response.StatusCode is >= 500 or 429 or 408;
        return new JoinError { Error = "failed", Message = $"HTTP {(int)response.StatusCode}", RetryAfterSeconds = retry ?? (heals ? 0 : null) };
    }

    private async Task<HttpClient> PinAsync(Uri server, CancellationToken ct)
    {
#pragma warning disable CA5359 // What is fetched is believed for its hash and not for where it came from, and nothing secret is sent.
        using var http = NewClient(new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true });
#pragma warning restore CA5359
        using var response = await http.GetAsync(new Uri(server, JoinPaths.Authority), HttpCompletionOption.ResponseHeadersRead, ct);
        response.EnsureSuccessStatusCode();
        await response.Content.LoadIntoBufferAsync(MostAuthorityBytes, ct);
        var authority = Find(await response.Content.ReadAsStringAsync(ct))
            ?? throw new HttpRequestException($"What {server} offers as its authority is not the one with the hash that this machine was given.");
        _authority = authority;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.Add(authority);
        return NewClient(new SslClientAuthenticationOptions { CertificateChainPolicy = policy });
    }

    private X509Certificate2? Find(string pem)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return null;
        }

        return found.FirstOrDefault(certificate => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)) == pin);
    }

    private HttpClient NewClient(SslClientAuthenticationOptions tls)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectWithin,
            SslOptions = tls,

            // Requests are minutes apart, and a machine that waits costs nothing.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
        };
        var connect = dial ?? ConnectAsync;
        handler.ConnectCallback = (context, ct) => connect(context.DnsEndPoint.Host, context.DnsEndPoint.Port, ct);
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>As the system does, but that a server whose machine is gone is known to be so within seconds, and not when the wait is over.</summary>
    internal static async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // A drain is waited for in silence, for minutes; what is left of its time is for another server to go on with.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 3);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(host, port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>What was granted, or why not.</summary>
internal sealed record Answer<T>(T? Granted, JoinError? Error)
    where T : class
{
    /// <summary>Nothing came that can be understood, or not in time.</summary>
    public bool Silent { get; init; }
}
