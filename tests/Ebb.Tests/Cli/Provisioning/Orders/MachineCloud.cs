using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Cli.Provisioning.Rendered;
using FileShare = Ebb.Clouds.Azure.Deployments.FileShare;

namespace Ebb.Tests.Cli.Provisioning.Orders;

/// <summary>
/// The sandbox's Azure over HTTP, with a cluster's storage and machines deployed from its own templates: real shares, metadata and
/// identities with the roles that the templates give them. One for all tests, which tidy the share before they begin.
/// </summary>
public sealed class MachineCloud : IAsyncLifetime
{
    private const string App = "operator";
    private readonly Agenda _agenda = new(TimeProvider.System);
    private readonly Authority _authority = Authority.Create("sandbox", TimeProvider.System);
    private readonly Dictionary<string, string> _files = [];
    private AzureFace _face = null!;
    private AzureHost _host = null!;
    private HttpClient _http = null!;
    private HttpMessageInvoker _trusting = null!;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("ebb-cloud-").FullName;

    /// <summary>What Python's programs trust.</summary>
    public string AuthorityFile => Path.Combine(Directory, "ca.pem");

    /// <summary>Every request that reached the resource manager and the share.</summary>
    public ConcurrentQueue<ArmCall> Calls { get; } = [];

    /// <summary>A machine that was born here, for others to be copies of.</summary>
    internal OrderedMachine? Born { get; set; }

    internal ClusterFile Cluster { get; private set; } = RenderLab.Minimal;

    internal RenderInputs Inputs { get; private set; } = RenderLab.Inputs;

