using System.Diagnostics;

namespace Ebb.Cli.Sandboxes;

/// <summary>What systemd-nspawn machines are made of, beside Kubernetes' own programs; made where it is not there yet.</summary>
/// <param name="Root">The root file system that machines start from.</param>
/// <param name="Images">Archives of container images, so that no registry is needed.</param>
/// <param name="Agents">The agent's programs, <c>ebb-agent-amd64</c> and <c>ebb-agent-arm64</c>: that for this machine's processor at least.</param>
internal sealed record MachineParts(string Root, string Images, string Agents)
{
    /// <summary>Whether any root file system was made before; the script knows whether it is the right one.</summary>
    public static bool AreThere()
    {
        var told = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        var cache = string.IsNullOrEmpty(told) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache") : told;
        var machines = Path.Combine(cache, "ebb", "machine");
        return Directory.Exists(machines) && Directory.EnumerateDirectories(machines).Any(d => !Path.GetFileName(d).StartsWith('.'));
    }

    /// <exception cref="EbbException">They cannot be made here.</exception>
    /// <exception cref="IOException">They could not be made; the script has said why.</exception>
    public static async Task<MachineParts> EnsureAsync(CancellationToken ct) =>
        new(await DirectoryAsync("machine.sh", ct), await DirectoryAsync("images.sh", ct), await DirectoryAsync("agent.sh", ct));

    // Each prints one directory, at once where it is there already; what it says on the way is for whoever started this process.
    private static async Task<string> DirectoryAsync(string name, CancellationToken ct)
    {
        var script = Path.GetFullPath(Path.Combine(Launcher.Home, "eng", name));
        if (!File.Exists(script))
        {
            throw new EbbException($"systemd-nspawn machines are made by {script}, which is not there. Run Ebb from its source tree, or choose --machines hollow.");
        }

        using var process = Process.Start(new ProcessStartInfo(script) { RedirectStandardOutput = true })!;
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(ct);
            await process.WaitForExitAsync(ct);
            return process.ExitCode == 0
                ? output.Trim()
                : throw new IOException($"{script} ended with exit code {process.ExitCode}. Mend what it names and run this again; it goes on where it stopped.");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
