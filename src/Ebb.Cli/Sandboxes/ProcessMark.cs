using System.Diagnostics;
using System.Globalization;

namespace Ebb.Cli.Sandboxes;

/// <summary>Tells a process apart from a later one with the same number.</summary>
/// <param name="Started">When it started, in whatever the system counts; only compared.</param>
internal sealed record ProcessMark(int Id, string Started)
{
    public static ProcessMark OfThisProcess() => new(Environment.ProcessId, StartOf(Environment.ProcessId) ?? "");

    /// <summary>Whether that very process still runs.</summary>
    public bool Alive() => StartOf(Id) == Started;

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
            // Field 22, counted from behind the name, which may hold anything; ticks since boot, so the boot belongs to it.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var dead = fields[0] is "Z" or "X";
            return dead ? null : $"{fields[19]}@{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}";
        }
        catch (IOException)
        {
            return null;
        }
    }
}
