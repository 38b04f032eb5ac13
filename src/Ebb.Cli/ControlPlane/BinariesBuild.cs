using System.Diagnostics;

namespace Ebb.Cli.ControlPlane;

/// <summary>Gets Kubernetes' programs where there are none yet.</summary>
internal static class BinariesBuild
{
    /// <summary>Those at hand; built from the distribution's sources first if need be.</summary>
    /// <exception cref="EbbException">There are none, and they cannot be built here.</exception>
    /// <exception cref="IOException">They could not be built; the build has said why.</exception>
    public static async Task<Binaries> EnsureAsync(Action<string> say, CancellationToken ct)
    {
        if (Binaries.Locate() is { } found)
        {
            return found;
        }

        var script = Path.Combine(Launcher.Home, "eng", "kubernetes.sh");
        if (!File.Exists(script))
        {
            throw Missing();
        }

        say("Kubernetes' own programs are not here yet. They are built from the distribution's sources: about six minutes, once ...");
        using var build = Process.Start(new ProcessStartInfo(script) { RedirectStandardOutput = true })!;
        try
        {
            // Its progress goes to standard error, which is this process's own; what it prints is the directory.
            await build.StandardOutput.ReadToEndAsync(ct);
            await build.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            build.Kill(entireProcessTree: true);
            throw;
        }

        return build.ExitCode == 0 && Binaries.Locate() is { } built
            ? built
            : throw new IOException($"Kubernetes' programs could not be built: {script} ended with exit code {build.ExitCode}. Mend what it names and run this again; it goes on where it stopped.");
    }

    /// <summary>For whoever may not build.</summary>
    public static EbbException Missing() => new(
        $"There are no Kubernetes programs on this machine. Let {Binaries.Variable} name a directory with kube-apiserver, kube-controller-manager, "
        + "kube-scheduler, etcd and etcdctl, or build them with eng/kubernetes.sh from Ebb's source tree.");
}
