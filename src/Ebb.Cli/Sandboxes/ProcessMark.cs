using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Ebb.Cli.Sandboxes;

/// <summary>Tells a process apart from a later one with the same number.</summary>
/// <param name="Started">When it started, in whatever the system counts; only compared.</param>
internal sealed record ProcessMark(int Id, string Started)
{
    /// <summary>Asks to end; may be heeded or not.</summary>
    public const int Terminate = 15;

    /// <summary>Ends at once.</summary>
    public const int End = 9;

    public static ProcessMark OfThisProcess() => new(Environment.ProcessId, StartOf(Environment.ProcessId) ?? "");

    /// <summary>The process of this number that runs now; null when none does.</summary>
    public static ProcessMark? Of(int id) => StartOf(id) is { } started ? new ProcessMark(id, started) : null;

    /// <summary>Whether that very process still runs; one that has ended and waits to be collected does not.</summary>
    public bool Alive() => StartOf(Id) == Started;

    /// <summary>Sends a signal, if that very process still runs.</summary>
    public bool Signal(int signal) => Alive() && Send(Id, signal) == 0;

    /// <summary>From what a process wrote about itself: the boot's id, a space, and its own <c>/proc/PID/stat</c>.</summary>
    public static ProcessMark? Parse(string text)
    {
        var end = text.IndexOf(' ', StringComparison.Ordinal);
        return end > 0 && text.LastIndexOf(')') > end
            && int.TryParse(text[(end + 1)..].Split(' ')[0], CultureInfo.InvariantCulture, out var id)
            && StartOf(text.TrimEnd(), text[..end]) is { } started
            ? new ProcessMark(id, started)
            : null;
    }

    private static string? StartOf(int id)
    {
        if (!OperatingSystem.IsLinux())
        {
            try
            {
                using var process = Process.GetProcessById(id);
                return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                return null;
            }
        }

        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return StartOf(stat, File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());
        }
        catch (IOException)
        {
            return null;
        }
    }

    // Field 22, counted from behind the name, which may hold anything; ticks since boot, so the boot belongs to it.
    private static string? StartOf(string stat, string boot)
    {
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var dead = fields[0] is "Z" or "X";
        return dead || fields.Length < 20 ? null : $"{fields[19]}@{boot}";
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send(int process, int signal);
}
