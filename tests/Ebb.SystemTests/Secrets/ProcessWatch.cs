using System.Globalization;
using System.Text;

namespace Ebb.SystemTests.Secrets;

/// <summary>Notes command lines and environments of all processes of one user of Ebb, for as long as it runs.</summary>
internal sealed class ProcessWatch(string stateHome, Haystack into)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<int> _others = [];

    /// <summary>How many were seen, each at each look.</summary>
    public int Seen { get; private set; }

    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            Look();
            await Task.Delay(LookEvery, TimeProvider.System, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Look()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id) && id != Environment.ProcessId && !_others.Contains(id))
            {
                Look(id, directory);
            }
        }
    }

    private void Look(int id, string directory)
    {
        try
        {
            var environment = File.ReadAllText(Path.Combine(directory, "environ"));
            if (!environment.Contains($"XDG_STATE_HOME={stateHome}\0", StringComparison.Ordinal))
            {
                _others.Add(id);
                return;
            }

            var line = File.ReadAllText(Path.Combine(directory, "cmdline")).Replace('\0', ' ').Trim();
            Seen++;
            var kind = line.Contains("-host --name", StringComparison.Ordinal) ? "host" : "command";
            into.Add($"command line of a {kind}", Encoding.UTF8.GetBytes(line));
            into.Add($"environment of a {kind}", Encoding.UTF8.GetBytes(environment));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is another user's.
        }
    }
}
