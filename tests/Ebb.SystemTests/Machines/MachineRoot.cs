using System.Diagnostics;
using Ebb.Sandbox.Machines.Nspawn;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Machines;

/// <summary>The root file system of machines, made once and kept; skips, with the reason, where machines cannot run.</summary>
internal static class MachineRoot
{
    // Made from nothing it takes a minute or two; there already, no time.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public static async Task<string> RequireAsync()
    {
        var root = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? await MakeAsync("machine.sh") : "";
        var problems = string.Join(' ', NspawnSupport.Problems());
        Assert.SkipWhen(problems.Length > 0, problems);
        return root;
    }

    /// <summary>The agent's program, made before a command that would take too long if it had to.</summary>
    public static Task<string> MakeAgentAsync() => MakeAsync("agent.sh");

    private static async Task<string> MakeAsync(string script)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(Shell.Root, "eng", script)) { RedirectStandardOutput = true })!;
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"eng/{script} ended with {process.ExitCode}.");
            return output.Trim();
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"eng/{script} had not ended after {Limit}.");
        }
    }
}
