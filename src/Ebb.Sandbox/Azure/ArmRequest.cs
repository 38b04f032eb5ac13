using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Reading;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Ebb.Sandbox.Azure;

/// <summary>A request as the routes see it: segments to match in lower case, the same as they came, query, body.</summary>
internal sealed partial class ArmRequest
{
    // Resource manager refuses larger bodies.
    private const int MaxBody = 4 << 20;

    private static readonly JsonNodeOptions AnyCasing = new() { PropertyNameCaseInsensitive = true };

    private ArmRequest(string method, string path, IQueryCollection query, IHeaderDictionary headers, string baseUrl)
    {
        Method = method.ToUpperInvariant();
        Path = path;
        Segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        Lower = [.. Segments.Select(s => s.ToLowerInvariant())];
        Query = query;
        Headers = headers;
        BaseUrl = baseUrl;
    }

    public string Method { get; }

    public string Path { get; }

    public string[] Segments { get; }

    public string[] Lower { get; }

    public IQueryCollection Query { get; }

    public IHeaderDictionary Headers { get; }

    /// <summary>Scheme and authority under which the caller reached this face, without a slash at the end.</summary>
    public string BaseUrl { get; }

    /// <summary>Who asks, once a token has shown it.</summary>
    public ArmCaller Caller { get; set; } = ArmCaller.Unknown;

    /// <summary>Null when there was none.</summary>
    public JsonNode? Body { get; private set; }

    /// <summary>The body with the places of what stands in it, where those are known.</summary>
    public JsonSource? Source { get => field ?? (Body is null ? null : JsonSource.Of(Body)); private set; }

    public string ApiVersion => Query["api-version"].ToString();

    public string? IfMatch => Headers[HeaderNames.IfMatch] is [{ Length: > 0 } tag, ..] ? tag : null;

    public string? IfNoneMatch => Headers[HeaderNames.IfNoneMatch] is [{ Length: > 0 } tag, ..] ? tag : null;

    /// <summary>A query parameter as a boolean; absent is false.</summary>
    public bool Flag(string name) => bool.TryParse(Query[name].ToString(), out var value) && value;

    /// <summary>Reads the request without its body.</summary>
    public static ArmRequest Of(HttpRequest http) => new(http.Method, http.Path.Value ?? "", http.Query, http.Headers, $"{http.Scheme}://{http.Host}");

    /// <summary>A request that comes from within, without HTTP: what a deployment asks on behalf of who deploys.</summary>
    /// <param name="url">A path with its query, or a whole address that this face handed out.</param>
    /// <param name="baseUrl">Under which addresses in the answer are to be reached.</param>
    public static ArmRequest Internal(string method, string url, JsonNode? body, ArmCaller caller, string baseUrl)
    {
        var path = url.StartsWith(baseUrl + "/", StringComparison.OrdinalIgnoreCase) ? url[baseUrl.Length..] : url;
        var (before, query) = path.IndexOf('?') is var at and >= 0 ? (path[..at], path[at..]) : (path, "");
        return new ArmRequest(method, Uri.UnescapeDataString(before), new QueryCollection(QueryHelpers.ParseQuery(query)), new HeaderDictionary(), baseUrl)
        {
            Caller = caller,
            Body = body is null ? null : JsonNode.Parse(body.ToJsonString(), AnyCasing),
        };
    }

    /// <summary>Reads the body; null when that worked, otherwise the refusal.</summary>
    public async Task<ArmReply?> ReadBodyAsync(HttpRequest http, CancellationToken ct)
    {
        if (Method is "GET" or "HEAD" or "DELETE" or "OPTIONS")
        {
            return null;
        }

        var bytes = await ReadBoundedAsync(http.Body, MaxBody, ct);
        if (bytes is null)
        {
            return ArmReply.Error(413, "RequestEntityTooLarge", $"The request content size exceeds the maximum size of {MaxBody >> 20} MB.");
        }

        if (bytes.Length == 0)
        {
            return null;
        }

        if (http.ContentType?.Contains("json", StringComparison.OrdinalIgnoreCase) != true)
        {
            return ArmReply.Error(415, "UnsupportedMediaType", $"The content media type '{http.ContentType ?? "<null>"}' is not supported. Only 'application/json' is supported.");
        }

        // A template's author is told where in the text it is wrong, and az pastes that text in without making it JSON.
        if (Lower.Contains("deployments"))
        {
            return ReadTemplate(bytes);
        }

        try
        {
            Body = JsonNode.Parse(bytes, AnyCasing, new JsonDocumentOptions { AllowDuplicateProperties = false });
            Visit(Body);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return ArmReply.Error(400, "InvalidRequestContent", $"The request content was invalid and could not be deserialized: '{e.Message}'.");
        }

        return Body is null or JsonObject
            ? null
            : ArmReply.Error(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'an object is expected'.");
    }

    private ArmReply? ReadTemplate(byte[] bytes)
    {
        try
        {
            Source = JsonSource.Read(Encoding.UTF8.GetString(bytes));
            Body = Source.Root;
            return null;
        }
        catch (TemplateException e)
        {
            return ArmReply.Error(400, "InvalidRequestContent", $"The request content was invalid and could not be deserialized: '{e.Message}'.");
        }
    }

    /// <summary>Why the request's version is refused; null when it is well-formed.</summary>
    public ArmReply? CheckApiVersion()
    {
        if (ApiVersion.Length == 0)
        {
            return ArmReply.Error(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.");
        }

        return WellFormedVersion().IsMatch(ApiVersion)
            ? null
            : ArmReply.Error(400, "InvalidApiVersionParameter", $"The api-version '{ApiVersion}' is invalid. The supported versions are '2024-07-01,2023-09-01,2022-12-01,2021-04-01'.");
    }

    // Objects are read when they are first looked into, and only then is a name found to be given twice in two cases.
    private static void Visit(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject o:
                foreach (var (_, value) in o)
                {
                    Visit(value);
                }

                break;
            case JsonArray a:
                foreach (var value in a)
                {
                    Visit(value);
                }

                break;
        }
    }

    /// <summary>Reads all of a stream; null when it has more than <paramref name="most"/> bytes.</summary>
    internal static async Task<byte[]?> ReadBoundedAsync(Stream stream, int most, CancellationToken ct)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 << 10];
        while (await stream.ReadAsync(chunk, ct) is var read and > 0)
        {
            if (buffer.Length + read > most)
            {
                return null;
            }

            await buffer.WriteAsync(chunk.AsMemory(0, read), ct);
        }

        return buffer.ToArray();
    }

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}(-[A-Za-z]+)?\z")]
    private static partial Regex WellFormedVersion();
}
