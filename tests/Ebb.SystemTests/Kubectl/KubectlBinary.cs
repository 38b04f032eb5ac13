using System.Diagnostics;
using System.Text;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Kubectl;

/// <summary>A kubectl that nobody here wrote, run as a user would.</summary>
internal sealed class KubectlBinary(string path, string home, string kubeconfig)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>What the whole command printed; fails the test when it fails.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var result = await TryAsync(arguments);
        Assert.True(result.Code == 0, $"kubectl {string.Join(' ', arguments)} ended with {result.Code}:\n{result.Error}{result.Output}");
        return result.Output;
    }

    public Task<(int Code, string Output, string Error)> TryAsync(params string[] arguments) =>
        TryAsync(new Dictionary<string, string>(), arguments);

    public async Task<(int Code, string Output, string Error)> TryAsync(
        IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process = Start(environment, arguments);
        var ran = await Shell.EndOfAsync(process, TestContext.Current.CancellationToken);
        return (ran.ExitCode, ran.Out, ran.Error);
    }

    /// <summary>Starts a command that does not end by itself, and gives its lines until <paramref name="enough"/> says so.</summary>
    public async Task<List<string>> FollowAsync(Func<List<string>, bool> enough, Func<Task> meanwhile, params string[] arguments)
    {
        using var process = Start(new Dictionary<string, string>(), arguments);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var lines = new List<string>();
        try
        {
            var first = await process.StandardOutput.ReadLineAsync(limit.Token);
            lines.Add(first ?? "");
            await meanwhile();
            while (!enough(lines) && await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                lines.Add(line);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"kubectl {string.Join(' ', arguments)} showed only:\n{string.Join('\n', lines)}");
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        return lines;
    }

    private Process Start(IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = home,
        };
        start.Environment["HOME"] = home;
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["NO_COLOR"] = "1";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start.");
        process.StandardInput.Close();
        return process;
    }
}
