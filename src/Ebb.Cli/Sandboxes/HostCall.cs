using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ebb.Cli.Sandboxes;

/// <summary>Asks something of the process that hosts a sandbox.</summary>
internal static class HostCall
{
    /// <param name="say">Hears how it goes.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="EbbException">It was refused; nothing has changed.</exception>
    /// <exception cref="IOException">It failed, or the host ended meanwhile.</exception>
    public static async Task<string> AskAsync(SandboxHome home, HostRequest request, Action<string> say, CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(home.Door), ct);
        }
        catch (SocketException e)
        {
            throw new IOException($"Sandbox '{home.Name}' takes no requests: {e.Message}. Its log is {home.Log}.", e);
        }

        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(request, HostJson.Default.HostRequest) + "\n"), ct);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            switch (JsonSerializer.Deserialize(line, HostJson.Default.HostAnswer))
            {
                case { Say: { } text }:
                    say(text);
                    break;
                case { Done: { } done }:
                    return done;
                case { Error: { } error, Usage: var usage }:
                    throw usage ? new EbbException(error) : new IOException(error);
            }
        }

        throw new IOException($"Sandbox '{home.Name}' ended meanwhile. 'ebb up' takes up what it had. Its log is {home.Log}.");
    }
}
