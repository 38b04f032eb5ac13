using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>One real control plane for all tests of who may do what, started by the first that needs it.</summary>
[CollectionDefinition(nameof(AccessCluster))]
public sealed class AccessCluster : IAsyncLifetime, ICollectionFixture<AccessCluster>
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-access-").FullName;
    private HostedControlPlane? _plane;

    internal HostedControlPlane Plane => _plane!;

    internal PkiFiles Files => new(Plane.Shape.Paths.Root);

    internal string AuthorityPem => File.ReadAllText(Files.Certificate(PkiFiles.ClusterAuthority));

    internal async Task UpAsync(CancellationToken ct)
    {
        if (_plane is not null)
        {
            return;
        }

        _plane = await RealParts.StartAsync(_directory, ct);

        // It was done at the start; it may be done again.
        using var admin = Client(Plane.AdminKubeconfig);
        await BootstrapObjects.ApplyAsync(
            admin, Plane.Address, AuthorityPem, new Version(1, 20), TimeProvider.System, new Random(1), ct);
    }

    /// <param name="seen">Every request, with what it was answered.</param>
    internal static KubeClient Client(string kubeconfig, ConcurrentQueue<Answered>? seen = null)
    {
        var connection = Connection(kubeconfig);
        return new KubeClient(
            seen is null ? connection : connection with { Transport = own => new Watching(connection.Transport(own), seen) },
            TimeProvider.System,
            NullLogger<KubeClient>.Instance);
    }

    /// <summary>Sends one request as the user of a kubeconfig.</summary>
    internal async Task<Answer> SendAsync(string kubeconfig, HttpMethod method, string path, string? body, CancellationToken ct)
    {
        var connection = Connection(kubeconfig);
        var credential = await connection.Credential(null, ct);
        using var http = new HttpClient(connection.Transport(credential.Certificate));
        return await SendAsync(http, method, path, body, null, ct);
    }

    /// <summary>Sends one request with a token, or as nobody.</summary>
    internal async Task<Answer> SendWithTokenAsync(string? token, HttpMethod method, string path, string? body, CancellationToken ct)
    {
        using var http = new HttpClient(Trusting(null));
        return await SendAsync(http, method, path, body, token, ct);
    }

    /// <summary>Sends one request with a client certificate of the test's own.</summary>
    internal async Task<Answer> SendWithCertificateAsync(X509Certificate2 own, HttpMethod method, string path, CancellationToken ct)
    {
        using var http = new HttpClient(Trusting(own));
        return await SendAsync(http, method, path, null, null, ct);
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

    internal static KubeConnection Connection(string kubeconfig) =>
        new Kubeconfig(Yaml.ToJson, _ => null, TimeProvider.System).Load(kubeconfig, null);

    private async Task<Answer> SendAsync(HttpClient http, HttpMethod method, string path, string? body, string? token, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri(Plane.Address, path));
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (body is not null)
        {
            request.Content = new StringContent(
                body, Encoding.UTF8, method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        }

        using var response = await http.SendAsync(request, ct);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(ct));
    }

    private SocketsHttpHandler Trusting(X509Certificate2? own)
    {
        var authority = X509Certificate2.CreateFromPem(AuthorityPem);
        return new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
                ClientCertificates = own is null ? [] : [own],
            },
        };
    }

    private sealed class Watching(HttpMessageHandler inner, ConcurrentQueue<Answered> seen) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            seen.Enqueue(new Answered(request.Method, request.RequestUri!.PathAndQuery, (int)response.StatusCode));
            return response;
        }
    }
}

/// <summary>What the API server said.</summary>
internal sealed record Answer(int Status, string Body);

internal sealed record Answered(HttpMethod Method, string Path, int Status);
