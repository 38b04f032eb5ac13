using System.Diagnostics;

namespace Ebb.Cli.Sandboxes;

/// <summary>Starts a sandbox in a process of its own and waits until it is up.</summary>
internal static class SandboxStart
{
    // It is up within a second or two; on a laden machine that just woke, several times that.
    public static readonly TimeSpan UpWithin = TimeSpan.FromSeconds(60);

    // A real control plane takes some ten seconds; it says itself which component takes too long.
    public static readonly TimeSpan RealUpWithin = TimeSpan.FromMinutes(7);

    // What it has started by then is stopped first.
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(30);

    // With what Azure's tools sign in to a real cloud, which no sandbox does.
    private static readonly string[] CloudSecrets = ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD"];

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(30);

    public static Task<SandboxState> StartAsync(SandboxHome home, SandboxSettings settings, TimeProvider time, CancellationToken ct)
    {
        home.Create();
        return LaunchAsync(
            home, ["host", "--name", home.Name, .. settings.ToArguments()], [], home.KindFor(settings) is KubernetesKind.Real ? RealUpWithin : UpWithin, time, ct);
    }

    /// <summary>Starts this program with another command line and waits until it has written that it is up.</summary>
    /// <param name="withheld">Environment variables that it is not to have.</param>
    public static async Task<SandboxState> LaunchAsync(
        SandboxHome home, IEnumerable<string> arguments, IEnumerable<string> withheld, TimeSpan within, TimeProvider time, CancellationToken ct)
    {
        var command = Command(home, arguments);

        // It lives on for days, and anyone who may look at this user's processes sees what it was started with.
        foreach (var variable in CloudSecrets.Concat(withheld))
        {
            command.Environment.Remove(variable);
        }

        using var host = Process.Start(command)!;
        var started = time.GetTimestamp();
        while (true)
        {
            if (home.Running() is { } state)
            {
                return state;
            }

            if (host.HasExited)
            {
                var said = home.LastWords();
                throw host.ExitCode == ExitCode.Usage
                    ? new EbbException(said)
                    : new IOException($"The sandbox could not start: {said}");
            }

            if (time.GetElapsedTime(started) > within)
            {
                await EndAsync(host, time);
                throw new TimeoutException($"The sandbox was not up within {within.TotalSeconds:0} s; it was stopped. Its log is {home.Log}.");
            }

            try
            {
                await Task.Delay(LookEvery, time, ct);
            }
            catch (OperationCanceledException)
            {
                await EndAsync(host, time);
                throw;
            }
        }
    }

    /// <summary>Waits until the one that another process is starting is up.</summary>
    public static async Task<SandboxState> WaitAsync(SandboxHome home, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (home.Running() is { } state)
            {
                return state;
            }

            if (!home.IsHosted() || time.GetElapsedTime(started) > RealUpWithin)
            {
                throw new IOException($"Sandbox '{home.Name}' was being started, or ended, by another process, and is not up. Try again.");
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    private static async Task EndAsync(Process host, TimeProvider time)
    {
        if (ProcessMark.Of(host.Id) is not { } mark || !mark.Signal(ProcessMark.Terminate))
        {
            return;
        }

        using var patience = new CancellationTokenSource(EndWithin, time);
        try
        {
            await host.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            host.Kill();
        }
    }

    // The shell gives the host a standard input and output of its own: it must not hold open a pipe that this process
    // was given, or whoever reads from it waits as long as the sandbox lives.
    private static ProcessStartInfo Command(SandboxHome home, IEnumerable<string> arguments)
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("This process has no program file.");
        string[] prefix = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Path.Combine(AppContext.BaseDirectory, "Ebb.Cli.dll")] : [program];
        return new ProcessStartInfo(
            "/bin/sh",
            ["-c", "exec \"$@\" </dev/null >\"$0\" 2>&1", home.Words, .. prefix, .. arguments])
        {
            WorkingDirectory = home.Path,
        };
    }
}
