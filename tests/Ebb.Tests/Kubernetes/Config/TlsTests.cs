using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Cli.Clusters;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Kubernetes.Config;

public sealed class TlsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-tls").FullName;
    private readonly Certificates _certificates = new();
    private readonly Certificates _others = new();
    private WebApplication _server = null!;
    private string? _askedFor;
    private string _refused = "CN=none";
    private int _port;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var certificate = _certificates.Server("api.inner.test", "localhost");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificateSelector = (_, name) =>
            {
                _askedFor = name;
                return certificate;
            };
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        })));
        _server = builder.Build();
        _server.MapGet("/version", (HttpContext http) => http.Connection.ClientCertificate?.Subject == _refused ? Results.Unauthorized() : Results.Json(new
        {
            major = "1",
            minor = http.Connection.ClientCertificate?.Subject ?? "nobody",
            gitVersion = http.Request.Headers.Authorization.ToString(),
        }));
        await _server.StartAsync(Ct);
        var address = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _port = new Uri(address).Port;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificates.Dispose();
        _others.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_clusters_own_authority_is_trusted_and_the_client_presents_its_certificate()
    {
        var (certificate, key) = _certificates.Client("me");

        var version = await AskAsync(
            $"server: 'https://localhost:{_port}', certificate-authority-data: {Base64(_certificates.AuthorityPem)}",
            $"client-certificate-data: {Base64(certificate)}, client-key-data: {Base64(key)}");

        Assert.Equal("CN=me", version);
    }

    [Fact]
    public async Task Certificates_may_stand_in_files()
    {
        var (certificate, key) = _certificates.Client("me");
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.crt"), _certificates.AuthorityPem, Ct);
        await File.WriteAllTextAsync(Path.Combine(_folder, "me.crt"), certificate, Ct);
        await File.WriteAllTextAsync(Path.Combine(_folder, "me.key"), key, Ct);

        var version = await AskAsync(
            $"server: 'https://localhost:{_port}', certificate-authority: ca.crt", "client-certificate: me.crt, client-key: me.key");

        Assert.Equal("CN=me", version);
    }

    [Fact]
    public async Task Another_authority_is_not_trusted()
    {
        var error = await Assert.ThrowsAsync<KubeException>(() => AskAsync(
            $"server: 'https://localhost:{_port}', certificate-authority-data: {Base64(_others.AuthorityPem)}", ""));

        Assert.Null(error.Code);
        Assert.Contains("Check the certificate authority that context 'a'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_that_only_the_system_does_not_know_is_not_trusted_by_default() =>
        await Assert.ThrowsAsync<KubeException>(() => AskAsync($"server: 'https://localhost:{_port}'", ""));

    [Fact]
    public async Task Another_name_in_the_certificate_is_refused_unless_the_kubeconfig_expects_it()
    {
        var authority = Base64(_certificates.AuthorityPem);

        await Assert.ThrowsAsync<KubeException>(() => AskAsync($"server: 'https://127.0.0.1:{_port}', certificate-authority-data: {authority}", ""));
        var version = await AskAsync(
            $"server: 'https://127.0.0.1:{_port}', certificate-authority-data: {authority}, tls-server-name: api.inner.test", "");

        Assert.Equal("nobody", version);
        Assert.Equal("api.inner.test", _askedFor);
    }

    [Fact]
    public async Task Verification_can_be_skipped() =>
        Assert.Equal("nobody", await AskAsync($"server: 'https://127.0.0.1:{_port}', insecure-skip-tls-verify: true", ""));

    [Fact]
    public async Task A_proxy_is_used_when_the_cluster_names_one()
    {
        var error = await Assert.ThrowsAsync<KubeException>(() => AskAsync(
            $"server: 'https://localhost:{_port}', insecure-skip-tls-verify: true, proxy-url: 'http://127.0.0.1:1'", ""));

        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_from_a_program_is_presented()
    {
        var (certificate, key) = _certificates.Client("from-plugin");
        var connection = Connection($"server: 'https://localhost:{_port}', insecure-skip-tls-verify: true", "") with
        {
            Credential = (_, _) => ValueTask.FromResult(new KubeCredential(new("Bearer", "t"), X509Certificate2.CreateFromPem(certificate, key), true)),
        };
        using var client = new KubeClient(connection, TimeProvider.System, NullLogger<KubeClient>.Instance);
        using var discovery = new ApiDiscovery(client, TimeProvider.System);

        var version = await discovery.ServerVersionAsync(Ct);

        Assert.Equal(("CN=from-plugin", "Bearer t"), (version.Minor, version.GitVersion));
    }

    [Fact]
    public async Task A_certificate_that_was_renewed_in_the_kubeconfig_is_taken_up_once_the_old_one_is_refused()
    {
        var cluster = $"server: 'https://localhost:{_port}', insecure-skip-tls-verify: true";
        using var client = new KubeClient(Connection(cluster, User("before")), TimeProvider.System, NullLogger<KubeClient>.Instance);
        using var discovery = new ApiDiscovery(client, TimeProvider.System);
        Assert.Equal("CN=before", (await discovery.ServerVersionAsync(Ct)).Minor);

        _refused = "CN=before";
        await Assert.ThrowsAsync<KubeException>(() => discovery.ServerVersionAsync(Ct));
        Connection(cluster, User("after"));

        Assert.Equal("CN=after", (await discovery.ServerVersionAsync(Ct)).Minor);

        string User(string name)
        {
            var (certificate, key) = _certificates.Client(name);
            return $"client-certificate-data: {Base64(certificate)}, client-key-data: {Base64(key)}";
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task<string> AskAsync(string cluster, string user)
    {
        using var client = new KubeClient(Connection(cluster, user), TimeProvider.System, NullLogger<KubeClient>.Instance);
        using var discovery = new ApiDiscovery(client, TimeProvider.System);
        return (await discovery.ServerVersionAsync(Ct)).Minor;
    }

    private KubeConnection Connection(string cluster, string user)
    {
        var path = Path.Combine(_folder, "config");
        File.WriteAllText(
            path,
            $$"""
              current-context: a
              contexts: [{name: a, context: {cluster: a, user: a} }]
              clusters: [{name: a, cluster: { {{cluster}} } }]
              users: [{name: a, user: { {{user}} } }]
              """);
        return new Kubeconfig(Yaml.ToJson, _ => null, TimeProvider.System).Load(path, null);
    }
}
