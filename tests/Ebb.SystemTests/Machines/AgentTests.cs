using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Machines;

/// <summary>The agent on real machines: it proves itself by what the cloud attests, and lets its machine leave before it stops.</summary>
[Collection(RealSandbox.Collection)]
public sealed class AgentTests(RealSandbox sandbox)
{
    [Fact]
    public async Task A_machine_joins_by_what_the_cloud_attests_of_it_with_no_secret_in_what_it_was_told_and_within_30_MB()
    {
        RealSandbox.Require();
        var node = await HeldAsync();

        var machine = await MachineOfAsync(node);
        Assert.Contains(Audit(), entry => Is(entry, "join", machine) && (string?)entry["proof"] == "azure-attested-document");
        var told = await sandbox.OnMachineAsync(node, "zcat", "-f", "/var/lib/cloud/instance/user-data.txt");
        Assert.DoesNotContain("token", told, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("PRIVATE KEY", told, StringComparison.Ordinal);
        Assert.Equal("600", (await sandbox.OnMachineAsync(node, "stat", "-c", "%a", "/etc/kubernetes/bootstrap-kubelet.conf")).Trim());
        Assert.Equal("joined", (string?)JsonNode.Parse(await sandbox.OnMachineAsync(node, "ebb-agent", "status"))!["state"]);
        Assert.Equal("", (await sandbox.OnMachineAsync(node, "systemctl", "list-units", "--state=failed", "--no-legend")).Trim());
        Assert.InRange(await ResidentKiBAsync(node), 1, 30 << 10);

        // What let it in is void as soon as the server has seen the node.
        await RealSandbox.UntilAsync("no token is left", async () =>
            !JsonNode.Parse(await sandbox.KubectlAsync("get", "secrets", "-n", "kube-system", "--field-selector=type=bootstrap.kubernetes.io/token", "-o", "json"))!["items"]!.AsArray()
                .Any(token => Encoding.UTF8.GetString(Convert.FromBase64String((string)token!["data"]!["description"]!)).Contains($"node {node} joins", StringComparison.Ordinal)));
        await ReleaseAsync();
    }

    [Fact]
    public async Task A_machine_that_restarts_leaves_while_network_and_kubelet_are_still_there_and_comes_back_as_the_same_node()
    {
        RealSandbox.Require();
        var node = await HeldAsync();

        // This sandbox gives a machine a second or two to stop, and a Job's pod is waited for longer than that.
        await sandbox.KubectlAsync("annotate", "node", node, "ebb.dev/keep=true");
        await ReleaseAsync();
        var (machine, uid) = (await MachineOfAsync(node), await sandbox.TextAsync("node", node, ".metadata.uid"));
        var joins = Audit().Count(entry => Is(entry, "join", machine));

        await sandbox.ArmAsync(HttpMethod.Post, $"{IdOf(machine)}/restart");
        await RealSandbox.UntilAsync("it has joined again", () => Task.FromResult(Audit().Count(entry => Is(entry, "join", machine)) > joins));
        await sandbox.KubectlAsync("wait", "--for=condition=Ready", $"node/{node}", "--timeout=100s");

        var asked = Audit().Where(entry => (string?)entry["machine"] == machine && (int)entry["answer"]! == 200).Select(entry => (string)entry["asked"]!);
        Assert.Equal(["join", "leave", "join"], asked.TakeLast(3));
        Assert.Equal(uid, await sandbox.TextAsync("node", node, ".metadata.uid"));
        AssertStoppedInOrder(node);
        await sandbox.KubectlAsync("annotate", "node", node, "ebb.dev/keep-");
    }

    [Fact]
    public async Task A_machine_that_is_made_anew_joins_under_its_old_name_as_another_node()
    {
        RealSandbox.Require();
        var node = await HeldAsync();
        var (machine, uid) = (await MachineOfAsync(node), await sandbox.TextAsync("node", node, ".metadata.uid"));

        await sandbox.ArmAsync(HttpMethod.Post, $"{IdOf(machine)}/reimage");

        await RealSandbox.UntilAsync("there is another node of that name", async () =>
            (await sandbox.TryAsync("get", "node", node, "-o", "jsonpath={.metadata.uid}")) is { ExitCode: 0 } found && found.Out.Length > 0 && found.Out != uid);
        await sandbox.KubectlAsync("wait", "--for=condition=Ready", $"node/{node}", "--timeout=100s");
        await RealSandbox.UntilAsync("work runs again", async () => await RunningOnAsync() is not null);
        await ReleaseAsync();
    }

    [Fact]
    public async Task A_machine_that_is_evicted_tells_of_it_is_emptied_and_agrees_and_its_work_goes_on_elsewhere()
    {
        RealSandbox.Require();
        var node = await HeldAsync();
        var machine = await MachineOfAsync(node);

        await sandbox.ArmAsync(HttpMethod.Post, $"{IdOf(machine)}/simulateEviction");
        await RealSandbox.UntilAsync("it has left", () => Task.FromResult(Audit().Any(entry => IsEviction(entry, "leave", machine))));
        await RealSandbox.UntilAsync("its work runs elsewhere", async () => await RunningOnAsync() is { } other && other != node);

        var about = Audit().Where(entry => (string?)entry["machine"] == machine).ToList();
        var notice = about.Last(entry => IsEviction(entry, "notice", machine));
        var leave = about.Last(entry => IsEviction(entry, "leave", machine));
        Assert.StartsWith("Preempt: 1 pods told to go, 0 left", (string?)leave["why"]);

        // Of the 30 seconds that it was given it took what it needed.
        Assert.InRange(At(leave) - At(notice), TimeSpan.Zero, TimeSpan.FromSeconds(25));
        await ReleaseAsync();
    }

    /// <summary>The node with the one pod that works.</summary>
    private async Task<string> HeldAsync()
    {
        // What other tests have deleted takes its time to end, and would be counted with what the machine leaves behind.
        await RealSandbox.UntilAsync("nothing is left of other tests", async () => (await sandbox.ListAsync("pods")).Count == 0);
        await sandbox.ApplyAsync(RealSandbox.HoldJob("trap 'exit 1' TERM; sleep 3600 & wait"));
        string? node = null;
        await RealSandbox.UntilAsync("work runs", async () => (node = await RunningOnAsync()) is not null);
        return node!;
    }

    /// <summary>Its pod goes after it, and must not be taken for that of the next test.</summary>
    private async Task ReleaseAsync()
    {
        await sandbox.KubectlAsync("delete", "job", "hold", "--wait=false");
        await RealSandbox.UntilAsync("it has no work", async () => (await sandbox.ListAsync("pods", "app=hold")).Count == 0);
    }

    private async Task<string?> RunningOnAsync() =>
        (await sandbox.ListAsync("pods", "app=hold"))
            .Where(pod => (string?)pod["status"]!["phase"] == "Running" && pod["metadata"]!["deletionTimestamp"] is null)
            .Select(pod => (string?)pod["spec"]!["nodeName"])
            .FirstOrDefault();

    private async Task<string> MachineOfAsync(string node)
    {
        var id = (await sandbox.TextAsync("node", node, ".spec.providerID")).Split('/');
        return $"{id[^3]}_{id[^1]}";
    }

    private static string IdOf(string machine) =>
        $"/virtualMachineScaleSets/{machine.Split('_')[0]}/virtualMachines/{machine.Split('_')[1]}";

    private async Task<int> ResidentKiBAsync(string node)
    {
        var status = await sandbox.OnMachineAsync(node, "sh", "-c", "cat /proc/$(cat /sys/fs/cgroup/system.slice/ebb-agent.service/cgroup.procs /sys/fs/cgroup/systemd/system.slice/ebb-agent.service/cgroup.procs 2>/dev/null | head -n 1)/status");
        var line = status.Split('\n').Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private List<JsonNode> Audit() =>
        [.. RealSandbox.ReadShared(Path.Combine(sandbox.Home, "join", "audit.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    private static bool Is(JsonNode entry, string asked, string machine) =>
        (string?)entry["asked"] == asked && (string?)entry["machine"] == machine && (string?)entry["outcome"] == "granted";

    // The machine may have left for other tests before.
    private static bool IsEviction(JsonNode entry, string asked, string machine) =>
        Is(entry, asked, machine) && ((string?)entry["why"])?.StartsWith("Preempt", StringComparison.Ordinal) == true;

    private static DateTimeOffset At(JsonNode entry) => DateTimeOffset.Parse((string)entry["at"]!, CultureInfo.InvariantCulture);

    /// <summary>As the machine's console told of its last stop.</summary>
    private void AssertStoppedInOrder(string node)
    {
        var console = RealSandbox.ReadShared(Path.Combine(sandbox.Home, "machines", node, "console.log"));
        var left = console.LastIndexOf("Stopped \u001b[0;1;39mebb-agent.service", StringComparison.Ordinal);
        Assert.True(left > 0, "The console does not tell that the agent was stopped.");
        foreach (var later in new[] { "kubelet.service", "containerd.service" })
        {
            var stopped = console.LastIndexOf($"Stopped \u001b[0;1;39m{later}", StringComparison.Ordinal);
            Assert.True(stopped > left, $"{later} was stopped before the agent.");
        }

        var network = console.LastIndexOf("Stopped target \u001b[0;1;39mnetwork-online.target", StringComparison.Ordinal);
        Assert.True(network > left, "The network went before the agent.");
    }
}
