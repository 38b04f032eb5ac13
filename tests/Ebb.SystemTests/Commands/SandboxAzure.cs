using System.Net.Http.Headers;
using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>The Azure of a cluster in the sandbox, called as its portal would.</summary>
internal sealed class SandboxAzure : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _subscription;

    private SandboxAzure(HttpClient http, string subscription) => (_http, _subscription) = (http, subscription);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="directory">Where the cluster's sandbox keeps its files.</param>
    public static async Task<SandboxAzure> OpenAsync(string directory)
    {
        var state = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "sandbox.json"), Ct)).RootElement.GetProperty("azure");
        var client = state.GetProperty("client");
#pragma warning disable CA5399, CA5400 // The sandbox's own authority, on this machine's loopback, for some requests of a test.
        var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true }) { BaseAddress = new Uri(state.GetProperty("endpoint").GetString()!) };
#pragma warning restore CA5399, CA5400
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = client.GetProperty("id").GetString()!,
            ["client_secret"] = client.GetProperty("secret").GetString()!,
            ["scope"] = new Uri(http.BaseAddress, ".default").AbsoluteUri,
        });
        var answer = await http.PostAsync($"{client.GetProperty("tenant").GetString()}/oauth2/v2.0/token", form, Ct);
        var token = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.GetProperty("access_token").GetString());
        return new SandboxAzure(http, state.GetProperty("subscription").GetString()!);
    }

    /// <param name="path">From the resource group on.</param>
    public async Task<JsonElement> GetAsync(string group, string path) =>
        JsonDocument.Parse(await _http.GetStringAsync(Address(group, path), Ct)).RootElement;

    public async Task PostAsync(string group, string path)
    {
        using var answer = await _http.PostAsync(Address(group, path), null, Ct);
        answer.EnsureSuccessStatusCode();
    }

    public async Task DeleteAsync(string group, string path)
    {
        using var answer = await _http.DeleteAsync(Address(group, path), Ct);
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();

    private Uri Address(string group, string path) =>
        new($"subscriptions/{_subscription}/resourceGroups/{group}/providers/Microsoft.Compute/{path}?api-version=2023-09-01", UriKind.Relative);
}
