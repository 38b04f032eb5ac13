using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Ebb.SystemTests.Commands;

/// <summary>
/// A user at a shell, with a state directory of their own: what they start is gone when they leave.
/// </summary>
public sealed class Shell : IAsyncDisposable
{
    // Far more than anything here takes; a test that hangs fails instead of holding up the rest.
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _state = Directory.CreateTempSubdirectory("ebb-state-").FullName;

    public static string Root { get; } = FindRoot();

    /// <summary>Null where there is none: tests that need it are skipped, and fail in CI.</summary>
    public static string? KubectlPath { get; } = FindKubectl();

    public string State => Path.Combine(_state, "ebb");

    public Dictionary<string, string?> Environment { get; } = [];

    public Task<Ran> EbbAsync(string line, CancellationToken ct = default) =>
        RunAsync(Path.Combine(Root, "ebb"), line.Split(' ', StringSplitOptions.RemoveEmptyEntries), ct);

    /// <summary>Against the sandbox of this name.</summary>
    public Task<Ran> KubectlAsync(string line, string sandbox = "sandbox", CancellationToken ct = default)
    {
        Assert.SkipWhen(KubectlPath is null, "kubectl is not installed");
        Environment["KUBECONFIG"] = Path.Combine(State, sandbox, "kubeconfig");
        return RunAsync(KubectlPath!, line.Split(' ', StringSplitOptions.RemoveEmptyEntries), ct);
    }

    /// <summary>Any program, in the root of the source tree.</summary>
    public async Task<Ran> RunAsync(string program, string[] args, CancellationToken ct)
    {
        using var process = Begin(program, args, Root);
        return await EndOfAsync(process, ct);
    }

    /// <summary>Starts and does not wait.</summary>
    public Running Start(string line) => new(Begin(Path.Combine(Root, "ebb"), line.Split(' '), Root));

    /// <summary>Any program, in the root of the source tree; starts and does not wait.</summary>
    public Running Start(string program, string[] args) => new(Begin(program, args, Root));

    /// <summary>One line of a shell at a terminal of its own, where a test types; what is typed is on its screen as well.</summary>
    /// <param name="within">A program, and its words, that starts the terminal.</param>
    public Running StartAtTerminal(string line, params string[] within)
    {
        string[] words = [.. within, "script", "-qefc", line, "/dev/null"];
        return new Running(Begin(words[0], words[1..], Root, typing: true));
    }

    /// <summary>kubectl with the environment of the last command; starts and does not wait.</summary>
    public Running StartKubectl(string line) => new(Begin(KubectlPath!, line.Split(' '), Root));

    public static async Task<Ran> EndOfAsync(Process process, CancellationToken ct)
    {
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var error = process.StandardError.ReadToEndAsync(ct);
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} had not ended after {Patience}.");
        }

        return new Ran(process.ExitCode, await output, await error);
    }

    /// <summary>Asks until it is so.</summary>
    public static async Task UntilAsync(string what, TimeSpan within, Func<Task<bool>> isSo)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < within, $"Not within {within}: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EbbAsync("down --all");
        Directory.Delete(_state, recursive: true);
    }

    private Process Begin(string program, string[] args, string cwd, bool typing = false)
    {
        var start = new ProcessStartInfo(program, args)
        {
            WorkingDirectory = cwd,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["XDG_STATE_HOME"] = _state;

        // Whoever runs the tests may be signed in somewhere: nothing of that may reach them.
        foreach (var name in new[] { "KUBECONFIG", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "ARM_SUBSCRIPTION_ID", "EBB_ARM_ENDPOINT", "NO_COLOR" })
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        if (!typing)
        {
            process.StandardInput.Close();
        }

        return process;
    }

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    private static string? FindKubectl()
    {
        string?[] candidates =
        [
            System.Environment.GetEnvironmentVariable("KUBECTL"),
            .. (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "kubectl")),
        ];
        return candidates.FirstOrDefault(File.Exists);
    }
}

public sealed record Ran(int ExitCode, string Out, string Error)
{
    /// <summary>Fails the test, with what was said, unless it went well.</summary>
    public Ran Good()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Out}\n{Error}");
        return this;
    }
}

/// <summary>A program that runs on until it is told to stop.</summary>
public sealed class Running(Process process) : IDisposable
{
    private const int Interrupt = 2;

    public int Id => process.Id;

    /// <summary>Null at its end.</summary>
    public Task<string?> NextLineAsync(CancellationToken ct) => NextAsync(process.StandardOutput, ct);

    /// <summary>Of what it says besides; null at its end.</summary>
    public Task<string?> NextErrorLineAsync(CancellationToken ct) => NextAsync(process.StandardError, ct);

    /// <summary>Only at a terminal.</summary>
    public async Task TypeAsync(string keys, CancellationToken ct)
    {
        await process.StandardInput.WriteAsync(keys.AsMemory(), ct);
        await process.StandardInput.FlushAsync(ct);
    }

    /// <summary>All that it prints from here on.</summary>
    public Task<Ran> EndAsync(CancellationToken ct) => Shell.EndOfAsync(process, ct);

    /// <summary>Ctrl-C, then the end.</summary>
    public async Task<Ran> StopAsync(CancellationToken ct)
    {
        Assert.Equal(0, Signal(process.Id, Interrupt));
        return await Shell.EndOfAsync(process, ct);
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private async Task<string?> NextAsync(StreamReader from, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Shell.Patience, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            return await from.ReadLineAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} had said nothing more for {Shell.Patience}.");
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
