using System.Text.Json.Nodes;
using Ebb.Cli.Sandboxes;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Machines;

/// <summary>The whole life of a cluster of an ebb.yaml with Kubernetes' own programs and real machines, which boot what is rendered for them.</summary>
[Collection(RealSandbox.Collection)]
public sealed class ProvisionedMachinesTests : IAsyncLifetime
{
    private const string Name = "reef";

    // Not as in other tests' sandboxes: machines are found by their names.
    private const string Pool = "works";

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    private string Home => Path.Combine(_shell.State, "clusters", Name, "cloud");

    private string Room => $"ebb-{NspawnSandboxMachines.HostName(Name, Home)}";

    [Fact]
    public async Task From_up_by_a_job_an_eviction_a_reimage_and_idleness_to_down()
    {
        RealSandbox.Require();
        await MachineRoot.MakeAgentAsync();
        await DescribeAsync();

        var refused = await EbbAsync("up --kubernetes real --yes");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("distribution: kubelet", refused.Error, StringComparison.Ordinal);
        await EditAsync("distribution: k3s", "distribution: kubelet");
        var up = (await EbbAsync("up --kubernetes real --speed 10 --yes")).Good();
        Assert.Contains($"Cluster '{Name}' is up: Kubernetes at https://127.", up.Out, StringComparison.Ordinal);
        Assert.Contains("Not mounted on machines here: share 'srv' at /srv.", up.Error, StringComparison.Ordinal);
        Assert.StartsWith("10.88.", await KubectlAsync("get service kubernetes -o jsonpath={.spec.clusterIP}"), StringComparison.Ordinal);
        await AssertComponentsAsync();

        // The first pod brings the first machine.
        await ApplyAsync(RealSandbox.HoldJob("trap 'exit 1' TERM; until [ -e /done ]; do sleep 1; done; echo finished"));
        await RunsAsync(null);
        var first = (await NodeOfWorkAsync())!;
        await AssertBootedWholeAsync(first);
        Assert.Matches(@"\A10\.77\.\d+\.0/24\z", await KubectlAsync($"get node {first} -o jsonpath={{.spec.podCIDR}}"));

        // What the cloud takes back has told of it, was emptied, and its work goes on elsewhere.
        await RealSandbox.ArmAsync(Home, $"{Name}-compute", HttpMethod.Post, $"/virtualMachineScaleSets/{Pool}/virtualMachines/0/simulateEviction");
        await RunsAsync(first);
        var second = (await NodeOfWorkAsync())!;
        Assert.Contains(Audit(), entry => Is(entry, "notice", first) && ((string?)entry["why"])!.StartsWith("Preempt", StringComparison.Ordinal));
        Assert.Contains(Audit(), entry => Is(entry, "leave", first) && ((string?)entry["why"])!.StartsWith("Preempt: 1 pods told to go, 0 left", StringComparison.Ordinal));
        await RealSandbox.UntilAsync("the lost node is gone", async () => !(await KubectlAsync("get nodes -o name")).Contains(first, StringComparison.Ordinal));

        await KubectlAsync($"annotate node {second} ebb.dev/keep=true");
        var pod = (string)(await RunningAsync())!["metadata"]!["name"]!;
        await KubectlAsync($"exec {pod} -- touch /done");
        await KubectlAsync("wait --for=condition=complete job/hold --timeout=60s");
        Assert.Contains("finished", await KubectlAsync($"logs {pod}"), StringComparison.Ordinal);

        // Made anew it leaves first, boots what is rendered once more, and is another node.
        var uid = await KubectlAsync($"get node {second} -o jsonpath={{.metadata.uid}}");
        (await EbbAsync($"reimage {Pool}")).Good();
        Assert.NotEqual(uid, await KubectlAsync($"get node {second} -o jsonpath={{.metadata.uid}}"));
        Assert.Equal(["join", "leave", "join"], Audit().Where(e => (string?)e["node"] == second && (int)e["answer"]! == 200).Select(e => (string)e["asked"]!));
        await AssertBootedWholeAsync(second);

        // Idle it goes, by name, and with it all that the host had of it.
        await RealSandbox.UntilAsync("no machine is left", async () =>
            !Directory.EnumerateDirectories(Path.Combine(Home, "machines")).Any() && (await KubectlAsync("get nodes -o name")).Length == 0);

        (await EbbAsync("down --yes")).Good();
        Assert.False(Directory.Exists(Path.Combine(_shell.State, "clusters", Name)));
        Assert.False(File.Exists($"/run/netns/{Room}"));
        Assert.Empty(Directory.EnumerateDirectories("/sys/fs/cgroup", Room, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }));
        Assert.DoesNotContain(_shell.State, await File.ReadAllTextAsync("/proc/mounts", Ct), StringComparison.Ordinal);
        Assert.DoesNotContain(CommandLines(), line => line.Contains(_shell.State, StringComparison.Ordinal));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Real cloud-init did all that it was told without a complaint, and nothing that it started failed.</summary>
    private async Task AssertBootedWholeAsync(string machine)
    {
        var status = await OnAsync(machine, "cloud-init", "status", "--wait", "--long");
        Assert.Contains("status: done", status, StringComparison.Ordinal);
        Assert.Equal("[]", JsonNode.Parse(await OnAsync(machine, "cat", "/var/lib/cloud/data/result.json"))!["v1"]!["errors"]!.ToJsonString());
        Assert.DoesNotContain("WARNING", await OnAsync(machine, "cat", "/var/log/cloud-init.log"), StringComparison.Ordinal);
        Assert.Equal("", await OnAsync(machine, "systemctl", "--failed", "--no-legend"));

        // What is rendered, whole: it has a user with a key and a server to sign in at, a guard, a jail, and kernel settings of its own.
        Assert.Equal(await RenderedAsync(), await OnAsync(machine, "zcat", "-f", "/var/lib/cloud/instance/user-data.txt"));
        Assert.StartsWith("ssh-", await OnAsync(machine, "cat", "/home/ebb/.ssh/authorized_keys"), StringComparison.Ordinal);
        Assert.Contains("port 22\n", await OnAsync(machine, "sshd", "-T"), StringComparison.Ordinal);
        Assert.Contains("-A PREROUTING -d 169.254.169.254/32 -j DROP", await OnAsync(machine, "iptables", "-t", "raw", "-S"), StringComparison.Ordinal);
        Assert.Equal("1", (await OnAsync(machine, "cat", "/proc/sys/net/ipv4/ip_forward")).Trim());
        var units = await OnAsync(machine, "systemctl", "is-active", "ssh", "fail2ban", "ebb-metadata-guard", "ebb-agent", "containerd", "kubelet");
        Assert.Equal("active\nactive\nactive\nactive\nactive\nactive\n", units);

        var cluster = Path.GetDirectoryName(Home)!;
        Assert.Contains("ebb-agent", await OnAsync(machine, "journalctl", "--all", "--no-pager"), StringComparison.Ordinal);
        await MachineSecrets.AssertUntoldAsync(
            _shell,
            machine,
            await MachineSecrets.OfKubeletAsync(_shell, cluster, $"{Name}-storage", machine, Ct),
            [Path.Combine(Home, "machines", machine, "console.log"), .. MachineSecrets.Files(Home, "*.log"), .. MachineSecrets.Files(Home, "*.jsonl")]);
    }

