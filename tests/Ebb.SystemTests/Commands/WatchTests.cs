using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>A second terminal, in which somebody watches what the first one does.</summary>
public sealed class WatchTests : IAsyncLifetime
{
    private const string Name = "watched-farm";

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    [Fact]
    public async Task From_before_the_first_up_until_the_cluster_shows_itself()
    {
        await InitAsync();
        using var watch = _shell.Start($"watch -f {YamlFile}");

        (await _shell.EbbAsync($"up -f {YamlFile} --speed 8", Ct)).Good();
        var first = await watch.NextLineAsync(Ct);
        var watched = await watch.StopAsync(Ct);

        Assert.True(first?.Contains("agents: 1", StringComparison.Ordinal) == true, $"{first}\n{watched.Out}\n{watched.Error}");
        Assert.Equal(0, watched.ExitCode);
        var storage = watched.Error.IndexOf($"Storage in resource group {Name}-storage: done in", StringComparison.Ordinal);
        var compute = watched.Error.IndexOf($"Machines and network in resource group {Name}-compute: done in", StringComparison.Ordinal);
        Assert.True(storage >= 0 && compute > storage, watched.Error);
        Assert.Contains($"virtualMachines {Name}-control-plane-0: Succeeded", watched.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_a_script_each_step_and_then_each_status_is_a_document_on_a_line()
    {
        await InitAsync();
        using var watch = _shell.Start($"watch --json -f {YamlFile}");

        (await _shell.EbbAsync($"up -f {YamlFile} --speed 8", Ct)).Good();
        List<JsonElement> documents = [];
        while (!documents.Exists(document => document.TryGetProperty("pools", out _)))
        {
            documents.Add(JsonDocument.Parse(await watch.NextLineAsync(Ct) ?? throw new InvalidOperationException("It ended before the cluster was seen.")).RootElement);
        }

        await watch.StopAsync(Ct);
        Assert.Equal(
            ["storage", "compute"],
            documents.Where(d => d.TryGetProperty("event", out var what) && what.GetString() == "ended").Select(d => d.GetProperty("step").GetString()));
    }

    [Fact]
    public async Task Where_nothing_is_made_it_says_so_and_ends()
    {
        await InitAsync();

        var watched = await _shell.EbbAsync($"watch -f {YamlFile}", Ct);

        Assert.Equal(2, watched.ExitCode);
        Assert.Contains("waiting 10 s for an 'ebb up' to begin", watched.Error, StringComparison.Ordinal);
        Assert.Contains("'ebb up' makes it", watched.Error, StringComparison.Ordinal);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task InitAsync()
    {
        (await _shell.EbbAsync($"init --yes --name {Name} -f {YamlFile}", Ct)).Good();
        await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace("min: 0", "min: 1", StringComparison.Ordinal), Ct);
    }
}
