using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Certificates;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>One of the two API servers, and what it was asked to be remembered of its answers.</summary>
internal sealed partial class ParityServer(Uri address, Authority authority) : IDisposable
{
    private static readonly string[] Compared = ["Content-Type", "Retry-After", "Warning", "Cache-Control"];
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly HttpClient _admin = Client(authority, authority.IssueClient("kubernetes-admin", "system:masters"));
    private readonly HttpClient _anonymous = Client(authority, null);

    public Dictionary<string, string> Kept { get; } = [];

    public async Task<Answer> SendAsync(Step step, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        while (true)
        {
            var answer = await SendOnceAsync(step, ct);
            if (step.Until is null || answer.Body?.ToJsonString().Contains(step.Until, StringComparison.Ordinal) == true)
            {
                return answer;
            }

            await Task.Delay(Pause, TimeProvider.System, either.Token);
        }
    }

    private async Task<Answer> SendOnceAsync(Step step, CancellationToken ct)
    {
        var path = Fill(step.Path);
        var watch = step.Method == "WATCH";
        using var request = new HttpRequestMessage(
            new HttpMethod(watch ? "GET" : step.Method),
            new Uri(address, watch ? path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "watch=1" : path));
        foreach (var (header, value) in step.Headers)
        {
            request.Headers.TryAddWithoutValidation(header, Fill(value));
        }

        if (step.Body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Fill(step.Body)));
            if (step.ContentType != "none")
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", step.ContentType);
            }
        }

        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        using var response = await (step.Anonymous ? _anonymous : _admin).SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        var body = watch && response.IsSuccessStatusCode
            ? await EventsAsync(response, step.Take, either.Token)
            : Answer.Read(await response.Content.ReadAsStringAsync(either.Token));
        var answer = new Answer((int)response.StatusCode, HeadersOf(response), body);
        foreach (var (kept, at) in step.Keep)
        {
            Kept[kept] = answer.At(at) ?? "";
        }

        return answer;
    }

    /// <summary>A request beside the table.</summary>
    public async Task<Answer> SendAsync(string method, string path, JsonObject body, CancellationToken ct) =>
        await SendAsync(new Step(0, method, path) { Body = body.ToJsonString(), ContentType = method == "PATCH" ? "application/merge-patch+json" : "application/json" }, ct);

    public void Dispose()
    {
        _admin.Dispose();
        _anonymous.Dispose();
    }

    private string Fill(string text) => Variable().Replace(text, match =>
    {
        var variable = match.Groups[1].Value;
        if (variable.StartsWith("x:", StringComparison.Ordinal))
        {
            return new string('x', int.Parse(variable[2..]));
        }

        return Kept.TryGetValue(variable, out var value)
            ? value : throw new InvalidDataException($"Nothing was kept under '{variable}'.");
    });

    private static async Task<JsonNode> EventsAsync(HttpResponseMessage response, int count, CancellationToken ct)
    {
        var events = new JsonArray();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
        try
        {
            while (events.Count < count && await reader.ReadLineAsync(ct) is { } line)
            {
                events.Add(Answer.Read(line));
            }
        }
        catch (OperationCanceledException)
        {
            // Fewer than there should be: the comparison shows which.
        }

        return events;
    }

    private static Dictionary<string, string> HeadersOf(HttpResponseMessage response)
    {
        var headers = new Dictionary<string, string>();
        foreach (var (header, values) in response.Headers.Concat(response.Content.Headers))
        {
            if (Compared.Contains(header, StringComparer.OrdinalIgnoreCase))
            {
                headers[header] = string.Join(", ", values);
            }
        }

        return headers;
    }

    private static HttpClient Client(Authority authority, X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback =
            (_, shown, _, _) => shown is X509Certificate2 server && authority.Issued(server, client: false);
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        var client = new HttpClient(handler);
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("parity", "1"));
        return client;
    }

    [GeneratedRegex(@"\{\{([a-zA-Z0-9:]+)\}\}")]
    private static partial Regex Variable();
}
