using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>The private network of a subscription's machines: which of this machine's ports stands for which of their addresses.</summary>
internal sealed class SandboxNetwork
{
    private readonly ConcurrentDictionary<(string Host, int Port), IPEndPoint> _ways = [];

    /// <summary>Until what is returned is disposed of.</summary>
    public IAsyncDisposable Open(string host, int port, IPEndPoint way)
    {
        _ways[(host, port)] = way;
        return new Way(this, host, port);
    }

    /// <summary>Connects as a machine of the network would.</summary>
    /// <exception cref="HttpRequestException">Nothing is there.</exception>
    public async ValueTask<Stream> DialAsync(string host, int port, CancellationToken ct)
    {
        if (!_ways.TryGetValue((host, port), out var way))
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"No route to {host}:{port}.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(way, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new HttpRequestException(HttpRequestError.ConnectionError, e.Message, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class Way(SandboxNetwork network, string host, int port) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            network._ways.TryRemove((host, port), out _);
            return ValueTask.CompletedTask;
        }
    }
}
