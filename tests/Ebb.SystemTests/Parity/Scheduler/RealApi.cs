using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Plain requests to a real API server; shares nothing with the clients under test.</summary>
internal sealed class RealApi(HttpClient http)
{
    public Task<JsonObject> GetAsync(string path, CancellationToken ct) => SendAsync(HttpMethod.Get, path, null, ct);

    public Task<JsonObject> PostAsync(string path, JsonObject body, CancellationToken ct) => SendAsync(HttpMethod.Post, path, body, ct);

    public Task<JsonObject> PatchAsync(string path, JsonObject body, CancellationToken ct) => SendAsync(HttpMethod.Patch, path, body, ct);

    /// <param name="grace">In seconds.</param>
    public Task DeleteAsync(string path, int grace, CancellationToken ct) =>
        SendAsync(HttpMethod.Delete, path, new JsonObject { ["gracePeriodSeconds"] = grace }, ct);

    /// <summary>Follows a collection; ends when the server ends it.</summary>
    public async Task WatchAsync(string path, string resourceVersion, Action<JsonObject> onEvent, CancellationToken ct)
    {
        using var response = await http.GetAsync(
            $"{path}?watch=1&resourceVersion={resourceVersion}", HttpCompletionOption.ResponseHeadersRead, ct);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            onEvent(JsonNode.Parse(line)!.AsObject());
        }
    }

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(
                method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        }

        using var response = await http.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject()
            : throw new RefusedException(response.StatusCode, $"{method} {path} was answered {(int)response.StatusCode}: {text}");
    }
}

/// <summary>The API server did not take a request.</summary>
internal sealed class RefusedException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;
}
