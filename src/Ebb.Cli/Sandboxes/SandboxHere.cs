using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.Output;

namespace Ebb.Cli.Sandboxes;

/// <summary>A sandbox in the terminal that it was started from: it is shown as it changes, and ends with Ctrl-C.</summary>
internal static class SandboxHere
{
    /// <param name="tell">Called once it is up.</param>
    /// <exception cref="EbbException">As <see cref="SandboxHost.RunAsync"/>.</exception>
    public static async Task RunAsync(SandboxHome home, SandboxSettings settings, Action<SandboxState> tell, Terminal terminal, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var up = new TaskCompletionSource<(SandboxState State, Target Target)>(TaskCreationOptions.RunContinuationsAsynchronously);

        // Opened while the host waits: a Ctrl-C at any time after that takes away the files which it is opened by.
        var hosting = SandboxHost.RunAsync(
            home, settings, state => up.SetResult((state, Target.Open(home, state.Azure, Logs.ForLooking(verbose: false)))), stop.Token);
        await Task.WhenAny(hosting, up.Task);
        if (!up.Task.IsCompleted)
        {
            await hosting;
            return;
        }

        var (state, target) = await up.Task;
        await using (target)
        {
            try
            {
                tell(state);
                var ended = await Task.WhenAny(hosting, LiveStatus.ShowAsync(target, terminal, json: false, stop.Token));

                // Whoever looks while it ends may be turned away before being told to stop.
                if (!ct.IsCancellationRequested)
                {
                    await ended;
                }
            }
            finally
            {
                await stop.CancelAsync();
                await hosting;
            }
        }

        terminal.Say(ControlPlaneDirectory.HasCluster(home.Kubernetes)
            ? $"Sandbox '{home.Name}' has stopped. 'ebb up' takes its cluster up again; 'ebb down' removes it."
            : $"Sandbox '{home.Name}' is down.");
    }
}
