using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>Keys of a running cluster are rotated, as a user types it: while a Job runs, and machines join before, during and after.</summary>
public sealed class KeysTests : IAsyncLifetime
{
    private const string Name = "turning-farm";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    private string Keys => Path.Combine(_shell.State, "clusters", Name, "keys");

    [Fact]
    public async Task Every_key_is_rotated_while_a_Job_runs_and_machines_come()
    {
        (await EbbAsync($"init --yes --name {Name}")).Good();
        await File.WriteAllTextAsync(YamlFile, (await File.ReadAllTextAsync(YamlFile, Ct)).Replace("min: 0", "min: 1", StringComparison.Ordinal), Ct);
        (await EbbAsync("up --speed 8")).Good();
        (await KubectlAsync("create job long --image=x -- sleep 3600")).Good();
        var job = await JobPodAsync();
        var before = await ListAsync();
        var machine = MachineFile("home/ebb/.ssh/authorized_keys");
        var sshBefore = await File.ReadAllTextAsync(Path.Combine(Keys, "ssh.pub"), Ct);
        var kubeconfig = await File.ReadAllTextAsync(Path.Combine(_shell.State, "clusters", Name, "kubeconfig"), Ct);

        var costs = await EbbAsync("keys rotate");
        var dry = (await EbbAsync("keys rotate join --dry-run")).Good();
        var planned = JsonDocument.Parse((await EbbAsync("keys rotate join --dry-run --json")).Good().Out).RootElement;
        var asked = await EbbAsync("keys rotate join");

        Assert.Equal((2, 2), (costs.ExitCode, asked.ExitCode));
        Assert.Contains("restart on one control-plane machine after the other", costs.Error, StringComparison.Ordinal);
        Assert.Contains("drop the old one", dry.Out, StringComparison.Ordinal);
        Assert.Equal(("dry-run", 4), (planned.GetProperty("event").GetString(), planned.GetProperty("rotations")[0].GetProperty("steps").GetArrayLength()));
        Assert.Contains("--yes", asked.Error, StringComparison.Ordinal);
        Assert.Equal(before, await ListAsync());

        // What needs no machine of a pool is done at once.
        var first = (await EbbAsync("keys rotate ssh certificates passwords --yes")).Good();
        Assert.DoesNotContain(sshBefore.Trim(), await File.ReadAllTextAsync(machine, Ct), StringComparison.Ordinal);
        Assert.Contains((await File.ReadAllTextAsync(Path.Combine(Keys, "ssh.pub"), Ct)).Trim(), await File.ReadAllTextAsync(machine, Ct), StringComparison.Ordinal);
        Assert.NotEqual(kubeconfig, await File.ReadAllTextAsync(Path.Combine(_shell.State, "clusters", Name, "kubeconfig"), Ct));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Keys, "server-token"), Ct), await File.ReadAllTextAsync(MachineFile("etc/ebb/k3s/token"), Ct));
        Assert.Contains("ssh: the new one is in force everywhere, and the one before still works", first.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Keys, "ssh.previous")));

        // The machine with the Job holds the rest up, and one that joins now does not.
        var copy = Path.Combine(_folder, "kubeconfig");
        File.Copy(Path.Combine(_shell.State, "clusters", Name, "kubeconfig"), copy);
        var held = (await EbbAsync("keys rotate join authorities storage --yes")).Good();
        Assert.NotEqual("", await NamesOfNodesAsync(copy));
        (await EbbAsync("scale agents 2")).Good();
        await Shell.UntilAsync("another machine is a node", Soon, async () => (await AgentsAsync()).Count == 2);
        Assert.Contains("ebb reimage", held.Out, StringComparison.Ordinal);
        Assert.Contains("ebb restart", held.Out, StringComparison.Ordinal);
        Assert.Equal(["authorities", "join", "ssh", "storage"], await RotationsAsync());
        Assert.Contains("ebb keys rotate", (await EbbAsync("doctor")).Out, StringComparison.Ordinal);
        var again = JsonDocument.Parse((await EbbAsync("keys rotate join --yes --json")).Good().Out.TrimEnd().Split('\n')[^1]).RootElement.GetProperty("rotations")[0];
        Assert.Single(again.GetProperty("heldBy").EnumerateArray());
        Assert.Equal(job, await JobPodAsync());

        // Its work is over: it is made anew, and joins by the new authority, with the new key.
        (await KubectlAsync("delete job long")).Good();
        var old = again.GetProperty("heldBy")[0].GetString()!.Split("--machine ")[1].Split('\'')[0];
        (await EbbAsync($"reimage --machine {old} --force")).Good();
        var last = (await EbbAsync("keys rotate join storage ssh authorities --yes")).Good();

        Assert.DoesNotContain("still works", last.Out, StringComparison.Ordinal);
        Assert.Empty(await RotationsAsync());
        Assert.False(File.Exists(Path.Combine(Keys, "ssh.previous")));
        Assert.False(File.Exists(Path.Combine(Keys, "pki", "join-ca.key")));
        Assert.Single((await File.ReadAllTextAsync(MachineFile("etc/ebb/join/ca.crt"), Ct)).Split("BEGIN CERTIFICATE")[1..]);

        // What the authorities before have signed is good for nothing, whomever its bearer believes.
        Assert.Equal("", await NamesOfNodesAsync(copy));
        var believing = await File.ReadAllTextAsync(copy, Ct);
        var authority = believing[believing.IndexOf("certificate-authority-data:", StringComparison.Ordinal)..].Split('\n')[0];
        await File.WriteAllTextAsync(copy, believing.Replace(authority, "insecure-skip-tls-verify: true", StringComparison.Ordinal), Ct);
        Assert.Equal("", await NamesOfNodesAsync(copy));
        Assert.False(File.Exists(Path.Combine(Keys, "pki", "client-ca.key")));
        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(Keys, "pki", "client-ca-2.key"), Ct), await File.ReadAllTextAsync(MachineFile("var/lib/rancher/k3s/server/tls/client-ca.key"), Ct));

        // Machines join afterwards, and there is nothing more to do.
        (await EbbAsync("scale agents 3")).Good();
        await Shell.UntilAsync("a third machine is a node", Soon, async () => (await AgentsAsync()).Count == 3);
        Assert.Contains("nothing was changed", (await EbbAsync("up")).Good().Out, StringComparison.Ordinal);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string MachineFile(string path) => Path.Combine(_shell.State, "clusters", Name, "cloud", "control-plane", $"{Name}-control-plane-0", path);

    private async Task<string> JobPodAsync()
    {
        var pod = "";
        await Shell.UntilAsync("the Job's pod runs", Soon, async () =>
        {
            pod = (await KubectlAsync("get pods -l job-name=long --no-headers -o custom-columns=UID:.metadata.uid,PHASE:.status.phase")).Good().Out.Trim();
            return pod.EndsWith("Running", StringComparison.Ordinal);
        });
        return pod;
    }

    private async Task<string> ListAsync() => string.Join('\n', (await ReportAsync()).GetProperty("keys").EnumerateArray().Select(key => key.GetRawText()));

    private async Task<IReadOnlyList<string>> RotationsAsync() =>
        [.. (await ReportAsync()).GetProperty("rotations").EnumerateArray().Select(rotation => rotation.GetProperty("what").GetString()!)];

    private async Task<JsonElement> ReportAsync() => JsonDocument.Parse((await EbbAsync("keys --json")).Good().Out).RootElement;

    private async Task<IReadOnlyList<string>> AgentsAsync() =>
        [.. (await KubectlAsync("get nodes --no-headers -o custom-columns=NAME:.metadata.name")).Good().Out.Split('\n').Where(name => name.StartsWith("agents", StringComparison.Ordinal))];

    /// <summary>Empty where the API refuses.</summary>
    private async Task<string> NamesOfNodesAsync(string kubeconfig) =>
        (await KubectlAsync($"get nodes -o name --kubeconfig {kubeconfig}")).Out.Trim();

    private Task<Ran> EbbAsync(string line)
    {
        // After the last of the command's own words.
        var words = line.Split(' ');
        var at = words[0] == "keys" && words.Length > 1 && words[1] == "rotate" ? 2 : 1;
        return _shell.EbbAsync(string.Join(' ', [.. words[..at], "-f", YamlFile, .. words[at..]]), Ct);
    }

    private Task<Ran> KubectlAsync(string line) => _shell.KubectlAsync(line, $"clusters/{Name}", Ct);
}
