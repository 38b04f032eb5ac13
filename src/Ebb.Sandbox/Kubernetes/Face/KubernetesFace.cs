using System.Net;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>Serves the Kubernetes API on this machine's loopback over TLS.</summary>
public sealed class KubernetesFace : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Authority _authority;
    private readonly string? _adminToken;

    private KubernetesFace(WebApplication app, Authority authority, string? adminToken, Uri address)
    {
        _app = app;
        _authority = authority;
        _adminToken = adminToken;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>Starts listening.</summary>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<KubernetesFace> StartAsync(
        KubeApi api, Authority authority, KubernetesFaceOptions options, CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 8192;
            kestrel.Limits.MaxRequestBodySize = null; // Bounded where it is read, with the API's own refusal.

            // Watches stay silent for as long as nothing happens.
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(options.Address, options.Port, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = authority.IssueServer(
                    "kube-apiserver",
                    ["kubernetes", "kubernetes.default", "kubernetes.default.svc", .. options.Names],
                    [IPAddress.Parse("10.96.0.1"), options.Address]);
                https.ServerCertificateChain = authority.Chain;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;

                // A certificate that is not good is answered with 401, not with a broken connection.
                https.AllowAnyClientCertificate();
            }));
        });
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var app = builder.Build();
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var gateway = new Gateway(api, new Authentication(api, options.ClientAuthority ?? authority, options.AdminToken), options, stopping);
        app.Run(gateway.HandleAsync);
        try
        {
            await app.StartAsync(ct);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new KubernetesFace(app, authority, options.AdminToken, new Uri(bound));
    }

    /// <summary>A kubeconfig, as YAML, for the user admin, who may do everything. It holds a secret: keep it at mode 0600.</summary>
    public string Kubeconfig(string cluster)
    {
        using var certificate = _authority.IssueClient("kubernetes-admin", "system:masters");
        return Face.Kubeconfig.Write(
            cluster,
            Address,
            _authority.CertificatePem,
            certificate.ExportCertificatePem() + "\n",
            Authority.KeyPem(certificate),
            _adminToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
