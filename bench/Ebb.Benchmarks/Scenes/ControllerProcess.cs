using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Ebb.Benchmarks.Scenes;

/// <summary><c>ebb run</c> as a process of its own, and what it costs.</summary>
internal sealed class ControllerProcess : IDisposable
{
    // USER_HZ: the unit of /proc/PID/stat, the same on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    private readonly Process _process;
    private readonly StreamWriter _log;

    private ControllerProcess(Process process, StreamWriter log) => (_process, _log) = (process, log);

    /// <summary>What it used since its start, user and system.</summary>
    public TimeSpan Cpu
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static ControllerProcess Start(string kubeconfig, string arguments, IEnumerable<KeyValuePair<string, string?>> environment, string log)
    {
        var start = new ProcessStartInfo(Path.Combine(Root(), "ebb"), ["run", "--kubeconfig", kubeconfig, .. arguments.Split(' ')])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        // The launcher has become the program itself by the time it is looked at.
        var process = Process.Start(start)!;
        var writer = new StreamWriter(log) { AutoFlush = true };
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return new ControllerProcess(process, writer);

        void Write(string? line)
        {
            lock (writer)
            {
                writer.WriteLine(line);
            }
        }
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _log.Dispose();
    }

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
