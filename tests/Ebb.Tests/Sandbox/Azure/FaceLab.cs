using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>A face on a cloud on a virtual clock, and an HTTP client that has signed in.</summary>
internal sealed class FaceLab : IDisposable
{
    public const string Base = "https://127.0.0.1:8443";

    private readonly HttpClient _http;

    private FaceLab(Lab lab, AzureFaceOptions options)
    {
        Cloud = lab;
        Face = new AzureFace(lab.World, options);
        _http = new HttpClient(new InProcessHandler(Face)) { BaseAddress = new Uri(Base) };
    }

    public Lab Cloud { get; }

    public AzureFace Face { get; }

    public string Token { get; set; } = "";

    public string Subscription => $"/subscriptions/{Cloud.World.Options.SubscriptionId}";

    public string Sets => $"{Subscription}/resourceGroups/{Lab.Group}/providers/Microsoft.Compute/virtualMachineScaleSets";

    public string Set => $"{Sets}/{Lab.Set}";

    /// <summary>Signs in; with a spec, creates the set and lets it boot.</summary>
    public static async Task<FaceLab> StartAsync(ScaleSetSpec? spec = null, CloudOptions? cloud = null, AzureFaceOptions? options = null)
    {
        var lab = new FaceLab(new Lab(cloud), (options ?? new AzureFaceOptions()) with { Apps = [new AppRegistration("app", "secret")] });
        lab.Token = (await lab.SignInAsync("app", "secret")).Json["access_token"]!.GetValue<string>();
        if (spec is not null)
        {
            lab.Cloud.Have(spec);
        }

        return lab;
    }

    public Task<Answer> SignInAsync(string id, string secret) => PostFormAsync(
        $"/{Cloud.World.Options.TenantId}/oauth2/v2.0/token",
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("scope", $"{Base}//.default"));

    public async Task<Answer> PostFormAsync(string path, params (string, string)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Item1, f.Item2)));
        using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(response);
    }

    /// <summary>Fetches what needs no token.</summary>
    public Task<byte[]> DownloadAsync(string path) =>
        _http.GetByteArrayAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PutAsync(string path, string json, string? ifMatch = null) => SendAsync(HttpMethod.Put, path, json, ("If-Match", ifMatch));

    public Task<Answer> PostAsync(string path, string? json = null) => SendAsync(HttpMethod.Post, path, json);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    /// <summary>Sends with the token; adds a version when the path names none.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json = null, params (string Name, string? Value)[] headers)
    {
        if (!path.Contains("api-version", StringComparison.Ordinal))
        {
            path += (path.Contains('?') ? "&" : "?") + "api-version=2024-07-01";
        }

        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.RelativeOrAbsolute));
        request.Headers.Authorization = Token.Length > 0 ? new AuthenticationHeaderValue("Bearer", Token) : null;
        foreach (var (name, value) in headers.Where(h => h.Value is not null))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(response);
    }

    /// <summary>Has a network interface in a network of its own; its id.</summary>
    public async Task<string> HaveNicAsync(string name)
    {
        var network = $"{Subscription}/resourceGroups/{Lab.Group}/providers/Microsoft.Network";
        var subnet = $"{network}/virtualNetworks/net/subnets/default";
        await PutAsync($"{network}/virtualNetworks/net", """{"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.1.0.0/16"]},"subnets":[{"name":"default","properties":{"addressPrefix":"10.1.0.0/24"}}]}}""");
        await PutAsync(
            $"{network}/networkInterfaces/{name}",
            """{"location":"eastus","properties":{"ipConfigurations":[{"name":"ip","properties":{"primary":true,"privateIPAllocationMethod":"Dynamic","subnet":{"id":"SUBNET"}}}]}}"""
                .Replace("SUBNET", subnet, StringComparison.Ordinal));
        return $"{network}/networkInterfaces/{name}";
    }

    /// <summary>Asks the metadata service of the scale set's first machine.</summary>
    public Task<Answer> MetadataAsync(string path, HttpMethod? method = null, string? json = null, string? header = "true") =>
        AskMachineAsync($"/machines/{Lab.Group}/{Lab.Set}/0/metadata/{path}", method, json, header);

    public Task<Answer> MetadataOfAsync(Instance machine, string path) =>
        AskMachineAsync($"/machines/{machine.Group}/{machine.Set}/{machine.Id}/metadata/{path}", null, null, "true");

    private async Task<Answer> AskMachineAsync(string address, HttpMethod? method, string? json, string? header)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(address, UriKind.Relative));
        if (header is not null)
        {
            request.Headers.Add("Metadata", header);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(response);
    }

    public void Dispose()
    {
        _http.Dispose();
        Face.Dispose();
        Cloud.Dispose();
    }
}

internal sealed record Answer(HttpStatusCode Status, string Text, Dictionary<string, string> Headers)
{
    public int Code => (int)Status;

    public JsonNode Json => JsonNode.Parse(Text)!;

    public string Error => Json["error"]!["code"]!.GetValue<string>();

    public string Message => Json["error"]!["message"]!.GetValue<string>();

    public static async Task<Answer> ReadAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
        response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase));
}
