using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.ControlPlane.Supervising;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>Every key of a running control plane is replaced under it, but for its authorities.</summary>
public sealed class RenewalTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(150);

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-renewal-").FullName;
    private HostedControlPlane? _plane;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private HostedControlPlane Plane => _plane!;

    private PkiFiles Files => new(Plane.Shape.Paths.Root);

    [Fact]
    public async Task Renewed_keys_are_taken_up_one_component_after_the_other_and_nothing_is_lost()
    {
        _plane = await RealParts.StartAsync(_directory, Ct, members: 3, keys: KeyAlgorithm.Rsa);
        using var admin = AccessCluster.Client(Plane.AdminKubeconfig);
        await new Manifest("v1", "Secret", "secrets", "default", "kept", new JsonObject { ["stringData"] = new JsonObject { ["a"] = "hidden" } }).ApplyAsync(admin, Ct);
        Assert.StartsWith("k8s:enc:secretbox:v1:key-1:", await StoredAsync(), StringComparison.Ordinal);
        var token = await TokenAsync();
        var before = Plane.Components.ToDictionary(component => component.Name, component => component.ProcessId);
        var down = MembersDownAtOnce();
        await TakenUpAsync(Ct);

        Renewal.Renew(Files, [.. Wanted.CertificateNames, "admin.conf", "controller-manager.conf", "scheduler.conf"], TimeProvider.System);
        ServiceAccountKeys.Rotate(Files);
        await TakenUpAsync(Ct);

        Assert.All(Plane.Components, component => Assert.NotEqual(before[component.Name], component.ProcessId));
        Assert.Equal(1, down.Max());
        Assert.Equal(await File.ReadAllTextAsync(Files.Certificate("apiserver"), Ct), await PresentedAsync());
        Assert.Equal("hidden", await KeptAsync());
        Assert.Equal(200, await AskAsync(token));

        ServiceAccountKeys.ForgetOld(Files);
        using var renewed = AccessCluster.Client(Plane.AdminKubeconfig);
        await new EncryptionRotation(Files, renewed, TakenUpAsync).RunAsync(Ct);

        Assert.Equal(401, await AskAsync(token));
        Assert.StartsWith("k8s:enc:secretbox:v1:key-2:", await StoredAsync(), StringComparison.Ordinal);
        var audit = await File.ReadAllTextAsync(Plane.Shape.Paths.Audit, Ct);
        Assert.Contains("/api/v1/namespaces/default/secrets/kept", audit, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String("hidden"u8), audit, StringComparison.Ordinal);
        Assert.DoesNotContain("\"hidden\"", audit, StringComparison.Ordinal);
        Assert.Equal("key-2", Assert.Single(EncryptionFile.Read(Files).Keys).Name);
        Assert.Equal("hidden", await KeptAsync());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_plane is not null)
        {
            await _plane.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private Task TakenUpAsync(CancellationToken ct) => Shell.UntilAsync(
        "all run with the keys as they are", Soon, () => Task.FromResult(SecretFile.Read(Files.TakenUp) == PkiFingerprint.Of(Files)));

    /// <summary>How many members of the store were not at work, at every change.</summary>
    private ConcurrentQueue<int> MembersDownAtOnce()
    {
        var down = new ConcurrentQueue<int>();
        Plane.Changed += () => down.Enqueue(Plane.Components.Count(
            component => component.Name.StartsWith(EtcdMember.Binary, StringComparison.Ordinal) && component.Condition is not Condition.Healthy));
        return down;
    }

    /// <summary>A token of the service account, good for an hour.</summary>
    private async Task<string> TokenAsync()
    {
        var admin = KubeconfigFile.Read(await File.ReadAllTextAsync(Plane.AdminKubeconfig, Ct))!.Certificate;
        using var own = X509Certificate2.CreateFromPem(admin.CertificatePem, admin.KeyPem);
        using var presentable = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
        using var http = Https(Files.Certificate("ca"), presentable);
        string? token = null;
        await Shell.UntilAsync("the account is there and has a token", Soon, async () =>
        {
            using var body = new StringContent("""{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}""", Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(new Uri(Plane.Address, "/api/v1/namespaces/default/serviceaccounts/default/token"), body, Ct);
            var answer = await response.Content.ReadAsStringAsync(Ct);
            token = response.IsSuccessStatusCode ? (string?)JsonNode.Parse(answer)!["status"]!["token"] : null;
            return token is not null;
        });
        return token!;
    }

    private async Task<string> KeptAsync()
    {
        using var admin = AccessCluster.Client(Plane.AdminKubeconfig);
        var kept = await admin.GetAsync(Ebb.Kubernetes.Resources.Secrets, "default", "kept", Ct);
        return Encoding.UTF8.GetString(kept.Data!.Value.GetProperty("a").GetBytesFromBase64());
    }

    /// <summary>Who may ask with this token: 200 for anyone who is believed.</summary>
    private async Task<int> AskAsync(string token)
    {
        using var http = Https(Files.Certificate("ca"), null);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Plane.Address, "/api"));
        request.Headers.Authorization = new("Bearer", token);
        using var response = await http.SendAsync(request, Ct);
        return (int)response.StatusCode;
    }

    private async Task<string> PresentedAsync()
    {
        var presented = "";
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                {
                    using var copy = new X509Certificate2(certificate!);
                    presented = copy.ExportCertificatePem() + "\n";

                    // Of an authority that this machine does not know, but made out to the right name.
                    return errors is SslPolicyErrors.RemoteCertificateChainErrors;
                },
            },
        };
        using var http = new HttpClient(handler);
        using var response = await http.GetAsync(new Uri(Plane.Address, "/version"), Ct);
        return presented;
    }

    /// <summary>How the Secret stands in etcd.</summary>
    private async Task<string> StoredAsync()
    {
        using var own = X509Certificate2.CreateFromPemFile(Files.Certificate("apiserver-etcd-client"), Files.Key("apiserver-etcd-client"));
        using var presentable = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
        using var http = Https(Files.Certificate("etcd/ca"), presentable);
        var key = Convert.ToBase64String("/registry/secrets/default/kept"u8);
        using var body = new StringContent(new JsonObject { ["key"] = key }.ToJsonString());
        using var response = await http.PostAsync(new Uri($"{EtcdMember.ClientUrl(Plane.Shape, 0)}/v3/kv/range"), body, Ct);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Ct))!;
        return Encoding.Latin1.GetString(Convert.FromBase64String((string)answer["kvs"]![0]!["value"]!));
    }

    private static HttpClient Https(string authority, X509Certificate2? own) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(authority) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
            ClientCertificates = own is null ? [] : [own],
        },
    });
}
