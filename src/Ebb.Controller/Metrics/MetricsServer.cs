using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ebb.Controller.Metrics;

/// <summary>Serves <c>/metrics</c> over plain HTTP to whoever reaches its address: numbers alone, neither names nor secrets.</summary>
public sealed class MetricsServer : IAsyncDisposable
{
    public const int DefaultPort = 9464;

    private const int MostConnections = 64;

    private readonly Readings _readings = new();
    private readonly WebApplication _app;

    private MetricsServer(IPEndPoint listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(listen);
        });
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.AddLogging();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Counts from now on. A port of 0 takes any that is free.</summary>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<MetricsServer> StartAsync(IPEndPoint listen, CancellationToken ct)
    {
        var server = new MetricsServer(listen);
        try
        {
            await server._app.StartAsync(ct);
            var address = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
            server.Address = new IPEndPoint(listen.Address, new Uri(address).Port);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _readings.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        if (http.Request.Path.Value != "/metrics" || !(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await http.Response.WriteAsync(_readings.Text(), http.RequestAborted);
    }
}
