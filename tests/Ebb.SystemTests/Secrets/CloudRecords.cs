using System.Net.Http.Headers;
using System.Text.Json;

namespace Ebb.SystemTests.Secrets;

/// <summary>What the sandbox's Azure keeps and answers about a cluster, asked as its owner.</summary>
internal sealed class CloudRecords : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _subscription;

    private CloudRecords(HttpClient http, string subscription) => (_http, _subscription) = (http, subscription);

    /// <param name="stateFile">The sandbox's <c>sandbox.json</c>.</param>
    public static async Task<CloudRecords> OpenAsync(string stateFile, CancellationToken ct)
    {
        var state = JsonDocument.Parse(await File.ReadAllTextAsync(stateFile, ct)).RootElement.GetProperty("azure");
        var client = state.GetProperty("client");
#pragma warning disable CA5399, CA5400 // The sandbox's own authority, on this machine's loopback.
        var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true }) { BaseAddress = new Uri(state.GetProperty("endpoint").GetString()!) };
#pragma warning restore CA5399, CA5400
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = client.GetProperty("id").GetString()!,
            ["client_secret"] = client.GetProperty("secret").GetString()!,
            ["scope"] = new Uri(http.BaseAddress, ".default").AbsoluteUri,
        });
        using var answer = await http.PostAsync($"{client.GetProperty("tenant").GetString()}/oauth2/v2.0/token", form, ct);
        var token = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct)).RootElement.GetProperty("access_token").GetString()!;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new CloudRecords(http, $"subscriptions/{state.GetProperty("subscription").GetString()}");
    }

    /// <summary>Keys of all storage accounts of a group, by account.</summary>
    public async Task<IReadOnlyList<(string Account, string Key)>> KeysAsync(string group, CancellationToken ct)
    {
        var keys = new List<(string, string)>();
        foreach (var account in await IdsAsync($"{_subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts", "2023-01-01", ct))
        {
            using var answer = await _http.PostAsync($"{account}/listKeys?api-version=2023-01-01", null, ct);
            var listed = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct)).RootElement.GetProperty("keys");
            keys.AddRange(listed.EnumerateArray().Select(key => (account.Split('/')[^1], key.GetProperty("value").GetString()!)));
        }

        return keys;
    }

    /// <summary>Every resource, deployment and operation of these groups, and the activity log.</summary>
    public async Task AddToAsync(Haystack haystack, IEnumerable<string> groups, CancellationToken ct)
    {
        foreach (var group in groups)
        {
            var at = $"{_subscription}/resourceGroups/{group}";
            foreach (var resource in await IdsAsync($"{at}/resources", "2021-04-01", ct))
            {
                await AddAsync(haystack, $"{resource}?api-version=2023-09-01&$expand=userData", ct);
            }

            var deployments = await IdsAsync($"{at}/providers/Microsoft.Resources/deployments", "2021-04-01", ct);
            Assert.NotEmpty(deployments);
            foreach (var deployment in deployments)
            {
                await AddAsync(haystack, $"{deployment}?api-version=2021-04-01", ct);
                await AddAsync(haystack, $"{deployment}/operations?api-version=2021-04-01", ct);
            }
        }

        await AddAsync(haystack, $"{_subscription}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$filter=eventTimestamp ge '2020-01-01T00:00:00Z'", ct);
    }

    public void Dispose() => _http.Dispose();

    private async Task AddAsync(Haystack haystack, string path, CancellationToken ct)
    {
        using var answer = await _http.GetAsync(path, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        haystack.Add($"answer of the cloud to {path.Split('?')[0]}", text);
    }

    private async Task<IReadOnlyList<string>> IdsAsync(string path, string version, CancellationToken ct)
    {
        using var answer = await _http.GetAsync($"{path}?api-version={version}", ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return [.. JsonDocument.Parse(text).RootElement.GetProperty("value").EnumerateArray().Select(found => found.GetProperty("id").GetString()!.TrimStart('/'))];
    }
}
