using System.Net;
using System.Net.Sockets;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// A door of the room. Inwards: what connects to an address of this machine reaches an address in the room. Outwards: what
/// connects to an address in the room reaches one of this machine's.
/// </summary>
public sealed class RoomForward : IAsyncDisposable
{
    private const int MostConnections = 1024;

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    private readonly Func<Task<Socket>> _socket;
    private readonly IPEndPoint _target;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly SemaphoreSlim _free = new(MostConnections);
    private readonly CancellationTokenSource _end = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Lock _lock = new();
    private Task _accepting = Task.CompletedTask;

    private RoomForward(Func<Task<Socket>> socket, IPEndPoint target, Socket listener, TimeProvider time)
    {
        _socket = socket;
        _target = target;
        _listener = listener;
        _time = time;
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Opens a door into the room. A port of 0 takes any that is free.</summary>
    /// <exception cref="SocketException">The port is in use.</exception>
    public static RoomForward Open(Room room, IPEndPoint listen, IPEndPoint target, TimeProvider time) =>
        Open(room.SocketAsync, Listen(NewSocket(), listen), target, time);

    /// <summary>Opens a door out of the room.</summary>
    /// <exception cref="SocketException">The address is not the room's, or in use there.</exception>
    public static async Task<RoomForward> OpenOutwardsAsync(Room room, IPEndPoint listen, IPEndPoint target, TimeProvider time) =>
        Open(() => Task.FromResult(NewSocket()), Listen(await room.SocketAsync(), listen), target, time);

    private static RoomForward Open(Func<Task<Socket>> socket, Socket listener, IPEndPoint target, TimeProvider time)
    {
        var door = new RoomForward(socket, target, listener, time);
        door._accepting = door.AcceptAsync(door._end.Token);
        return door;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Dispose();
        Task[] open;
        lock (_lock)
        {
            open = [.. _connections];
        }

        await Task.WhenAll(open);
        _end.Dispose();
        _free.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private static Socket Listen(Socket listener, IPEndPoint at)
    {
        try
        {
            listener.Bind(at);
            listener.Listen();
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private async Task AcceptAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await _free.WaitAsync(ct);
                var client = await _listener.AcceptAsync(ct);
                lock (_lock)
                {
                    var connection = ServeAsync(client, ct);
                    _connections.Add(connection);
                    _connections.RemoveWhere(c => c.IsCompleted);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The door is being closed.
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken ct)
    {
        await Task.Yield();
        using var near = client;
        try
        {
            near.NoDelay = true;
            using var far = await _socket();
            using (var deadline = new CancellationTokenSource(ConnectWithin, _time))
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token))
            {
                await far.ConnectAsync(_target, either.Token);
            }

            await Task.WhenAll(CopyAsync(near, far, ct), CopyAsync(far, near, ct));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or NspawnException)
        {
            // One side is gone, or nobody answers inside: the other sees its connection closed, as across any network.
        }
        finally
        {
            _free.Release();
        }
    }

    // One direction may end long before the other.
    private static async Task CopyAsync(Socket from, Socket to, CancellationToken ct)
    {
        var buffer = new byte[32 << 10];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, ct)) > 0)
            {
                var sent = 0;
                while (sent < read)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), ct);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Half of a broken connection is of no use to either side.
            from.Dispose();
            to.Dispose();
        }
        catch (ObjectDisposedException)
        {
            // The other direction broke, and closed both.
        }
    }
}
