using System.Net;
using System.Net.Sockets;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// The metadata service as a machine knows it: 169.254.169.254, port 80. Whoever asks is told apart by the address it comes
/// from, which on the room's bridge is the machine's own.
/// </summary>
internal sealed class MetadataListener : IAsyncDisposable
{
    private readonly WebApplication _app;

    private MetadataListener(WebApplication app) => _app = app;

    public static IPAddress Address { get; } = IPAddress.Parse("169.254.169.254");

    public static async Task<MetadataListener> StartAsync(Room room, AzureFace face, CloudWorld cloud, CancellationToken ct)
    {
        var listening = await room.Inside.DoAsync(Listen);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 << 10;
            kestrel.Limits.MaxConcurrentConnections = 1024;
            kestrel.Listen(Address, 80);
        });
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = _ => listening);
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoSignals>();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var app = builder.Build();
        app.Run(http =>
        {
            if (WhoIs(cloud, http.Connection.RemoteIpAddress) is not { } machine)
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }

            // Nothing but the machine's own metadata is to be reached from here.
            http.Request.Path = new PathString($"/machines/{machine.Group}/{machine.Set}/{machine.Id}") + http.Request.Path;
            return face.HandleAsync(http);
        });
        try
        {
            await app.StartAsync(ct);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new MetadataListener(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Instance? WhoIs(CloudWorld cloud, IPAddress? address)
    {
        var text = address?.MapToIPv4().ToString();
        return cloud.Instances.FirstOrDefault(instance => instance.Address == text);
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(Address, 80));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
