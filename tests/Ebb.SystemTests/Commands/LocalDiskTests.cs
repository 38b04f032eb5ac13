using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>A pool whose system disks are on its hosts, of an ebb.yaml, as a user stops it, changes it and stops it then.</summary>
public sealed class LocalDiskTests : IAsyncLifetime
{
    private const string Name = "local-farm";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    [Fact]
    public async Task It_is_not_stopped_and_the_way_that_the_refusal_names_leads_to_one_that_is()
    {
        (await EbbAsync($"init --yes --name {Name}")).Good();
        await EditAsync("size: Standard_D4s_v5", "size: Standard_D4s_v3");
        await EditAsync("priority: regular", "priority: spot");
        await EditAsync("min: 0", "min: 1");
        (await EbbAsync("up --speed 20")).Good();
        await UntilJoinedAsync();
        var before = await NodesAsync();

        var stopped = await EbbAsync("stop agents");
        var planned = await EbbAsync("stop agents --dry-run");
        var whole = await EbbAsync("stop --json");

        Assert.All([stopped, planned, whole], ran => Assert.Equal(2, ran.ExitCode));
        Assert.All([stopped, planned, whole], ran => Assert.Contains(
            "Pool 'agents' cannot be stopped: Azure stops no machine whose system disk is on its host, since the disk would be lost. "
            + "'ebb scale agents 1' lets idle machines go, down to the pool's min; what is gone costs nothing at all. "
            + "To stop machines and keep them, set 'localDisk: false' for the pool in ebb.yaml: 'ebb up' then makes its scale set anew.",
            ran.Error,
            StringComparison.Ordinal));
        Assert.Equal(before, await NodesAsync());

        var resized = Machines((await EbbAsync("resize agents Standard_D8s_v3 --json")).Good().Out);
        Assert.Equal("done", Assert.Single(resized).GetProperty("outcome").GetString());
        Assert.Equal("8", (await _shell.KubectlAsync("get nodes -l ebb.dev/pool=agents -o jsonpath={.items[*].status.capacity.cpu}", $"clusters/{Name}", Ct)).Good().Out);

        await EditAsync("size: Standard_D4s_v3", "size: Standard_D8s_v3\n    localDisk: false");
        Assert.Contains("replaced: deleted and made anew", (await EbbAsync("plan")).Good().Out, StringComparison.Ordinal);
        (await EbbAsync("up --yes")).Good();
        await UntilJoinedAsync();

        var off = Machines((await EbbAsync("stop agents --json")).Good().Out);
        var on = Machines((await EbbAsync("start agents --json")).Good().Out);

        Assert.Equal("done", Assert.Single(off).GetProperty("outcome").GetString());
        Assert.Equal("done", Assert.Single(on).GetProperty("outcome").GetString());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static JsonElement[] Machines(string json) => [.. JsonDocument.Parse(json).RootElement.GetProperty("machines").EnumerateArray()];

    private Task<Ran> EbbAsync(string line)
    {
        var words = line.Split(' ', 2);
        return _shell.EbbAsync($"{words[0]} -f {YamlFile} {(words.Length > 1 ? words[1] : "")}", Ct);
    }

    private async Task EditAsync(string before, string after)
    {
        var text = await File.ReadAllTextAsync(YamlFile, Ct);
        await File.WriteAllTextAsync(YamlFile, text.Replace(before, after, StringComparison.Ordinal), Ct);
    }

    private async Task UntilJoinedAsync() => await Shell.UntilAsync("the pool's machine is a node", Soon, async () => (await NodesAsync()).StartsWith("true False", StringComparison.Ordinal));

    /// <summary>Of each node of the pool whether it is ready and cordoned, and what marks of Ebb it bears.</summary>
    private async Task<string> NodesAsync()
    {
        var nodes = JsonDocument.Parse((await _shell.KubectlAsync("get nodes -l ebb.dev/pool=agents -o json", $"clusters/{Name}", Ct)).Good().Out).RootElement.GetProperty("items");
        return string.Join('\n', nodes.EnumerateArray().Select(node =>
        {
            var ready = node.GetProperty("status").GetProperty("conditions").EnumerateArray().Any(c => c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True");
            var cordoned = node.GetProperty("spec").TryGetProperty("unschedulable", out var value) && value.GetBoolean();
            var marks = node.GetProperty("metadata").GetProperty("annotations").EnumerateObject().Select(a => a.Name).Where(name => name is Marks.Operating or Marks.Keep);
            return $"{(ready ? "true" : "false")} {cordoned} {node.GetProperty("metadata").GetProperty("name").GetString()} {string.Join(' ', marks)}";
        }));
    }
}
