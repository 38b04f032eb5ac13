using System.ComponentModel;
using System.Diagnostics;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>Runs one command on the host and waits for its end. Arguments are a list: no shell reads them.</summary>
internal sealed class HostCommand(TimeSpan limit, TimeProvider time)
{
    /// <returns>What it printed.</returns>
    /// <exception cref="NspawnException">It failed, or did not end in time.</exception>
    public async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var error = await process.StandardError.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0
                ? await output
                : throw new NspawnException($"'{Line(start)}' ended with {process.ExitCode}: {error.Trim()}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            ct.ThrowIfCancellationRequested();
            throw new NspawnException($"'{Line(start)}' had not ended after {limit.TotalSeconds:0} s and was stopped.");
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new NspawnException($"'{start.FileName}' cannot be run: {e.Message}", e);
        }
    }

    private static string Line(ProcessStartInfo start) => $"{start.FileName} {string.Join(' ', start.ArgumentList)}";
}
