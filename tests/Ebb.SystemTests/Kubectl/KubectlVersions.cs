using System.Diagnostics;

namespace Ebb.SystemTests.Kubectl;

/// <summary>The oldest kubectl that is supported, from the distribution.</summary>
public sealed class OldestKubectl : KubectlWorld
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    protected override async Task<(string? Path, string? Missing)> FindAsync()
    {
        var script = Path.Combine(Root(), "eng", "kubectl.sh");
        using var process = Process.Start(new ProcessStartInfo(script)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 ? (output.Trim(), null) : (null, "eng/kubectl.sh: " + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (null, $"eng/kubectl.sh did not end within {Limit}.");
        }
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Ebb.slnx")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("The tests do not lie inside the repository.");
    }
}

/// <summary>Whatever kubectl this machine has.</summary>
public sealed class NewestKubectl : KubectlWorld
{
    protected override Task<(string? Path, string? Missing)> FindAsync()
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(directory => Path.Combine(directory, "kubectl")).FirstOrDefault(File.Exists);
        return Task.FromResult((found, found is null ? "No kubectl is on the PATH." : null));
    }
}

public sealed class OldestKubectlTests(OldestKubectl world) : KubectlTests(world), IClassFixture<OldestKubectl>;

public sealed class NewestKubectlTests(NewestKubectl world) : KubectlTests(world), IClassFixture<NewestKubectl>;
