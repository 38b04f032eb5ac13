using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>Work on machines as a person types it: nodes are emptied first, come back, and bear nothing of it afterwards.</summary>
public sealed class OperateTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Shell _shell = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("restart agents", 3)]
    [InlineData("reimage agents", 3)]
    [InlineData("reimage agents --parallel", 1)]
    [InlineData("chaos agents --seed 7 --budget 2", 2)]
    public async Task Machines_come_back_wave_by_wave_and_nothing_stays_on_their_nodes(string command, int waves)
    {
        await UpAsync(machines: 3);
        var before = await BootsAsync();

        var report = await ReportAsync($"{command} --json");

        Assert.All(report, machine => Assert.Equal("done", machine.GetProperty("outcome").GetString()));
        Assert.Equal(waves, report.Max(machine => machine.GetProperty("wave").GetInt32()));
        var after = await BootsAsync();
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(after, node => Assert.NotEqual(before[node.Key], node.Value));
        await NothingIsHeldAsync();
    }

    [Fact]
    public async Task A_job_is_waited_for_and_a_machine_whose_job_goes_on_is_left()
    {
        await UpAsync(machines: 1);
        (await _shell.KubectlAsync("create job long --image=x -- sleep 600", ct: Ct)).Good();
        await Shell.UntilAsync("it runs", Soon, async () => (await _shell.KubectlAsync("get pods --no-headers", ct: Ct)).Out.Contains("Running", StringComparison.Ordinal));

        var left = await _shell.EbbAsync("reimage agents --drain-within 3s --json", Ct);
        var pods = await _shell.KubectlAsync("get pods --no-headers", ct: Ct);
        await NothingIsHeldAsync();
        var forced = await ReportAsync("reimage agents --force --json");

        Assert.Equal(1, left.ExitCode);
        Assert.Equal("left", Machines(left.Out).Single().GetProperty("outcome").GetString());
        Assert.Contains("1 machine could not be worked on", left.Error, StringComparison.Ordinal);
        Assert.Contains("Running", pods.Out, StringComparison.Ordinal);
        Assert.Equal("done", forced.Single().GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_budget_is_heeded_while_nodes_are_emptied()
    {
        await UpAsync(machines: 2);
        (await _shell.KubectlAsync($"apply -f {Web()}", ct: Ct)).Good();
        (await _shell.KubectlAsync("rollout status deployment/web --timeout=60s", ct: Ct)).Good();

        var blocked = await _shell.EbbAsync("restart agents --drain-within 3s --json", Ct);
        (await _shell.KubectlAsync("delete poddisruptionbudget web", ct: Ct)).Good();
        var free = await ReportAsync("restart agents --json");

        Assert.Contains("left", Machines(blocked.Out).Select(machine => machine.GetProperty("outcome").GetString()));
        Assert.All(free, machine => Assert.Equal("done", machine.GetProperty("outcome").GetString()));
        await NothingIsHeldAsync();
    }

    [Fact]
    public async Task A_pool_that_is_stopped_stays_so_until_it_is_started()
    {
        await UpAsync(machines: 2);

        var stopped = await ReportAsync("stop agents --json");
        var again = await ReportAsync("stop agents --json");
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, Ct);
        var states = (await StatusAsync()).GetProperty("machines").EnumerateArray().Select(m => m.GetProperty("state").GetString());
        var started = await ReportAsync("start agents --json");

        Assert.All(stopped, machine => Assert.Equal("done", machine.GetProperty("outcome").GetString()));
        Assert.All(again, machine => Assert.Equal("skipped", machine.GetProperty("outcome").GetString()));
        Assert.Equal(["stopped", "stopped"], states);
        Assert.All(started, machine => Assert.Equal("done", machine.GetProperty("outcome").GetString()));
        await NothingIsHeldAsync();
    }

    [Fact]
    public async Task A_pool_gets_another_size_and_so_do_its_machines()
    {
        await UpAsync(machines: 2);

        var report = await ReportAsync("resize agents Standard_D8s_v5 --json");
        var again = await ReportAsync("resize agents Standard_D8s_v5 --json");
        var burstable = await _shell.EbbAsync("resize agents Standard_B2s", Ct);

        Assert.All(report, machine => Assert.Equal("done", machine.GetProperty("outcome").GetString()));
        Assert.All(again, machine => Assert.Equal("skipped", machine.GetProperty("outcome").GetString()));
        Assert.Equal("Standard_D8s_v5", (await StatusAsync()).GetProperty("pools")[0].GetProperty("size").GetString());
        var sizes = (await _shell.KubectlAsync("get nodes -o jsonpath={.items[*].status.capacity.cpu}", ct: Ct)).Good().Out;
        Assert.Equal("8 8", sizes);
        Assert.Equal(2, burstable.ExitCode);
        Assert.Contains("sells no Standard_B2s as spot", burstable.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_pool_buys_is_told_beforehand_and_afterwards()
    {
        await UpAsync(machines: 1);

        var planned = (await _shell.EbbAsync("resize agents Standard_D8s_v5 --dry-run", Ct)).Good();
        var newOnly = JsonDocument.Parse((await _shell.EbbAsync("resize agents Standard_D8s_v5 --new-only --json", Ct)).Good().Out).RootElement;
        var again = (await _shell.EbbAsync("resize agents Standard_D8s_v5 --new-only", Ct)).Good();

        Assert.StartsWith("Pool agents would buy Standard_D8s_v5, no longer ", planned.Out, StringComparison.Ordinal);
        Assert.Equal("Standard_D8s_v5", newOnly.GetProperty("sizes")[0].GetProperty("to").GetString());
        Assert.Empty(newOnly.GetProperty("machines").EnumerateArray());
        Assert.StartsWith("Pool agents buys Standard_D8s_v5 already.", again.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_takes_the_hold_off_the_nodes()
    {
        await UpAsync(machines: 1);
        (await _shell.KubectlAsync("create job long --image=x -- sleep 600", ct: Ct)).Good();
        await Shell.UntilAsync("it runs", Soon, async () => (await _shell.KubectlAsync("get pods --no-headers", ct: Ct)).Out.Contains("Running", StringComparison.Ordinal));
        using var reimage = _shell.Start("reimage agents");
        await Shell.UntilAsync("it is held", Soon, async () => (await NodesAsync()).Contains(Marks.Operating, StringComparison.Ordinal));

        var ended = await reimage.StopAsync(Ct);

        Assert.Equal(1, ended.ExitCode);
        await NothingIsHeldAsync();
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_done_and_does_nothing()
    {
        await UpAsync(machines: 3);
        var before = await BootsAsync();

        var first = (await _shell.EbbAsync("chaos agents --seed 7 --dry-run --json", Ct)).Good();
        var second = (await _shell.EbbAsync("chaos agents --seed 7 --dry-run --json", Ct)).Good();

        Assert.Equal(first.Out, second.Out);
        Assert.All(Machines(first.Out), machine => Assert.Equal("planned", machine.GetProperty("outcome").GetString()));
        Assert.Equal(before, await BootsAsync());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _shell.DisposeAsync();

    private static JsonElement[] Machines(string json) => [.. JsonDocument.Parse(json).RootElement.GetProperty("machines").EnumerateArray()];

    private async Task UpAsync(int machines)
    {
        (await _shell.EbbAsync("up -d --json --speed 20 --idle-after 10m", Ct)).Good();
        (await _shell.EbbAsync($"scale agents {machines}", Ct)).Good();
        await Shell.UntilAsync("all nodes", Soon, async () => (await StatusAsync()).GetProperty("cluster").GetProperty("nodesReady").GetInt32() == machines);
    }

    private async Task<JsonElement[]> ReportAsync(string line) => Machines((await _shell.EbbAsync(line, Ct)).Good().Out);

    private async Task<JsonElement> StatusAsync() => JsonDocument.Parse((await _shell.EbbAsync("status --json", Ct)).Good().Out).RootElement;

    private async Task<string> NodesAsync() => (await _shell.KubectlAsync("get nodes -o json", ct: Ct)).Good().Out;

    private async Task<Dictionary<string, string>> BootsAsync() =>
        JsonDocument.Parse(await NodesAsync()).RootElement.GetProperty("items").EnumerateArray().ToDictionary(
            node => node.GetProperty("metadata").GetProperty("name").GetString()!,
            node => node.GetProperty("status").GetProperty("nodeInfo").GetProperty("bootID").GetString()!);

    private async Task NothingIsHeldAsync()
    {
        var nodes = await NodesAsync();
        Assert.DoesNotContain($"\"{Marks.Operating}\":", nodes, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"{Marks.Keep}\":", nodes, StringComparison.Ordinal);
        Assert.DoesNotContain("\"unschedulable\": true", nodes, StringComparison.Ordinal);
    }

    private string Web()
    {
        var path = Path.Combine(_shell.State, "web.yaml");
        File.WriteAllText(path, """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 2
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  containers: [{name: web, image: x}]
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: web}
            spec:
              minAvailable: 2
              selector: {matchLabels: {app: web}}
            """);
        return path;
    }
}
