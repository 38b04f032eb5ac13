using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>Requests to one API server. What gets no answer throws; what is refused is an answer.</summary>
/// <param name="http">Knows address, authority and credential.</param>
internal sealed class ApiHttp(HttpClient http, TimeProvider time)
{
    public const string Json = "application/json";
    public const string MergePatch = "application/merge-patch+json";
    public const string StrategicPatch = "application/strategic-merge-patch+json";

    // No object is larger than what etcd takes, which is 1.5 MiB.
    private const int MostLine = 8 << 20;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    // A server sends a bookmark every minute, if anything ever changes: one that has been silent for longer may be dead.
    private static readonly TimeSpan WatchPatience = TimeSpan.FromSeconds(150);

    public async Task<ApiAnswer> SendAsync(
        HttpMethod method, string path, JsonObject? body, CancellationToken ct, string contentType = Json)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var request = Request(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes<JsonNode>(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }

        try
        {
            using var response = await http.SendAsync(request, either.Token);
            var content = await response.Content.ReadAsByteArrayAsync(either.Token);
            return new ApiAnswer(response.StatusCode, content, response.Headers.RetryAfter?.Delta);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"{method} {path} got no answer within {Deadline.TotalSeconds:0} s.", e);
        }
    }

    /// <summary>The events of a watch, as they come, until the server ends it or is silent for long.</summary>
    public async IAsyncEnumerable<JsonObject> WatchAsync(string path, [EnumeratorCancellation] CancellationToken ct)
    {
        using var request = Request(HttpMethod.Get, path);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (!response.IsSuccessStatusCode)
        {
            var answer = new ApiAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(ct), null);
            throw new ApiRefusal(answer);
        }

        var lines = PipeReader.Create(await response.Content.ReadAsStreamAsync(ct));
        try
        {
            while (true)
            {
                if (await ReadAsync(lines, ct) is not { } read)
                {
                    yield break;
                }

                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    yield return Parse(rest.Slice(0, end));
                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (read.IsCompleted)
                {
                    yield break;
                }

                if (rest.Length > MostLine)
                {
                    throw new JsonException($"An event of the watch {path} is larger than {MostLine >> 20} MiB.");
                }

                lines.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            await lines.CompleteAsync();
        }
    }

    /// <summary>Null when nothing came for long.</summary>
    private async Task<ReadResult?> ReadAsync(PipeReader lines, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(WatchPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            return await lines.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    private static JsonObject Parse(ReadOnlySequence<byte> line) =>
        Encoder.Parse(line.IsSingleSegment ? line.FirstSpan : line.ToArray());

    private static HttpRequestMessage Request(HttpMethod method, string path) => new(method, path)
    {
        // Hundreds of requests at once are streams of one connection, not connections.
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        Headers = { Accept = { new MediaTypeWithQualityHeaderValue(Json) }, UserAgent = { new ProductInfoHeaderValue("ebb-hollow-kubelet", "1") } },
    };
}

/// <summary>What the API server answered.</summary>
internal sealed record ApiAnswer(HttpStatusCode Code, byte[] Body, TimeSpan? RetryAfter)
{
    public bool Ok => (int)Code is >= 200 and < 300;

    public bool NotFound => Code is HttpStatusCode.NotFound;

    public bool Conflict => Code is HttpStatusCode.Conflict;

    public bool Expired => Code is HttpStatusCode.Gone;

    /// <summary>The request itself is wrong, and stays so.</summary>
    public bool Refused => Code is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
        or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnsupportedMediaType or HttpStatusCode.MethodNotAllowed;

    public JsonObject Json => Encoder.Parse(Body);

    public string Trouble
    {
        get
        {
            try
            {
                return $"{(int)Code}: {Json.Text("message") ?? Code.ToString()}";
            }
            catch (JsonException)
            {
                // What stands between us and the API server answers in its own words.
                return $"{(int)Code}: {System.Text.Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 200)))}";
            }
        }
    }
}

/// <summary>The API server refused what cannot be given up.</summary>
internal sealed class ApiRefusal(ApiAnswer answer) : Exception(answer.Trouble)
{
    public ApiAnswer Answer => answer;
}
