namespace Ebb.SystemTests.Commands;

/// <summary>Other hardware for the control plane of an ebb.yaml, as a user types it.</summary>
public sealed class HardwareTests : IAsyncLifetime
{
    private const string Name = "changing-farm";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    [Fact]
    public async Task The_control_planes_machines_change_with_the_file_while_its_API_goes_on()
    {
        const string Plane = $"{Name}-control-plane";
        (await EbbAsync($"init --yes --name {Name}")).Good();
        await EditAsync("machines: 1", "machines: 3");
        (await EbbAsync("up --speed 20")).Good();

        await EditAsync("size: Standard_B2ms", "size: Standard_D2s_v3");
        var planned = (await EbbAsync("plan")).Good();
        var asked = await EbbAsync("up");
        using (var killed = _shell.Start($"up -f {YamlFile} --yes"))
        {
            await Shell.UntilAsync("the first machine has its size", Soon, async () => (await SizesAsync()).Contains("Standard_D2s_v3"));
        }

        var resized = (await EbbAsync("up --yes")).Good();

        Assert.Contains($"one after the other, each once all others are ready: {Plane}-0, {Plane}-1, {Plane}-2. The Kubernetes API goes on.", planned.Error, StringComparison.Ordinal);
        Assert.Equal(2, asked.ExitCode);
        Assert.DoesNotContain($"{Plane}-0: becomes", resized.Out + resized.Error, StringComparison.Ordinal);
        Assert.Equal(["Standard_D2s_v3", "Standard_D2s_v3", "Standard_D2s_v3"], await SizesAsync());
        Assert.Equal([$"{Plane}-0", $"{Plane}-1", $"{Plane}-2"], await NodesAsync());

        // Only other machines can be of this size: each leaves, and another comes.
        await EditAsync("size: Standard_D2s_v3", "size: Standard_D2s_v5");
        (await EbbAsync("up --yes")).Good();
        Assert.Equal(["Standard_D2s_v5", "Standard_D2s_v5", "Standard_D2s_v5"], await SizesAsync());

        await EditAsync("machines: 3", "machines: 1");
        var fewer = (await EbbAsync("plan")).Good();
        (await EbbAsync("up --yes")).Good();

        Assert.Contains($"virtualMachines {Plane}-2", fewer.Out, StringComparison.Ordinal);
        Assert.Equal([$"{Plane}-0"], await NodesAsync());
        Assert.Contains("Nothing to change", (await EbbAsync("plan")).Good().Out, StringComparison.Ordinal);

        // What the only one holds is not given up.
        await EditAsync("size: Standard_D2s_v5", "size: Standard_F4s_v2");
        var refused = await EbbAsync("up --yes");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Make it three machines first", refused.Error, StringComparison.Ordinal);

        async Task EditAsync(string before, string after) =>
            await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace(before, after, StringComparison.Ordinal), Ct);

        async Task<IReadOnlyList<string>> SizesAsync()
        {
            using var azure = await SandboxAzure.OpenAsync(Path.Combine(_shell.State, "clusters", Name, "cloud"));
            return [.. (await azure.GetAsync($"{Name}-compute", "virtualMachines")).GetProperty("value").EnumerateArray()
                .Select(machine => machine.GetProperty("properties").GetProperty("hardwareProfile").GetProperty("vmSize").GetString()!)];
        }
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Task<Ran> EbbAsync(string line)
    {
        var words = line.Split(' ', 2);
        return _shell.EbbAsync($"{words[0]} -f {YamlFile} {(words.Length > 1 ? words[1] : "")}", Ct);
    }

    private async Task<IReadOnlyList<string>> NodesAsync() =>
        [.. (await _shell.KubectlAsync("get nodes --no-headers -o custom-columns=NAME:.metadata.name", $"clusters/{Name}", Ct)).Good().Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}
