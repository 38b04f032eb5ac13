using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>Where a sandbox's host takes requests: a socket in its directory, which only its user can enter.</summary>
internal sealed partial class HostDoor : IAsyncDisposable
{
    // A path of two names and two flags.
    private const int MostRequestBytes = 16 << 10;

    private static readonly TimeSpan AskWithin = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly Func<HostRequest, Action<string>, CancellationToken, Task<string>> _serve;
    private readonly TimeProvider _time;
    private readonly ILogger<HostDoor> _logger;
    private readonly CancellationTokenSource _stop = new();
    private Task _serving = Task.CompletedTask;

    private HostDoor(
        Socket listener, Func<HostRequest, Action<string>, CancellationToken, Task<string>> serve, TimeProvider time, ILogger<HostDoor> logger)
    {
        (_listener, _serve, _time, _logger) = (listener, serve, time, logger);
    }

    /// <param name="serve">Does what is asked, tells of it meanwhile, and answers what was done.</param>
    /// <exception cref="EbbException">The directory's path is too long for a socket.</exception>
    public static HostDoor Open(
        string path, Func<HostRequest, Action<string>, CancellationToken, Task<string>> serve, TimeProvider time, ILogger<HostDoor> logger)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
        }
        catch (ArgumentOutOfRangeException e)
        {
            listener.Dispose();
            throw new EbbException($"'{path}' is too long a path for a socket. Let XDG_STATE_HOME name a directory with a shorter one.", e);
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        var door = new HostDoor(listener, serve, time, logger);
        door._serving = door.RunAsync(door._stop.Token);
        return door;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    // One after the other: what is asked here changes all of the cluster.
    private async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                using var caller = await _listener.AcceptAsync(ct);
                await using var stream = new NetworkStream(caller);
                await AnswerAsync(stream, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host ends.
        }
    }

    private async Task AnswerAsync(NetworkStream caller, CancellationToken ct)
    {
        HostAnswer answer;
        try
        {
            if (await RequestAsync(caller, ct) is not { } request)
            {
                return;
            }

            answer = new HostAnswer { Done = await _serve(request, text => Send(caller, new HostAnswer { Say = text }), ct) };
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            LogFailed(e.Message);
            answer = new HostAnswer { Error = Trouble.Explain(e), Usage = e is EbbException };
        }

        Send(caller, answer);
    }

    private async Task<HostRequest?> RequestAsync(NetworkStream caller, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(AskWithin, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        var buffer = new byte[MostRequestBytes];
        try
        {
            var length = 0;
            while (length < buffer.Length && !buffer.AsSpan(0, length).Contains((byte)'\n'))
            {
                var read = await caller.ReadAsync(buffer.AsMemory(length), either.Token);
                if (read == 0)
                {
                    return null;
                }

                length += read;
            }

            return JsonSerializer.Deserialize(buffer.AsSpan(0, length), HostJson.Default.HostRequest);
        }
        catch (Exception e) when (e is JsonException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // Whoever it was does not speak as 'ebb' does, or has gone.
            return null;
        }
    }

    private static void Send(NetworkStream caller, HostAnswer answer)
    {
        try
        {
            caller.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(answer, HostJson.Default.HostAnswer) + "\n"));
        }
        catch (IOException)
        {
            // Whoever asked has gone; what was asked is done all the same, and half of it would be worse than all.
        }
    }

    [LoggerMessage(LogLevel.Warning, "What was asked of the sandbox was not done: {Problem}")]
    private partial void LogFailed(string problem);
}
