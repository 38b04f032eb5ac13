using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// The network of one sandbox: a network namespace of its own with a bridge, on which its machines are, and whatever is started
/// with <see cref="LaunchPrefix"/>. Nothing leads out of it; the host's interfaces, routes and firewall are left alone.
/// </summary>
public sealed class Room : IAsyncDisposable
{
    internal const string Bridge = "cloud";

    private const string NamespaceDirectory = "/run/netns";

    private readonly HostCommand _host;
    private readonly TimeProvider _time;

    private Room(string name, HostCommand host, TimeProvider time)
    {
        Name = NameOf(name);
        _host = host;
        _time = time;
        Inside = new RoomThread(PathOf(Name));
    }

    /// <summary>The namespace's name, as <c>ip netns</c> shows it.</summary>
    public string Name { get; }

    /// <summary>Where the machines find everything that is no machine: their gateway, and what listens in the room.</summary>
    public static IPAddress Gateway { get; } = IPAddress.Parse("10.240.0.1");

    /// <summary>Before a command, it has the command run in the room.</summary>
    public ImmutableArray<string> LaunchPrefix => ["nsenter", $"--net={PathOf(Name)}"];

    internal RoomThread Inside { get; }

    /// <summary>Makes the room. One that was left behind by a sandbox of the same name is removed first, with all that is in it.</summary>
    /// <exception cref="NspawnException">The host refused.</exception>
    public static async Task<Room> CreateAsync(string sandbox, TimeProvider time, CancellationToken ct)
    {
        var host = new HostCommand(TimeSpan.FromSeconds(20), time);
        var name = NameOf(sandbox);
        await RemoveAsync(sandbox, time, ct);
        await host.RunAsync("ip", ["netns", "add", name], ct);
        try
        {
            await host.RunAsync("ip", ["-netns", name, "link", "set", "lo", "up"], ct);
            await host.RunAsync("ip", ["-netns", name, "link", "add", Bridge, "type", "bridge"], ct);
            await host.RunAsync("ip", ["-netns", name, "address", "add", $"{Gateway}/16", "dev", Bridge], ct);
            await host.RunAsync("ip", ["-netns", name, "address", "add", $"{MetadataListener.Address}/32", "dev", Bridge], ct);
            await host.RunAsync("ip", ["-netns", name, "link", "set", Bridge, "up"], ct);
            var room = new Room(sandbox, host, time);

            // From pod to pod of another machine the way leads through here.
            await room.Inside.DoAsync(Forward);
            return room;
        }
        catch
        {
            await RemoveAsync(sandbox, time, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Removes a sandbox's room, and ends every process that is still in it. Nothing happens where there is none.</summary>
    public static async Task RemoveAsync(string sandbox, TimeProvider time, CancellationToken ct)
    {
        var name = NameOf(sandbox);
        if (!File.Exists(PathOf(name)))
        {
            return;
        }

        var host = new HostCommand(TimeSpan.FromSeconds(20), time);
        var inside = await host.RunAsync("ip", ["netns", "pids", name], ct);
        foreach (var process in inside.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Signals.Send(int.Parse(process), Signals.End);
        }

        await host.RunAsync("ip", ["netns", "delete", name], ct);
    }

    /// <summary>A socket that is the room's; whoever has it may use it from anywhere.</summary>
    public Task<Socket> SocketAsync() =>
        Inside.DoAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    /// <summary>A connection from within the room.</summary>
    /// <exception cref="SocketException">Nobody answers there.</exception>
    public async Task<Stream> ConnectAsync(IPEndPoint to, CancellationToken ct)
    {
        var socket = await SocketAsync();
        try
        {
            await socket.ConnectAsync(to, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Inside.Dispose();
        await RemoveAsync(Name["ebb-".Length..], _time, CancellationToken.None);
    }

    /// <summary>The pod addresses of the machine with this address: half a 10.0.0.0/8, in parts of 128.</summary>
    public static string PodSubnetOf(IPAddress machine)
    {
        // Below 10.240.0.0/16, where the machines are themselves.
        const int Parts = (240 - 128) * 65536 / 128;
        var bytes = machine.GetAddressBytes();
        var first = ((bytes[2] << 8) + bytes[3]) % Parts * 128;
        return $"10.{128 + (first >> 16)}.{(first >> 8) & 255}.{first & 255}/25";
    }

    /// <summary>Gives the room one more address, for what listens there in a machine's place.</summary>
    public Task AddAddressAsync(IPAddress address, CancellationToken ct) =>
        _host.RunAsync("ip", ["-netns", Name, "address", "replace", $"{address}/32", "dev", Bridge], ct);

    /// <summary>Where machines of a subnet find what is outside it: its first address, as in the cloud.</summary>
    internal static IPAddress GatewayOf(IPNetwork subnet)
    {
        var bytes = subnet.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes);
    }

    /// <summary>Leads what is for the machine's pods to the machine.</summary>
    internal async Task RouteAsync(IPAddress machine, IPNetwork subnet, CancellationToken ct)
    {
        await _host.RunAsync("ip", ["-netns", Name, "address", "replace", $"{GatewayOf(subnet)}/{subnet.PrefixLength}", "dev", Bridge], ct);
        await _host.RunAsync("ip", ["-netns", Name, "route", "replace", PodSubnetOf(machine), "via", $"{machine}"], ct);
    }

    internal Task UnrouteAsync(IPAddress machine, CancellationToken ct) =>
        _host.RunAsync("ip", ["-netns", Name, "route", "flush", PodSubnetOf(machine)], ct);

    internal static string NameOf(string sandbox) => $"ebb-{sandbox}";

    private static bool Forward()
    {
        File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1");
        return true;
    }

    private static string PathOf(string name) => $"{NamespaceDirectory}/{name}";
}
