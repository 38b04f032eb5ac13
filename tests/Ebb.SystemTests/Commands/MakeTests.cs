using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>A cluster's life by the Makefile that 'ebb init' writes, as someone goes through its targets with make.</summary>
public sealed class MakeTests : IAsyncLifetime
{
    private const string Name = "made-farm";

    private const string Unpinned = "# version: v1.31.5+k3s1";
    private const string Old = "v1.33.3+k3s1";
    private const string New = "v1.34.5+k3s1";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-make-").FullName;
    private string _make = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Yaml => Path.Combine(_folder, "ebb.yaml");

    private string[] Words => ["-C", _folder, "--no-print-directory", $"EBB={Path.Combine(Shell.Root, "ebb")}"];

    private string Home => Path.Combine(_shell.State, "clusters", Name);

    [Fact]
    public async Task Its_targets_make_a_cluster_work_on_it_rebuild_it_on_its_storage_and_leave_nothing()
    {
        (await _shell.EbbAsync($"init --yes --makefile --name {Name} -f {Yaml}", Ct)).Good();
        await EditAsync("min: 0", "min: 1");
        await EditAsync(Unpinned, $"version: {Old}");
        Assert.Contains("deploy-compute", (await MakeAsync("help")).Out, StringComparison.Ordinal);

        Assert.Contains("SSH: ssh-", (await MakeAsync("keys")).Out, StringComparison.Ordinal);
        Assert.Contains($"The storage of cluster '{Name}' is there", (await MakeAsync("deploy-storage", "YES=--yes --speed 20")).Out, StringComparison.Ordinal);
        await MakeAsync("params");
        Assert.True(File.Exists(Path.Combine(_folder, "rendered", "compute.json")));
        using (var watch = AtTerminal("watch-deployment"))
        {
            Assert.Contains("is up: Kubernetes at https://", (await MakeAsync("deploy-compute")).Out, StringComparison.Ordinal);
            await UntilCtrlCAsync(watch, "watch-deployment", $"virtualMachines {Name}-control-plane-0: Succeeded", $"{Name}-compute: done in", "agents: 1");
        }

        Assert.Contains("agents", (await MakeAsync("view-deployment")).Out, StringComparison.Ordinal);
        Assert.Contains("agents_0", (await MakeAsync("list-agents")).Out, StringComparison.Ordinal);
        await LookAroundAsync();

        await WorkOnMachinesAsync();
        await UpgradeAsync();

        Assert.Contains("kubernetes", (await MakeAsync("list-endpoints")).Out, StringComparison.Ordinal);
        await RebuildAsync();

        await MakeAsync("destroy-compute");
        Assert.Contains($"The storage of cluster '{Name}' is gone, with its keys.", (await MakeAsync("destroy-storage")).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Home));
        Assert.Contains("there is nothing of this cluster", (await MakeAsync("destroy-cluster")).Error, StringComparison.Ordinal);
    }

    public async ValueTask InitializeAsync()
    {
        var found = await _shell.RunAsync(Path.Combine(Shell.Root, "eng", "make.sh"), [], Ct);
        Assert.SkipWhen(found.ExitCode != 0, found.Error);
        _make = found.Out.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task WorkOnMachinesAsync()
    {
        await MakeAsync("scale-agents-2");
        await Shell.UntilAsync("two machines are nodes", Soon, async () => (await BootsAsync()).Count == 2);

        await MakeAsync("stop-agents");
        Assert.Equal(["stopped", "stopped"], await MachinesAsync("state"));
        await MakeAsync("start-agents");
        Assert.DoesNotContain("stopped", await MachinesAsync("state"));

        await EachAnewAsync("reimage-agents-serial");
        await EachAnewAsync("reimage-agents-parallel");
        await EachAnewAsync("resize", "SIZE=Standard_D8s_v5");
        Assert.Contains("Standard_D8s_v5", (await MakeAsync("view-deployment")).Out, StringComparison.Ordinal);
        Assert.Equal("8", (await KubectlAsync("get nodes -l ebb.dev/pool=agents -o jsonpath={.items[0].status.capacity.cpu}")).Good().Out);
        await EachAnewAsync("chaos-monkey", "SEED=7");

        // Without a size, make itself says what to write; and restart has no target.
        Assert.Contains("make resize SIZE=", (await _shell.RunAsync(_make, ["-C", _folder, "resize"], Ct)).Error, StringComparison.Ordinal);
        var before = await BootsAsync();
        (await _shell.EbbAsync($"restart agents -f {Yaml}", Ct)).Good();
        Assert.Empty(before.Intersect(await BootsAsync()));
    }

    private async Task LookAroundAsync()
    {
        Assert.Contains("westeurope", (await MakeAsync("list-locations")).Out, StringComparison.Ordinal);
        Assert.Contains("Standard_D8s_v5", (await MakeAsync("list-sizes")).Out, StringComparison.Ordinal);
        Assert.Contains("ubuntu-24.04", (await MakeAsync("list-images")).Out, StringComparison.Ordinal);

        // Nobody logs in to a control plane of the sandbox by SSH; its log is followed as any other.
        var proxy = await _shell.RunAsync(_make, [.. Words, "proxy"], Ct);
        Assert.Equal(2, proxy.ExitCode);
        Assert.Contains("'endpoint: sandbox' in its file says so", proxy.Error, StringComparison.Ordinal);
        using var log = AtTerminal("tail-helper");
        await UntilCtrlCAsync(log, "tail-helper", "The join server listens on");
    }

    /// <summary>To the release that the file says by now.</summary>
    private async Task UpgradeAsync()
    {
        await EditAsync(Old, New);

        Assert.Contains(New, (await MakeAsync("upgrade")).Out, StringComparison.Ordinal);

        var releases = (await KubectlAsync("get nodes -o jsonpath={.items[*].status.nodeInfo.kubeletVersion}")).Good().Out.Split(' ');
        Assert.Equal(3, releases.Length);
        Assert.All(releases, release => Assert.Equal(New, release));
    }

    private async Task RebuildAsync()
    {
        var keys = await KeysAsync();
        var refused = await _shell.RunAsync(_make, [.. Words, "destroy-storage"], Ct);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("The cluster's machines are still there", refused.Error, StringComparison.Ordinal);

        Assert.Contains("its storage stays", (await MakeAsync("destroy-compute")).Error, StringComparison.Ordinal);
        Assert.Equal(keys, await KeysAsync());
        Assert.False(File.Exists(Path.Combine(Home, "kubeconfig")));

        var again = await MakeAsync("deploy-compute");
        Assert.Contains($"Storage in resource group {Name}-storage: as wanted already", again.Error, StringComparison.Ordinal);
        Assert.Equal(keys, await KeysAsync());
        Assert.Single(await BootsAsync());
    }

    /// <summary>Every machine of the pool has been started anew, and is there.</summary>
    private async Task EachAnewAsync(params string[] target)
    {
        var before = await BootsAsync();

        await MakeAsync(target);

        var after = await BootsAsync();
        Assert.Equal(2, after.Count);
        Assert.Empty(before.Intersect(after));
        Assert.All(await MachinesAsync("state"), state => Assert.NotEqual("stopped", state));
    }

    /// <summary>Of the pool's nodes that are ready.</summary>
    private async Task<IReadOnlyList<string>> BootsAsync() =>
    [
        .. from node in JsonDocument.Parse((await KubectlAsync("get nodes -o json")).Good().Out).RootElement.GetProperty("items").EnumerateArray()
           where node.GetProperty("metadata").GetProperty("name").GetString()!.StartsWith("agents", StringComparison.Ordinal)
           where node.GetProperty("status").GetProperty("conditions").EnumerateArray()
               .Any(condition => condition.GetProperty("type").GetString() == "Ready" && condition.GetProperty("status").GetString() == "True")
           select node.GetProperty("status").GetProperty("nodeInfo").GetProperty("bootID").GetString()!,
    ];

    private async Task<IEnumerable<string?>> MachinesAsync(string property) =>
        JsonDocument.Parse((await _shell.EbbAsync($"machines agents --json -f {Yaml}", Ct)).Good().Out).RootElement.EnumerateArray()
            .Select(machine => machine.GetProperty(property).GetString()).ToList();

    /// <summary>All keys and certificates of the cluster, and what 'ebb keys' says of those in the cloud.</summary>
    private async Task<IReadOnlyList<string>> KeysAsync()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Home, "keys"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        var texts = await Task.WhenAll(files.Select(async file => $"{Path.GetRelativePath(Home, file)}: {await File.ReadAllTextAsync(file, Ct)}"));
        var said = JsonDocument.Parse((await _shell.EbbAsync($"keys --json -f {Yaml}", Ct)).Good().Out).RootElement.GetProperty("keys");
        return [.. texts, said.GetRawText()];
    }

    private async Task<Ran> MakeAsync(params string[] target) => (await _shell.RunAsync(_make, [.. Words, .. target], Ct)).Good();

    /// <summary>At a terminal whose Ctrl-C reaches make and all that it runs; what they print is kept in a file.</summary>
    private Running AtTerminal(string target) => _shell.StartAtTerminal($"{string.Join(' ', [_make, .. Words, target])} > {Printed(target)} 2>&1");

    /// <summary>Once it has printed these it is interrupted: make ends as whoever is interrupted does, and what it ran has nothing to say of that.</summary>
    private async Task UntilCtrlCAsync(Running terminal, string target, params string[] wanted)
    {
        await Shell.UntilAsync($"{target} has printed {string.Join(" and ", wanted)}", Soon, async () =>
            File.Exists(Printed(target)) && await File.ReadAllTextAsync(Printed(target), Ct) is var printed && wanted.All(text => printed.Contains(text, StringComparison.Ordinal)));
        await terminal.TypeAsync("\x03", Ct);
        Assert.Equal(130, (await terminal.EndAsync(Ct)).ExitCode);
        Assert.DoesNotContain("ebb: ", await File.ReadAllTextAsync(Printed(target), Ct), StringComparison.Ordinal);
    }

    private string Printed(string target) => Path.Combine(_folder, $"{target}.txt");

    private async Task EditAsync(string from, string to)
    {
        var file = await File.ReadAllTextAsync(Yaml, Ct);
        Assert.Contains(from, file, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Yaml, file.Replace(from, to, StringComparison.Ordinal), Ct);
    }

    private Task<Ran> KubectlAsync(string line) => _shell.KubectlAsync(line, $"clusters/{Name}", Ct);
}
