using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Following;

/// <summary>
/// What an operator types, and what machines make of it: the command writes orders to the share, the machines' own program carries them
/// out, and the command sees it through.
/// </summary>
public sealed class FollowingTests : IAsyncLifetime
{
    private const string Name = "led-farm";

    private const string Old = "v1.33.3+k3s1";

    private const string New = "v1.34.5+k3s1";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private static readonly string[] Machines = [.. Enumerable.Range(0, 3).Select(index => $"{Name}-control-plane-{index}")];

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;
    private FollowedCluster? _cluster;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    private FollowedCluster Cluster => _cluster ?? throw new InvalidOperationException("The cluster was not begun.");

    [Fact]
    public async Task An_upgrade_is_carried_out_by_machines_of_which_one_loses_power_and_by_a_command_that_is_cut_off()
    {
        await UpAsync();
        var started = Cluster.Noted("started").Length;
        await WriteAsync(New);
        Cluster[Machines[1]].LosePowerAt("install");

        using (_shell.Start($"upgrade -f {YamlFile} --yes"))
        {
            await Shell.UntilAsync("the second machine has lost its power", Soon, () => Task.FromResult(Cluster[Machines[1]].Interrupted > 0));
        }

        IReadOnlyList<string> cut = [];
        await Shell.UntilAsync("the API answers again", Soon, async () => (cut = await ReleasesAsync()).Count > 0);
        await AssertGoodAsync("upgrade --yes");

        Assert.Contains(Old, cut);
        Assert.Equal(Enumerable.Repeat(New, 4), await ReleasesAsync());

        // One after the other, each once: what had been done before the command was cut off stood on the share.
        Assert.Equal(Machines, Cluster.Noted("started")[started..]);
        Assert.Contains("Nothing to do", (await EbbAsync("upgrade")).Good().Out, StringComparison.Ordinal);
        Assert.Contains("Nothing to change", (await EbbAsync("plan")).Good().Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passwords_are_exchanged_once_by_machines_of_which_one_loses_power_and_by_a_command_that_is_cut_off()
    {
        await UpAsync();
        var before = Password();
        var started = Cluster.Noted("started").Length;

        // As the cluster has the new password, and before the machine has noted that.
        Cluster[Machines[0]].LosePowerAt("exchange");

        using (_shell.Start($"keys rotate -f {YamlFile} passwords --yes"))
        {
            await Shell.UntilAsync("the first machine has lost its power", Soon, () => Task.FromResult(Cluster[Machines[0]].Interrupted > 0));
        }

        await AssertGoodAsync("keys rotate passwords --yes");

        Assert.NotEqual(before, Password());
        Assert.All(Machines, machine => Assert.Equal(Password(), Cluster[machine].Read("/etc/ebb/k3s/token")));
        Assert.Equal([Machines[0]], Cluster.Noted("exchanged"));

        // The first one once more before that: only that it starts with the new one tells that the exchange had been done.
        Assert.Equal([Machines[0], .. Machines], Cluster.Noted("started")[started..]);

        // Machines join by the new one, and there is nothing left to do.
        (await EbbAsync("scale agents 2")).Good();
        await Shell.UntilAsync("another machine is a node", Soon, async () => (await ReleasesAsync()).Count == Machines.Length + 2);
        Assert.Contains("nothing was changed", (await EbbAsync("up")).Good().Out, StringComparison.Ordinal);
    }

    public async ValueTask InitializeAsync()
    {
        _cluster = await FollowedCluster.BeginAsync(Name);
        _cluster.SignIn(_shell);
    }

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task UpAsync()
    {
        await WriteAsync(Old);
        (await EbbAsync("up --yes")).Good();
        Assert.Equal(Machines, Cluster.Noted("started"));
    }

    private Task WriteAsync(string release) => File.WriteAllTextAsync(
        YamlFile,
        $$"""
        name: {{Name}}
        cloud: {provider: azure, region: {{Cluster.Cloud.Options.Location}}, endpoint: "{{Cluster.Endpoint}}"}
        kubernetes: {version: {{release}}}
        controlPlane: {machines: {{Machines.Length}}}
        pools:
          - {name: agents, size: Standard_D4s_v5, min: 1, max: 4}
        """,
        Ct);

    /// <summary>Fails with what the machines said, where the command does.</summary>
    private async Task AssertGoodAsync(string line)
    {
        var ran = await EbbAsync(line);
        Assert.True(ran.ExitCode == 0, $"{ran.Out}\n{ran.Error}\n{string.Join('\n', Machines.Select(machine => $"{machine}:\n{Cluster[machine].Said}"))}");
    }

    private string Password() => File.ReadAllText(Path.Combine(_shell.State, "clusters", Name, "keys", "server-token"));

    /// <summary>Of every node; empty while the API starts anew.</summary>
    private async Task<IReadOnlyList<string>> ReleasesAsync() =>
        (await KubectlAsync("get nodes --no-headers -o custom-columns=RELEASE:.status.nodeInfo.kubeletVersion")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private Task<Ran> EbbAsync(string line)
    {
        // After the last of the command's own words.
        var words = line.Split(' ');
        var at = words[0] == "keys" ? 2 : 1;
        return _shell.EbbAsync(string.Join(' ', [.. words[..at], "-f", YamlFile, .. words[at..]]), Ct);
    }

    private Task<Ran> KubectlAsync(string line) => _shell.KubectlAsync(line, $"clusters/{Name}", Ct);
}
