using System.Diagnostics;
using System.Text.Json;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>A sandbox with a real Kubernetes that a user has started; the tests of it run one after the other.</summary>
public sealed class SandboxCluster : IAsyncLifetime
{
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private string? _missing;

    public Shell Shell { get; } = new();

    public string Home => Path.Combine(Shell.State, "sandbox");

    /// <summary>A path in this user's own directory.</summary>
    public string File(string name) => Path.Combine(Shell.State, name);

    /// <summary>Skips the test where there is no real Kubernetes.</summary>
    public void Require() => Assert.SkipWhen(_missing is not null, _missing ?? "");

    public async ValueTask InitializeAsync()
    {
        _missing = RealParts.Missing ?? (Shell.KubectlPath is null ? "kubectl is not installed" : null);
        if (_missing is null)
        {
            Shell.Environment["EBB_KUBERNETES_BIN"] = RealParts.Directory;
            await UpAsync();
        }
    }

    public async Task<JsonElement> UpAsync() =>
        JsonDocument.Parse((await Shell.EbbAsync("up -d --json --kubernetes real --machines hollow --speed 10")).Good().Out).RootElement;

    public Task<Ran> EbbAsync(string line) => Shell.EbbAsync(line, TestContext.Current.CancellationToken);

    /// <summary>What kubectl printed; fails the test when it fails.</summary>
    public async Task<string> KubectlAsync(string line) =>
        (await Shell.KubectlAsync(line, ct: TestContext.Current.CancellationToken)).Good().Out.Trim();

    public Task<Ran> TryKubectlAsync(string line) => Shell.KubectlAsync(line, ct: TestContext.Current.CancellationToken);

    public async Task<List<JsonElement>> ComponentsAsync() =>
        [.. JsonDocument.Parse((await EbbAsync("status --json")).Good().Out).RootElement.GetProperty("components").EnumerateArray()];

    public Task AllHealthyAsync() => Shell.UntilAsync("all components are healthy", Soon, async () =>
        (await ComponentsAsync()).All(component => component.GetProperty("state").GetString() == "healthy"));

    /// <summary>Ends the process at once, as a crash would.</summary>
    public static void End(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            found.Kill();
        }
        catch (ArgumentException)
        {
            // It ended with another.
        }
    }

    /// <summary>Whether it is still at work; one that has ended stays in the list until its parent has asked after it.</summary>
    public static bool Runs(int process)
    {
        try
        {
            return !System.IO.File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => Shell.DisposeAsync();
}
