using System.Diagnostics;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>A server that a test needs and that ends with it, even where the test's process is killed.</summary>
internal sealed class RealProcess : IDisposable
{
    // The shell holds the other end of a pipe to us: whatever becomes of us, the pipe ends, and with it the server.
    // The data are thrown away afterwards, so that nothing is gained by asking politely.
    private const string Guard = """
        log=$1; shift
        exec 3<&0
        "$@" > "$log" 2>&1 < /dev/null 3<&- &
        server=$!
        exec 2> /dev/null
        { cat > /dev/null; kill -KILL "$server"; } <&3 &
        wait "$server"
        """;

    private readonly Process _process;
    private readonly string _name;
    private readonly string _log;

    private RealProcess(Process process, string name, string log)
    {
        _process = process;
        _name = name;
        _log = log;
    }

    public string Name => _name;

    public static RealProcess Start(string directory, string program, IEnumerable<string> flags)
    {
        var name = Path.GetFileName(program);
        var log = Path.Combine(directory, name + ".log");
        var start = new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", log, program, .. flags])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
        };

        // Whoever runs the tests may have clusters and proxies of their own.
        foreach (var variable in new[] { "KUBECONFIG", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY" })
        {
            start.Environment.Remove(variable);
        }

        return new RealProcess(Process.Start(start)!, name, log);
    }

    /// <summary>Asks until the server is as wanted.</summary>
    public async Task UntilAsync(Func<CancellationToken, Task<bool>> isSo, TimeSpan within, CancellationToken ct)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await TryAsync(isSo, ct))
        {
            var gaveUp = TimeProvider.System.GetElapsedTime(started) > within;
            Assert.False(_process.HasExited || gaveUp, $"{_name} {(gaveUp ? $"was not ready within {within}" : "ended")}:\n{LastLines()}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, ct);
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<bool> TryAsync(Func<CancellationToken, Task<bool>> isSo, CancellationToken ct)
    {
        try
        {
            return await isSo(ct);
        }
        catch (HttpRequestException)
        {
            // It does not listen yet.
            return false;
        }
    }

    private string LastLines() => File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(20)) : "(it said nothing)";
}