    internal ResourceNames Names => new(Cluster, Inputs.SubscriptionId);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var quick = Latency.Seconds(0.01, 0.02);
        var world = new CloudWorld(_agenda, new CloudOptions { Accept = quick, Create = quick, Boot = quick, Stop = quick, Delete = quick });
        _face = new AzureFace(world, new AzureFaceOptions { Apps = [new AppRegistration(App, "secret")], Told = Calls.Enqueue });
        _host = await AzureHost.StartAsync(_face, _authority, 0, 0, Ct);
        await File.WriteAllTextAsync(AuthorityFile, _authority.CertificatePem, Ct);
        _trusting = new HttpMessageInvoker(Trusting());
        _http = new HttpClient(Trusting()) { BaseAddress = _host.Https };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await SignInAsync());

        Cluster = RenderLab.Minimal with
        {
            Cloud = RenderLab.Minimal.Cloud with { Region = world.Options.Location },
            ControlPlane = RenderLab.Minimal.ControlPlane with { Machines = 3 },
            Kubernetes = RenderLab.Minimal.Kubernetes with { Version = "v1.31.5+k3s1" },
            AddOns = RenderLab.Minimal.AddOns with { Registry = true },
        };
        Inputs = RenderLab.Inputs with { SubscriptionId = world.Options.SubscriptionId };
        var rendered = Renderer.Render(Cluster, Inputs);
        await DeployAsync(Cluster.Cloud.StorageGroup, rendered.StorageTemplate, rendered.StorageParameters);
        await DeployAsync(Cluster.Cloud.ComputeGroup, rendered.ComputeTemplate, rendered.ComputeParameters);
        foreach (var file in rendered.SystemFiles)
        {
            await PutFileAsync(file, file.EndsWith(".crt", StringComparison.Ordinal) ? RenderLab.AuthorityPem : $"content of {file}\n");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Born?.Dispose();
        _http?.Dispose();
        _trusting?.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        _face?.Dispose();
        _agenda.Dispose();
        _authority.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Inputs with the hashes of what lies on the share now.</summary>
    internal RenderInputs InputsNow => Inputs with
    {
        EbbHash = _files[SystemShare.Ebb],
        AgentHashes = Inputs.AgentHashes.Aggregate(Inputs.AgentHashes, (all, one) => all.SetItem(one.Key, _files[SystemShare.Agent(one.Key)])),
        AirGapHashes = _files.Where(file => file.Key.StartsWith(SystemShare.AirGap, StringComparison.Ordinal))
            .ToImmutableSortedDictionary(file => file.Key[SystemShare.AirGap.Length..], file => file.Value, StringComparer.Ordinal),
    };

    internal IReadOnlyDictionary<string, string> Hashes => _files;

    /// <summary>How a machine reaches this cloud instead of Azure.</summary>
    internal void Redirect(JsonObject configuration, int machine)
    {
        var set = "_" + Names.ControlPlaneMachine(machine);
        var instance = _face.World.Find(Cluster.Cloud.ComputeGroup, set)!.Instances.Values.Single();
        configuration["metadata"] = _host.MetadataOf(Cluster.Cloud.ComputeGroup, set, instance.Id).ToString().TrimEnd('/');
        configuration["manager"] = _host.Https.ToString().TrimEnd('/');
        configuration["fileShares"] = new Uri(_host.Https, $"{Names.SystemAccount}.file").ToString();
        if (configuration["k3s"]!["installer"] is not null)
        {
            configuration["k3s"]!["installer"] = new Uri(Path.Combine(Directory, "k3s-install.sh")).ToString();
        }
    }

    public async Task PutFileAsync(string path, string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var share = await ShareAsync();
        if (path.Contains('/', StringComparison.Ordinal))
        {
            await share.MakeDirectoryAsync(path[..path.LastIndexOf('/')], Ct);
        }

        await share.WriteAsync(path, new MemoryStream(bytes), Ct);
        _files[path] = Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    /// <summary>Null for what is not there.</summary>
    public async Task<byte[]?> FileAsync(string path) => await (await ShareAsync()).ReadAsync(path, 1 << 22, Ct);

    internal async Task<ControlPlaneState?> StateAsync(int machine)
    {
        var name = Names.ControlPlaneMachine(machine);
        return await FileAsync(SystemShare.State(name)) is { } content ? ControlPlaneState.Read(content, name) : null;
    }

    /// <summary>Removes everything that tells of orders, as a share has it that nobody has used yet.</summary>
    public async Task TidyAsync()
    {
        string[] notes = [SystemShare.Wanted, SystemShare.Turn, SystemShare.Begun, .. Names.ControlPlane.Select(index => SystemShare.State(Names.ControlPlaneMachine(index)))];
        foreach (var path in notes)
        {
            await DeleteFileAsync(path);
        }
    }

    /// <summary>As an owner of the account who exchanges its keys.</summary>
    public async Task ExchangeKeyAsync()
    {
        using var answer = await _http.PostAsync(
            new Uri($"{Account}/regenerateKey?api-version=2023-01-01", UriKind.Relative), new StringContent("""{"keyName":"key1"}""", Encoding.UTF8, "application/json"), Ct);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Of the shares' account.</summary>
    public async Task<string> SharesKeyAsync(string name)
    {
        using var answer = await _http.PostAsync(
            new Uri($"{Account.Replace(Names.SystemAccount, Names.StorageAccount, StringComparison.Ordinal)}/listKeys?api-version=2023-01-01", UriKind.Relative), null, Ct);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["keys"]!.AsArray().Single(key => (string)key!["keyName"]! == name)!["value"]!;
    }

    private string Account => $"/subscriptions/{Inputs.SubscriptionId}/resourceGroups/{Cluster.Cloud.StorageGroup}/providers/Microsoft.Storage/storageAccounts/{Names.SystemAccount}";

    private async Task<FileShare> ShareAsync()
    {
        using var answer = await _http.PostAsync(new Uri($"{Account}/listKeys?api-version=2023-01-01", UriKind.Relative), null, Ct);
        var key = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["keys"]![0]!["value"]!;
        return new FileShare(
            new StorageAccess(Names.SystemAccount, new Uri(_host.Https, $"{Names.SystemAccount}.file/"), key), SystemShare.Name, _trusting, TimeProvider.System, new Random(1));
    }

    private async Task DeleteFileAsync(string path)
    {
        // The library has no use for it: made empty is as good as gone for nobody but this, so it is asked for here.
        using var answer = await _http.PostAsync(new Uri($"{Account}/listKeys?api-version=2023-01-01", UriKind.Relative), null, Ct);
        var key = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["keys"]![0]!["value"]!;
        var address = new Uri(_host.Https, $"{Names.SystemAccount}.file/{SystemShare.Name}/{path}");
        using var request = new HttpRequestMessage(HttpMethod.Delete, address);
        request.Headers.Add("x-ms-version", "2022-11-02");
        request.Headers.Add("x-ms-date", TimeProvider.System.GetUtcNow().ToString("R"));
        var text = string.Join('\n', ["DELETE", .. Enumerable.Repeat("", 11), $"x-ms-date:{request.Headers.GetValues("x-ms-date").Single()}", "x-ms-version:2022-11-02", $"/{Names.SystemAccount}{address.AbsolutePath}"]);
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(key), Encoding.UTF8.GetBytes(text)));
        request.Headers.TryAddWithoutValidation("Authorization", $"SharedKey {Names.SystemAccount}:{signature}");
        using var deleted = await _trusting.SendAsync(request, Ct);
        Assert.True((int)deleted.StatusCode is 202 or 404, $"{deleted.StatusCode} {await deleted.Content.ReadAsStringAsync(Ct)}");
    }

    private async Task DeployAsync(string group, JsonObject template, JsonObject parameters)
    {
        var path = $"/subscriptions/{Inputs.SubscriptionId}/resourcegroups/{group}";
        await PutAsync($"{path}?api-version=2021-04-01", new JsonObject { ["location"] = Cluster.Cloud.Region });
        var deployment = $"{path}/providers/Microsoft.Resources/deployments/main?api-version=2021-04-01";
        await PutAsync(deployment, new JsonObject
        {
            ["properties"] = new JsonObject { ["mode"] = "Incremental", ["template"] = template.DeepClone(), ["parameters"] = parameters.DeepClone() },
        });
        while (true)
        {
            var text = await _http.GetStringAsync(new Uri(deployment, UriKind.Relative), Ct);
            var state = (string)JsonNode.Parse(text)!["properties"]!["provisioningState"]!;
            if (state is "Succeeded")
            {
                return;
            }

            Assert.True(state is "Accepted" or "Running", text);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Ct);
        }
    }

    private async Task PutAsync(string path, JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await _http.PutAsync(new Uri(path, UriKind.Relative), content, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }

    private async Task<string> SignInAsync()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = App,
            ["client_secret"] = "secret",
            ["scope"] = $"{_host.Https}.default",
        });
        using var answer = await _http.PostAsync(new Uri($"/{_face.World.Options.TenantId}/oauth2/v2.0/token", UriKind.Relative), form, Ct);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["access_token"]!;
    }

    private SocketsHttpHandler Trusting() => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509Certificate2.CreateFromPem(_authority.CertificatePem) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
    };
}
