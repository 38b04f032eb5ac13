using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>The main path: a cluster that grows with its work and shrinks again, driven by kubectl.</summary>
public sealed class SandboxTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Shell _shell = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_makes_machines_come_runs_once_and_lets_them_go()
    {
        await UpAsync();

        (await _shell.KubectlAsync($"apply -f {Manifest(frames: 20, seconds: 6)}", ct: Ct)).Good();
        await Shell.UntilAsync("more machines than one", Soon, async () => (await PoolAsync()).GetProperty("capacity").GetInt32() > 1);
        (await _shell.KubectlAsync("wait --for=condition=complete job/frames --timeout=90s", ct: Ct)).Good();
        await Shell.UntilAsync("one machine again", Soon, async () => (await PoolAsync()).GetProperty("capacity").GetInt32() == 1);

        var pods = (await _shell.KubectlAsync("get pods -l job-name=frames --no-headers", ct: Ct)).Good().Out.TrimEnd().Split('\n');
        Assert.Equal(20, pods.Length);
        Assert.All(pods, pod => Assert.Contains("Completed", pod, StringComparison.Ordinal));
        var job = JsonDocument.Parse((await _shell.KubectlAsync("get job frames -o json", ct: Ct)).Good().Out).RootElement;
        Assert.Equal(20, job.GetProperty("status").GetProperty("succeeded").GetInt32());
        Assert.False(job.GetProperty("status").TryGetProperty("failed", out var failed) && failed.GetInt32() > 0);
    }

    [Fact]
    public async Task Everything_has_a_reason()
    {
        await UpAsync();
        (await _shell.KubectlAsync($"apply -f {Manifest(frames: 1, seconds: 600)}", ct: Ct)).Good();
        await Shell.UntilAsync("it runs", Soon, async () =>
            (await _shell.KubectlAsync("get pods --no-headers", ct: Ct)).Out.Contains("Running", StringComparison.Ordinal));

        var pool = (await _shell.EbbAsync("why agents", Ct)).Good().Out;
        var machine = (await StatusAsync()).GetProperty("machines")[0];
        var node = (await _shell.EbbAsync($"why {machine.GetProperty("node").GetString()}", Ct)).Good().Out;
        var unknown = await _shell.EbbAsync("why nobody", Ct);

        Assert.StartsWith("pool agents: ", pool, StringComparison.Ordinal);
        Assert.Contains("frames", node, StringComparison.Ordinal);
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("'nobody'", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_so_and_nothing_is_bought_for_it()
    {
        await UpAsync();
        (await _shell.KubectlAsync("run giant --image=x --restart=Never --overrides={\"spec\":{\"containers\":[{\"name\":\"giant\",\"image\":\"x\",\"resources\":{\"requests\":{\"cpu\":\"500\"}}}]}}", ct: Ct)).Good();

        var why = "";
        await Shell.UntilAsync("it is known", Soon, async () => (why = (await _shell.EbbAsync("why giant", Ct)).Out).Length > 0);

        Assert.StartsWith("pod default/giant: waiting", why, StringComparison.Ordinal);
        Assert.Equal(1, (await PoolAsync()).GetProperty("capacity").GetInt32());
    }

    [Fact]
    public async Task A_pool_is_scaled_by_hand_within_its_bounds()
    {
        // Long enough for the first to be there still when the last one comes.
        await UpAsync(idleAfter: "1m");
        await Shell.UntilAsync("a node", Soon, async () => (await StatusAsync()).GetProperty("cluster").GetProperty("nodesReady").GetInt32() == 1);

        var more = (await _shell.EbbAsync("scale agents 3 --json", Ct)).Good();
        var tooMany = await _shell.EbbAsync("scale agents 99", Ct);
        var negative = await _shell.EbbAsync("scale agents -1", Ct);
        var elsewhere = await _shell.EbbAsync("scale nobody 1", Ct);

        Assert.Equal(3, JsonDocument.Parse(more.Out).RootElement.GetProperty("to").GetInt32());
        Assert.Contains("1 to 10 machines, not 99", tooMany.Error, StringComparison.Ordinal);
        Assert.Contains("1 to 10 machines, not -1", negative.Error, StringComparison.Ordinal);
        Assert.Contains("There is no pool 'nobody'; there is agents, gpu.", elsewhere.Error, StringComparison.Ordinal);
        Assert.All([tooMany, negative, elsewhere], ran => Assert.Equal(2, ran.ExitCode));
        await Shell.UntilAsync("three nodes", Soon, async () => (await StatusAsync()).GetProperty("cluster").GetProperty("nodesReady").GetInt32() == 3);
    }

    [Fact]
    public async Task The_plan_is_shown_and_nothing_is_done()
    {
        await UpAsync();

        var plan = (await _shell.EbbAsync("plan --json", Ct)).Good();

        Assert.Equal(JsonValueKind.Array, JsonDocument.Parse(plan.Out).RootElement.GetProperty("decisions").ValueKind);
        Assert.Empty(plan.Error);
    }

    [Fact]
    public async Task Two_live_side_by_side_by_name()
    {
        await UpAsync();
        await UpAsync("--name second");

        (await _shell.KubectlAsync("create namespace only-here", "second", Ct)).Good();
        var first = await _shell.KubectlAsync("get namespace only-here", ct: Ct);
        (await _shell.EbbAsync("down --name second", Ct)).Good();

        Assert.Contains("NotFound", first.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_shell.State, "second")));
        (await _shell.EbbAsync("status", Ct)).Good();
    }

    [Fact]
    public async Task Up_twice_is_as_up_once()
    {
        var first = JsonDocument.Parse((await UpAsync()).Out).RootElement;
        var second = JsonDocument.Parse((await UpAsync()).Out).RootElement;

        Assert.False(first.GetProperty("ranAlready").GetBoolean());
        Assert.True(second.GetProperty("ranAlready").GetBoolean());
        Assert.Equal(first.GetProperty("processId").GetInt32(), second.GetProperty("processId").GetInt32());
        Assert.Equal(first.GetProperty("kubeconfig").GetString(), second.GetProperty("kubeconfig").GetString());
    }

    [Fact]
    public async Task One_that_was_killed_is_noticed_and_started_afresh()
    {
        var killed = JsonDocument.Parse((await UpAsync()).Out).RootElement.GetProperty("processId").GetInt32();
        using (var process = System.Diagnostics.Process.GetProcessById(killed))
        {
            process.Kill();
            await process.WaitForExitAsync(Ct);
        }

        var dead = await _shell.EbbAsync("status", Ct);
        var again = JsonDocument.Parse((await UpAsync()).Out).RootElement;

        Assert.Equal(2, dead.ExitCode);
        Assert.Contains("No sandbox runs", dead.Error, StringComparison.Ordinal);
        Assert.False(again.GetProperty("ranAlready").GetBoolean());
        (await _shell.KubectlAsync("get namespaces", ct: Ct)).Good();
    }

    [Fact]
    public async Task Down_leaves_nothing_and_down_again_is_fine()
    {
        var id = JsonDocument.Parse((await UpAsync()).Out).RootElement.GetProperty("processId").GetInt32();

        (await _shell.EbbAsync("down", Ct)).Good();
        (await _shell.EbbAsync("down", Ct)).Good();

        Assert.Empty(Directory.EnumerateFileSystemEntries(_shell.State));
        Assert.False(await RunsAsync(id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [InlineData(1500)]
    [InlineData(6000)]
    public async Task Ctrl_C_ends_it_at_any_moment_and_the_next_one_starts(int milliseconds)
    {
        using var up = _shell.Start("up --speed 10");
        if (milliseconds == 0)
        {
            await up.NextLineAsync(Ct);
        }
        else
        {
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, Ct);
        }

        var ended = await up.StopAsync(Ct);

        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);

        // 130: it came before there was anything to stop.
        Assert.True(ended.ExitCode is 0 or 1 or 130, $"exit code {ended.ExitCode}: {ended.Error}");
        Assert.False(File.Exists(Path.Combine(_shell.State, "sandbox", "sandbox.json")));
        await UpAsync();
    }

    [Fact]
    public async Task A_watch_in_a_pipe_tells_each_change_in_a_line()
    {
        await UpAsync();
        using var watch = _shell.Start("status -w");

        var line = await watch.NextLineAsync(Ct);
        var ended = await watch.StopAsync(Ct);

        Assert.Contains("agents: 1", line, StringComparison.Ordinal);
        Assert.Equal(0, ended.ExitCode);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _shell.DisposeAsync();

    private async Task<Ran> UpAsync(string more = "", string idleAfter = "3s") =>
        (await _shell.EbbAsync($"up -d --json --speed 10 --idle-after {idleAfter} {more}", Ct)).Good();

    /// <summary>An ended process stays in the list until its parent has asked after it.</summary>
    private static async Task<bool> RunsAsync(int id)
    {
        try
        {
            return !(await File.ReadAllTextAsync($"/proc/{id}/stat", Ct)).Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task<JsonElement> StatusAsync() =>
        JsonDocument.Parse((await _shell.EbbAsync("status --json", Ct)).Good().Out).RootElement;

    private async Task<JsonElement> PoolAsync() =>
        (await StatusAsync()).GetProperty("pools").EnumerateArray().Single(p => p.GetProperty("name").GetString() == "agents");

    private string Manifest(int frames, int seconds)
    {
        var path = Path.Combine(_shell.State, "frames.yaml");
        File.WriteAllText(path, $$"""
            apiVersion: batch/v1
            kind: Job
            metadata:
              name: frames
            spec:
              completions: {{frames}}
              parallelism: {{frames}}
              backoffLimit: 0
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: render
                      image: debian:12-slim
                      command: ["sleep", "{{seconds}}"]
                      resources:
                        requests: {cpu: "1", memory: 512Mi}
            """);
        return path;
    }
}
