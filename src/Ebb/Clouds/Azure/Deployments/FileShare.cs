using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A file share, by Azure Files' own REST protocol: so that nothing has to be mounted.</summary>
/// <param name="http">Goes out as given, without buffering or time limit of its own.</param>
public sealed class FileShare(StorageAccess access, string share, HttpMessageInvoker http, TimeProvider time, Random random)
{
    private const string Version = "2022-11-02";

    // The most that one request may write.
    private const int MostRange = 4 << 20;

    private const int MostRepeats = 5;

    private const int MostRefusal = 1 << 16;

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(90);

    // Older versions of the protocol demand them of everything that is made.
    private static readonly (string Name, string Value)[] Properties =
        [("x-ms-file-creation-time", "now"), ("x-ms-file-last-write-time", "now"), ("x-ms-file-permission", "inherit")];

    /// <summary>Makes a directory with those above it; those that are there stay.</summary>
    public async Task MakeDirectoryAsync(string path, CancellationToken ct)
    {
        var made = "";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            made = made.Length == 0 ? part : $"{made}/{part}";
            using var answer = await SendAsync(
                $"Making directory '{made}'", () => Request(HttpMethod.Put, made, "restype=directory", [("x-ms-file-attributes", "Directory"), .. Properties]), ct);
            if (answer.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.Conflict))
            {
                throw await FailedAsync($"Making directory '{made}'", answer, ct);
            }
        }
    }

    /// <summary>Writes a file whole, over one that is there. Not in one stroke: until this returns it may be there in part.</summary>
    /// <param name="content">Read from where it stands; <see cref="Stream.Length"/> is what is written.</param>
    public async Task WriteAsync(string path, Stream content, CancellationToken ct)
    {
        var length = content.Length - content.Position;
        var doing = $"Writing '{path}' to share '{share}'";
        using (var made = await SendAsync(doing, Create, ct))
        {
            if (made.StatusCode is not HttpStatusCode.Created)
            {
                throw await FailedAsync(doing, made, ct);
            }
        }

        var buffer = new byte[(int)Math.Min(length, MostRange)];
        for (long at = 0; at < length;)
        {
            var count = (int)Math.Min(buffer.Length, length - at);
            await content.ReadExactlyAsync(buffer.AsMemory(0, count), ct);
            var (first, last) = (at, at + count - 1);
            using var put = await SendAsync(doing, () => PutRange(first, last, buffer.AsMemory(0, count)), ct);
            if (put.StatusCode is not HttpStatusCode.Created)
            {
                throw await FailedAsync(doing, put, ct);
            }

            at += count;
        }

        HttpRequestMessage Create() => Request(
            HttpMethod.Put,
            path,
            "",
            [
                ("x-ms-type", "file"),
                ("x-ms-content-length", length.ToString(CultureInfo.InvariantCulture)),
                ("x-ms-file-attributes", "None"),
                .. Properties,
            ]);

        HttpRequestMessage PutRange(long first, long last, ReadOnlyMemory<byte> bytes)
        {
            var request = Request(HttpMethod.Put, path, "comp=range", ("x-ms-write", "update"), ("x-ms-range", $"bytes={first}-{last}"));
            request.Content = new ReadOnlyMemoryContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            request.Content.Headers.ContentLength = bytes.Length;
            return request;
        }
    }

    /// <summary>Reads a file whole; null when it is not there.</summary>
    /// <param name="most">A longer one is refused.</param>
    public async Task<byte[]?> ReadAsync(string path, int most, CancellationToken ct)
    {
        var doing = $"Reading '{path}' of share '{share}'";
        using var answer = await SendAsync(doing, () => Request(HttpMethod.Get, path, ""), ct, most);
        return answer.StatusCode switch
        {
            HttpStatusCode.NotFound => null,
            HttpStatusCode.OK or HttpStatusCode.PartialContent => await answer.Content.ReadAsByteArrayAsync(ct),
            _ => throw await FailedAsync(doing, answer, ct),
        };
    }

    /// <summary>Deletes a file; one that is not there is as good.</summary>
    public async Task DeleteAsync(string path, CancellationToken ct)
    {
        var doing = $"Deleting '{path}' of share '{share}'";
        using var answer = await SendAsync(doing, () => Request(HttpMethod.Delete, path, ""), ct);
        if (answer.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.NotFound))
        {
            throw await FailedAsync(doing, answer, ct);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string query, params ReadOnlySpan<(string Name, string Value)> headers)
    {
        var escaped = string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.EscapeDataString));
        var address = new UriBuilder(access.Files) { Query = query };
        address.Path = $"{address.Path.TrimEnd('/')}/{Uri.EscapeDataString(share)}/{escaped}";
        var request = new HttpRequestMessage(method, address.Uri);
        request.Headers.Add("x-ms-version", Version);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return request;
    }

    /// <summary>Sends what may be sent twice; what can heal is repeated.</summary>
    private async Task<HttpResponseMessage> SendAsync(string doing, Func<HttpRequestMessage> make, CancellationToken ct, int mostAnswer = MostRefusal)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), time, random);
        for (var attempt = 1; ; attempt++)
        {
            string trouble;
            try
            {
                var answer = await OnceAsync(make, mostAnswer, ct);
                if (answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout) && (int)answer.StatusCode < 500)
                {
                    return answer;
                }

                trouble = $"it answered {(int)answer.StatusCode}";
                answer.Dispose();
            }
            catch (HttpRequestException e)
            {
                trouble = e.GetBaseException().Message;
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                trouble = $"it did not answer within {CallTimeout.TotalSeconds} s";
            }

            if (attempt == MostRepeats)
            {
                throw new CloudException($"{doing}: storage account '{access.Account}' could not be reached at {access.Files.Authority}: {trouble}");
            }

            await backoff.FailedAsync(ct);
        }
    }

    private async Task<HttpResponseMessage> OnceAsync(Func<HttpRequestMessage> make, int mostAnswer, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var request = make();
        request.Headers.Add("x-ms-date", time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture));
        SharedKey.Sign(request, access);
        var answer = await http.SendAsync(request, either.Token);
        try
        {
            // The limit is for what is asked for: a refusal, however short the file may be, has a length of its own.
            await answer.Content.LoadIntoBufferAsync(answer.IsSuccessStatusCode ? mostAnswer : MostRefusal, either.Token);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private static async Task<CloudException> FailedAsync(string doing, HttpResponseMessage answer, CancellationToken ct)
    {
        // The code is in a header; the body is XML that says the same at length.
        var code = answer.Headers.TryGetValues("x-ms-error-code", out var codes) ? codes.FirstOrDefault() : null;
        var body = code is null ? await answer.Content.ReadAsStringAsync(ct) : "";
        return new CloudException(
            $"{doing}: storage answered {(int)answer.StatusCode} {code ?? body[..Math.Min(200, body.Length)].ReplaceLineEndings(" ")}", answer.StatusCode, code);
    }
}
