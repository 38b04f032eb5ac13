using System.Diagnostics;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Cli.Sandboxes;

/// <summary>Ends a sandbox that another process hosts.</summary>
internal static class SandboxEnd
{
    // A clean end takes well under a second, that of a real control plane some; past this it hangs, and is ended the hard way.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    public enum How
    {
        /// <summary>There was nothing.</summary>
        Nothing,

        /// <summary>It ran, and was asked to end.</summary>
        Ended,

        /// <summary>It had ended before; its files, or what it had started, were still there.</summary>
        CleanedUp,
    }

    public static async Task<How> EndAsync(SandboxHome home, TimeProvider time, CancellationToken ct)
    {
        if (!Directory.Exists(home.Path))
        {
            return How.Nothing;
        }

        var ran = home.IsHosted();
        if (ran)
        {
            await StopHostAsync(home, time, ct);
        }

        using var held = home.TryLock();
        if (held is null)
        {
            throw new IOException($"Sandbox '{home.Name}' was started again while it was being ended.");
        }

        var left = home.LastState() is not null || ControlPlaneDirectory.HasCluster(home.Kubernetes) || Directory.Exists(home.Machines);
        await Leftovers.EndAsync(new ControlPlaneDirectory(home.Kubernetes).Marks, time);
        await NspawnSandboxMachines.RemoveLeftoversAsync(home, time, ct);
        home.Clean();
        return ran ? How.Ended : left ? How.CleanedUp : How.Nothing;
    }

    private static async Task StopHostAsync(SandboxHome home, TimeProvider time, CancellationToken ct)
    {
        var asked = false;
        var started = time.GetTimestamp();
        while (home.IsHosted())
        {
            // While it is still starting it has not written who it is: look again.
            if (!asked && home.LastState() is { } state && state.Host.Alive())
            {
                asked = state.Host.Signal(ProcessMark.Terminate);
            }

            if (time.GetElapsedTime(started) > Patience)
            {
                if (home.LastState() is not { } stuck || !stuck.Host.Alive())
                {
                    throw new IOException(
                        $"Sandbox '{home.Name}' is held by a process that does not say who it is; see who has {home.Path} open.");
                }

                using var process = Process.GetProcessById(stuck.Host.Id);
                process.Kill();
                await process.WaitForExitAsync(ct);
                return;
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }
}
