using System.Net;
using Ebb.Sandbox.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Ebb.Sandbox.Azure;

/// <summary>Serves a face on this machine's loopback, over HTTP and HTTPS.</summary>
public sealed class AzureHost : IAsyncDisposable
{
    // Above what the face itself refuses with a proper error.
    private const int MaxBody = 8 << 20;

    private readonly WebApplication _app;

    private AzureHost(WebApplication app, Uri http, Uri https)
    {
        _app = app;
        Http = http;
        Https = https;
    }

    public Uri Http { get; }

    /// <summary>What clients that carry tokens use; its certificate is issued by the authority given at the start.</summary>
    public Uri Https { get; }

    /// <summary>The address of a machine's metadata service: takes the place of <c>http://169.254.169.254/</c>.</summary>
    public Uri MetadataOf(string group, string set, string id) =>
        new(Http, $"machines/{Uri.EscapeDataString(group)}/{Uri.EscapeDataString(set)}/{Uri.EscapeDataString(id)}/");

    /// <summary>Starts listening. A port of 0 takes any that is free.</summary>
    /// <exception cref="IOException">A port is in use.</exception>
    public static async Task<AzureHost> StartAsync(AzureFace face, Authority authority, int httpPort, int httpsPort, CancellationToken ct)
    {
        var app = Build(face.HandleAsync, kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, httpPort);
            kestrel.Listen(IPAddress.Loopback, httpsPort, listen => listen.UseHttps(authority.IssueServer("azure.sandbox", [], [])));
        });
        var addresses = await StartAsync(app, ct);
        var host = new AzureHost(
            app,
            addresses.First(a => a.Scheme == Uri.UriSchemeHttp),
            addresses.First(a => a.Scheme == Uri.UriSchemeHttps));
        face.PublicAddress ??= host.Http;
        return host;
    }

    /// <summary>
    /// Serves one machine's metadata at the root of a port of its own, for clients that know no path before <c>/metadata</c>.
    /// Ends when what is returned is disposed of.
    /// </summary>
    public static async Task<(Uri Address, IAsyncDisposable Listener)> ServeMachineAsync(
        AzureFace face, string group, string set, string id, int port, CancellationToken ct)
    {
        var prefix = new PathString($"/machines/{group}/{set}/{id}");
        var app = Build(
            http =>
            {
                // Nothing but metadata is served here: the machine's port is no way to the resource manager.
                http.Request.Path = prefix + http.Request.Path;
                return face.HandleAsync(http);
            },
            kestrel => kestrel.Listen(IPAddress.Loopback, port));
        return ((await StartAsync(app, ct))[0], app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static WebApplication Build(RequestDelegate handle, Action<KestrelServerOptions> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            kestrel.Limits.MaxConcurrentConnections = 4096;
            listen(kestrel);
        });

        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoSignals>();

        // Connections that are kept silent on purpose must not hold up the end.
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var app = builder.Build();
        app.Run(handle);
        return app;
    }

    private static async Task<List<Uri>> StartAsync(WebApplication app, CancellationToken ct)
    {
        try
        {
            await app.StartAsync(ct);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return [.. addresses.Select(a => new Uri(a))];
    }
}
