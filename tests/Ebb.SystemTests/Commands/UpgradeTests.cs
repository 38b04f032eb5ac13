using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>Another release of Kubernetes for a cluster that runs, as a user types it.</summary>
public sealed class UpgradeTests : IAsyncLifetime
{
    private const string Name = "rising-farm";

    private const string Old = "v1.33.3+k3s1";

    private const string New = "v1.34.5+k3s1";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    [Fact]
    public async Task A_cluster_comes_to_the_files_release_while_its_work_runs_on()
    {
        await UpAsync(controlPlane: 1, pool: 2);
        await RenderAsync(frames: 3);
        await WriteAsync(1, 2, New);

        var planned = (await EbbAsync("plan")).Good();
        var up = (await EbbAsync("up --yes")).Good();
        Assert.Contains($"Kubernetes {Old} runs, and the file says {New}: 'ebb upgrade", planned.Error, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", up.Out, StringComparison.Ordinal);
        Assert.Equal([Old], (await ReleasesAsync()).Distinct());

        var dry = JsonDocument.Parse((await EbbAsync("upgrade --dry-run --json")).Good().Out).RootElement;
        var asked = await EbbAsync("upgrade");
        Assert.Equal(2, dry.GetProperty("machines").GetArrayLength());
        Assert.Equal(2, asked.ExitCode);
        Assert.Contains("say --yes", asked.Error, StringComparison.Ordinal);

        // A document each line, the result last.
        var lines = Lines((await EbbAsync("upgrade --yes --json")).Good().Out).Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.All(lines[..^1], line => Assert.True(line.TryGetProperty("event", out _)));
        Assert.Equal(["done", "done"], lines[^1].GetProperty("machines").EnumerateArray().Select(machine => machine.GetProperty("outcome").GetString()));
        Assert.Equal([New], (await ReleasesAsync()).Distinct());
        Assert.Equal(New, JsonDocument.Parse((await KubectlAsync("get --raw /version")).Good().Out).RootElement.GetProperty("gitVersion").GetString());
        Assert.Contains("Nothing to do", (await EbbAsync("upgrade")).Good().Out, StringComparison.Ordinal);
        Assert.Contains("Nothing to change", (await EbbAsync("plan")).Good().Out, StringComparison.Ordinal);
        await AssertEachFrameRanOnceAsync(3);

        // What is not possible is refused, with the way out, and changes nothing.
        await RefusedAsync("v1.36.0+k3s1", "Take v1.35.2+k3s1 first");
        await RefusedAsync(Old, $"version: {New}");
        Assert.Contains("the file counts", (await EbbAsync("upgrade --to v1.35.1+k3s1")).Error, StringComparison.Ordinal);
        Assert.Equal([New], (await ReleasesAsync()).Distinct());
    }

    [Fact]
    public async Task By_parts_the_control_plane_first_then_a_pool_and_status_shows_both_releases_meanwhile()
    {
        await UpAsync(controlPlane: 1, pool: 1, others: 1);
        await WriteAsync(1, 1, New, others: 1);

        var plane = (await EbbAsync("upgrade --control-plane --yes")).Good();
        var between = await StatusAsync();
        var pool = (await EbbAsync("upgrade --pool gpu --yes")).Good();
        var after = await StatusAsync();
        var unknown = await EbbAsync("upgrade --pool nobody --yes");
        (await EbbAsync("upgrade --yes")).Good();

        Assert.Contains($"The control plane of cluster '{Name}' is at {New}.", plane.Out, StringComparison.Ordinal);
        Assert.Equal([New, "agents " + Old, "gpu " + Old], Tell(between));
        Assert.Contains($"The control plane of cluster '{Name}' and pool 'gpu' are at {New}.", pool.Out, StringComparison.Ordinal);
        Assert.Equal([New, "agents " + Old, "gpu " + New], Tell(after));
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("There is no pool 'nobody'", unknown.Error, StringComparison.Ordinal);
        Assert.StartsWith($"Kubernetes {New} at https://", (await EbbAsync("status")).Good().Out, StringComparison.Ordinal);
        Assert.Equal([New], (await ReleasesAsync()).Distinct());

        static IEnumerable<string?> Tell(JsonElement status) =>
        [
            .. status.GetProperty("cluster").GetProperty("releases").EnumerateArray().Select(release => release.GetString()),
            .. status.GetProperty("machines").EnumerateArray()
                .Select(machine => $"{machine.GetProperty("pool").GetString()} {machine.GetProperty("release").GetString()}").Order(StringComparer.Ordinal),
        ];
    }

    [Fact]
    public async Task Killed_in_the_middle_it_carries_on_and_two_at_once_are_one()
    {
        await UpAsync(controlPlane: 3, pool: 1);
        await WriteAsync(3, 1, New);

        using (var killed = _shell.Start($"upgrade -f {YamlFile} --yes"))
        {
            await Shell.UntilAsync("the first machine of the control plane has the new release", Soon, async () => (await ReleasesAsync()).Contains(New));
            var second = await EbbAsync("upgrade --yes");
            Assert.Equal(2, second.ExitCode);
            Assert.Contains("is being changed by another 'ebb'", second.Error, StringComparison.Ordinal);
        }

        (await EbbAsync("upgrade --yes")).Good();

        var releases = await ReleasesAsync();
        Assert.Equal(4, releases.Count);
        Assert.All(releases, release => Assert.Equal(New, release));
    }

    [Fact]
    public async Task A_release_that_cannot_be_installed_leaves_the_cluster_as_it_was_and_another_one_goes_on_from_there()
    {
        await UpAsync(controlPlane: 1, pool: 0);
        await WriteAsync(1, 0, "v1.34.99+k3s1");

        var failed = await EbbAsync("upgrade --yes");

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains($"{Name}-control-plane-0 could not become what is wanted of it", failed.Error, StringComparison.Ordinal);
        Assert.Equal([Old], await ReleasesAsync());
        var doctor = await EbbAsync("doctor");
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("no release 'v1.34.99+k3s1' to download", doctor.Out, StringComparison.Ordinal);
        await WriteAsync(1, 0, New);
        (await EbbAsync("upgrade --yes")).Good();
        Assert.Equal([New], await ReleasesAsync());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task UpAsync(int controlPlane, int pool, int others = 0)
    {
        await WriteAsync(controlPlane, pool, Old, others);
        (await EbbAsync("up --speed 20")).Good();
    }

    private Task WriteAsync(int controlPlane, int pool, string release, int others = 0) => File.WriteAllTextAsync(
        YamlFile,
        $$"""
        name: {{Name}}
        cloud: {provider: azure, region: westeurope, endpoint: sandbox}
        kubernetes: {version: {{release}}}
        controlPlane: {machines: {{controlPlane}}}
        pools:
          - {name: agents, size: Standard_D4s_v5, min: {{pool}}, max: 4}
        {{(others == 0 ? "" : $"  - {{name: gpu, size: Standard_D4s_v5, min: {others}, max: 4}}")}}
        """,
        Ct);

    private async Task RenderAsync(int frames)
    {
        var job = Path.Combine(_folder, "job.json");
        await File.WriteAllTextAsync(
            job,
            $$$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "frames"}, "spec": {"completions": {{{frames}}}, "parallelism": {{{frames}}}, "backoffLimit": 0,
             "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "render", "image": "busybox", "command": ["sh", "-c", "sleep 8"],
              "resources": {"requests": {"cpu": "2"} } }] } } } }
            """,
            Ct);
        (await KubectlAsync($"apply -f {job}")).Good();
        await Shell.UntilAsync("frames run", Soon, async () => (await PhasesAsync()).Count(phase => phase == "Running") == frames);
    }

    private async Task AssertEachFrameRanOnceAsync(int frames)
    {
        await Shell.UntilAsync("all frames are done", Soon, async () => (await PhasesAsync()).All(phase => phase == "Succeeded"));
        Assert.Equal(frames, (await PhasesAsync()).Count);
    }

    private async Task RefusedAsync(string release, string remedy)
    {
        await WriteAsync(1, 2, release);
        var refused = await EbbAsync("upgrade --yes");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(remedy, refused.Error, StringComparison.Ordinal);
        Assert.Contains("Nothing has been changed", refused.Error, StringComparison.Ordinal);
    }

    private async Task<JsonElement> StatusAsync() => JsonDocument.Parse((await EbbAsync("status --json")).Good().Out).RootElement;

    private async Task<IReadOnlyList<string>> PhasesAsync() => Lines((await KubectlAsync("get pods --no-headers -o custom-columns=PHASE:.status.phase")).Good().Out);

    /// <summary>Of every node; empty while the API starts anew.</summary>
    private async Task<IReadOnlyList<string>> ReleasesAsync() =>
        Lines((await KubectlAsync("get nodes --no-headers -o custom-columns=RELEASE:.status.nodeInfo.kubeletVersion")).Out);

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private Task<Ran> EbbAsync(string line)
    {
        var words = line.Split(' ', 2);
        return _shell.EbbAsync($"{words[0]} -f {YamlFile} {(words.Length > 1 ? words[1] : "")}", Ct);
    }

    private Task<Ran> KubectlAsync(string line) => _shell.KubectlAsync(line, $"clusters/{Name}", Ct);
}
