using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary><c>ebb run</c> as a process of its own, and what it costs.</summary>
internal sealed partial class ControllerProcess : IDisposable
{
    private const int StopSignal = 19;
    private const int ContinueSignal = 18;

    // USER_HZ: the unit of /proc/PID/stat, the same on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    private readonly Process _process;
    private readonly StreamWriter _log;

    private bool _disposed;

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
                // A last word may come when all has ended.
                if (line is not null && writer.BaseStream is not null)
                {
                    writer.WriteLine(line);
                }
            }
        }
    }

    public bool HasExited => _disposed || _process.HasExited;

    /// <summary>Takes the processor from it, as a suspended machine does; it does not notice.</summary>
    public bool Freeze() => Signal(_process.Id, StopSignal) == 0;

    public bool Thaw() => Signal(_process.Id, ContinueSignal) == 0;

    /// <summary>Ends it without a word.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.WaitForExit();
        _process.Dispose();
        lock (_log)
        {
            _log.Dispose();
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
