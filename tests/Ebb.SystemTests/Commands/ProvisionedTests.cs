using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>The cluster of an ebb.yaml, as a user types it: from an empty subscription of the sandbox's Azure to nothing again.</summary>
public sealed class ProvisionedTests : IAsyncLifetime
{
    private const string Name = "tidal-farm";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    [Fact]
    public async Task From_init_to_down()
    {
        (await EbbAsync($"init --yes --name {Name}")).Good();
        await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace("min: 0", "min: 1", StringComparison.Ordinal), Ct);

        var planned = (await EbbAsync("plan")).Good();
        var up = (await EbbAsync("up --speed 20")).Good();

        Assert.Contains("virtualMachines tidal-farm-control-plane-0", planned.Out, StringComparison.Ordinal);
        Assert.Contains($"Cluster '{Name}' is up: Kubernetes at https://127.", up.Out, StringComparison.Ordinal);
        var nodes = (await KubectlAsync("get nodes --no-headers")).Good().Out;
        Assert.Contains($"{Name}-control-plane-0", nodes, StringComparison.Ordinal);
        Assert.DoesNotContain("NotReady", nodes, StringComparison.Ordinal);

        // The machine of the pool asked the join server, which wrote down that it let it in.
        Assert.Contains("agents", await File.ReadAllTextAsync(Path.Combine(_shell.State, "clusters", Name, "cloud", "control-plane", "join-audit.jsonl"), Ct), StringComparison.Ordinal);

        (await EbbAsync("scale agents 3")).Good();
        await Shell.UntilAsync("three machines are nodes", Soon, async () => (await NodesAsync()).Count(n => n.StartsWith("agents", StringComparison.Ordinal)) == 3);

        var again = (await EbbAsync("up")).Good();
        Assert.Contains("nothing was changed", again.Out, StringComparison.Ordinal);
        Assert.Equal(3, (await PoolAsync()).GetProperty("capacity").GetInt32());