    /// <summary>'ebb status' of the file shows what the control plane consists of.</summary>
    private async Task AssertComponentsAsync()
    {
        var status = JsonNode.Parse((await EbbAsync("status --json")).Good().Out)!;
        Assert.Equal(
            ["etcd healthy", "kube-apiserver healthy", "kube-controller-manager healthy", "kube-scheduler healthy"],
            status["components"]!.AsArray().Select(component => $"{component!["name"]} {component["state"]}").Order(StringComparer.Ordinal));
        Assert.Contains("kube-apiserver", (await EbbAsync("status")).Good().Out, StringComparison.Ordinal);
    }

    /// <summary>As 'ebb render' writes it.</summary>
    private async Task<string> RenderedAsync()
    {
        var folder = Path.Combine(_folder, "rendered");
        if (!Directory.Exists(folder))
        {
            (await EbbAsync($"render -o {folder}")).Good();
        }

        return await File.ReadAllTextAsync(Path.Combine(folder, "cloud-config", $"{Pool}.yaml"), Ct);
    }

    private async Task DescribeAsync()
    {
        (await EbbAsync($"init --yes --name {Name}")).Good();
        await EditAsync("name: agents", $"name: {Pool}");
        await EditAsync("max: 10", "max: 2");
        await EditAsync("idleAfter: 5m", "idleAfter: 15s");
        await EditAsync("own-address", "anyone");
        await EditAsync("# podRange: 10.42.0.0/16", "podRange: 10.77.0.0/16");
        await EditAsync("# serviceRange: 10.43.0.0/16", "serviceRange: 10.88.0.0/16");
    }

    private async Task EditAsync(string before, string after)
    {
        var text = await File.ReadAllTextAsync(YamlFile, Ct);
        Assert.Contains(before, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(YamlFile, text.Replace(before, after, StringComparison.Ordinal), Ct);
    }

    private async Task ApplyAsync(string manifest)
    {
        var file = Path.Combine(_folder, "work.yaml");
        await File.WriteAllTextAsync(file, manifest, Ct);
        await KubectlAsync($"apply -f {file}");
    }

    private Task RunsAsync(string? elsewhereThan) => RealSandbox.UntilAsync("work runs", async () => await NodeOfWorkAsync() is { } node && node != elsewhereThan);

    private async Task<string?> NodeOfWorkAsync() => (string?)(await RunningAsync())?["spec"]!["nodeName"];

    private async Task<JsonNode?> RunningAsync() =>
        JsonNode.Parse(await KubectlAsync("get pods -l app=hold -o json"))!["items"]!.AsArray()
            .FirstOrDefault(pod => (string?)pod!["status"]!["phase"] == "Running" && pod["metadata"]!["deletionTimestamp"] is null);

    private List<JsonNode> Audit() =>
        [.. RealSandbox.ReadShared(Path.Combine(Home, "control-plane", "join-audit.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    private static bool Is(JsonNode entry, string asked, string node) =>
        (string?)entry["asked"] == asked && (string?)entry["node"] == node && (string?)entry["outcome"] == "granted";

    private static IEnumerable<string> CommandLines()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => Path.GetFileName(path).All(char.IsAsciiDigit)))
        {
            string line;
            try
            {
                line = File.ReadAllText(Path.Combine(process, "cmdline"));
            }
            catch (IOException)
            {
                // It ended while this looked.
                continue;
            }

            yield return line;
        }
    }

    private Task<string> OnAsync(string machine, params string[] command) => RealSandbox.OnMachineAsync(_shell, machine, command);

    private Task<Ran> EbbAsync(string line)
    {
        var words = line.Split(' ', 2);
        return _shell.EbbAsync($"{words[0]} -f {YamlFile} {(words.Length > 1 ? words[1] : "")}", Ct);
    }

    private async Task<string> KubectlAsync(string line) => (await _shell.KubectlAsync(line, $"clusters/{Name}", Ct)).Good().Out;
}
