using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Ebb.Cli.ControlPlane;

/// <summary>Ports for components, chosen once for the life of a cluster.</summary>
internal static class FreePorts
{
    // Below those that systems hand out to outgoing connections: one of them would sooner or later be in the way at a restart.
    private const int First = 20000;
    private const int Last = 32000;

    public static ImmutableArray<int> Take(int count, int except)
    {
        var taken = ImmutableArray.CreateBuilder<int>(count);
        for (var attempt = 0; taken.Count < count; attempt++)
        {
            if (attempt > 1000)
            {
                throw new IOException($"There are no {count} free ports on this machine between {First} and {Last}.");
            }

            var port = RandomNumberGenerator.GetInt32(First, Last);
            if (port != except && !taken.Contains(port) && IsFree(IPAddress.Loopback, port) && IsFree(IPAddress.Any, port))
            {
                taken.Add(port);
            }
        }

        return taken.ToImmutable();
    }

    public static bool IsFree(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Connections of the last one that linger are no obstacle to a server; one that listens still is.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