        (await EbbAsync("down --yes")).Good();
        Assert.False(Directory.Exists(Path.Combine(_shell.State, "clusters", Name)));
        (await EbbAsync("down --yes")).Good();
    }

    [Fact]
    public async Task A_spot_machine_that_is_evicted_is_replaced()
    {
        await UpAsync();
        var lost = (await NodesAsync()).Single(n => n.StartsWith("agents", StringComparison.Ordinal));

        await EvictAsync();

        await Shell.UntilAsync("another node is there and the lost one is gone", Soon, async () =>
            (await NodesAsync()).Where(n => n.StartsWith("agents", StringComparison.Ordinal)).ToList() is [var only] && only != lost);
    }

    [Fact]
    public async Task A_changed_file_is_asked_about_and_changes_only_what_differs()
    {
        await UpAsync();
        await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace("max: 10", "max: 20", StringComparison.Ordinal), Ct);

        var refused = await EbbAsync("up");
        var plan = (await EbbAsync("plan --json")).Good();
        var changed = (await EbbAsync("up --yes")).Good();

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--yes", refused.Error, StringComparison.Ordinal);
        var only = Assert.Single(JsonDocument.Parse(plan.Out).RootElement.GetProperty("changes").EnumerateArray());
        Assert.Equal("change", only.GetProperty("action").GetString());
        Assert.Equal("agents", only.GetProperty("name").GetString());
        Assert.Contains("is up", changed.Out, StringComparison.Ordinal);
        Assert.Equal(20, (await PoolAsync()).GetProperty("max").GetInt32());
        Assert.Contains("agents", (await NodesAsync()).Single(n => n.StartsWith("agents", StringComparison.Ordinal)), StringComparison.Ordinal);

        // What a cluster has for life is refused before anything restarts.
        await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace("# podRange: 10.42.0.0/16", "podRange: 10.60.0.0/16", StringComparison.Ordinal), Ct);
        foreach (var command in new[] { "up --yes", "upgrade --yes", "upgrade --dry-run" })
        {
            var other = await EbbAsync(command);
            Assert.Equal(2, other.ExitCode);
            Assert.Contains("'network.podRange' cannot become 10.60.0.0/16", other.Error, StringComparison.Ordinal);
        }

        // From another computer, which has none of its keys.
        var keys = Path.Combine(_shell.State, "clusters", Name, "keys");
        Directory.Move(keys, $"{_folder}/keys");
        foreach (var command in new[] { "plan", "up --yes" })
        {
            var foreign = await EbbAsync(command);
            Assert.Equal(2, foreign.ExitCode);
            Assert.Contains("Copy that directory here", foreign.Error, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(keys));
        }
    }

    [Fact]
    public async Task A_machine_of_the_control_plane_that_is_lost_is_made_anew_and_its_node_too()
    {
        const string Lost = $"{Name}-control-plane-1";
        (await EbbAsync($"init --yes --name {Name}")).Good();
        await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace("machines: 1", "machines: 3", StringComparison.Ordinal), Ct);
        (await EbbAsync("up --speed 20")).Good();
        var before = await UidAsync();
        using (var azure = await AzureAsync())
        {
            await azure.DeleteAsync($"{Name}-compute", $"virtualMachines/{Lost}");
            await Shell.UntilAsync("the machine is gone", Soon, async () =>
                !(await azure.GetAsync($"{Name}-compute", "virtualMachines")).GetRawText().Contains($"\"{Lost}\"", StringComparison.OrdinalIgnoreCase));
        }

        var planned = (await EbbAsync("plan")).Good();
        var up = (await EbbAsync("up --yes")).Good();

        Assert.Contains($"virtualMachines {Lost}", planned.Out, StringComparison.Ordinal);
        Assert.Contains($"Node '{Lost}', whose machine is gone, is deleted", up.Out + up.Error, StringComparison.Ordinal);
        await Shell.UntilAsync("another node has taken its place", Soon, async () => (await UidAsync()) is { Length: > 0 } now && now != before);

        async Task<string> UidAsync() => (await KubectlAsync($"get node {Lost} --ignore-not-found -o jsonpath={{.metadata.uid}}")).Good().Out;
    }

    [Fact]
    public async Task Without_a_cluster_every_command_says_what_to_do()
    {
        (await EbbAsync($"init --yes --name {Name}")).Good();

        foreach (var command in new[] { "status", "machines", "kubeconfig", "scale agents 1" })
        {
            var said = await EbbAsync(command);
            Assert.Equal(2, said.ExitCode);
            Assert.Contains("'ebb up' makes it", said.Error, StringComparison.Ordinal);
        }
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task UpAsync()
    {
        (await EbbAsync($"init --yes --name {Name}")).Good();
        await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace("min: 0", "min: 1", StringComparison.Ordinal), Ct);
        (await EbbAsync("up --speed 20")).Good();
    }

    private Task<Ran> EbbAsync(string line)
    {
        var words = line.Split(' ', 2);
        return _shell.EbbAsync($"{words[0]} -f {YamlFile} {(words.Length > 1 ? words[1] : "")}", Ct);
    }

    private Task<Ran> KubectlAsync(string line) => _shell.KubectlAsync(line, $"clusters/{Name}", Ct);

    private async Task<IReadOnlyList<string>> NodesAsync() =>
        [.. (await KubectlAsync("get nodes --no-headers -o custom-columns=NAME:.metadata.name")).Good().Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private async Task<JsonElement> PoolAsync() =>
        JsonDocument.Parse((await EbbAsync("status --json")).Good().Out).RootElement.GetProperty("pools")[0];

    /// <summary>As Azure does it, to the pool's first machine.</summary>
    private async Task EvictAsync()
    {
        const string Set = "virtualMachineScaleSets/agents/virtualMachines";
        using var azure = await AzureAsync();
        var id = (await azure.GetAsync($"{Name}-compute", Set)).GetProperty("value")[0].GetProperty("instanceId").GetString();
        await azure.PostAsync($"{Name}-compute", $"{Set}/{id}/simulateEviction");
    }

    private Task<SandboxAzure> AzureAsync() => SandboxAzure.OpenAsync(Path.Combine(_shell.State, "clusters", Name, "cloud"));
}
