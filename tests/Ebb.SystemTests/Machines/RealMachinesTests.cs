using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Machines;

/// <summary>Real containers on real machines, which come when there is work and go when there is none.</summary>
[Collection(RealSandbox.Collection)]
public sealed class RealMachinesTests(RealSandbox sandbox)
{
    [Fact]
    public async Task A_real_pod_has_logs_takes_commands_and_is_reached_through_a_forwarded_port()
    {
        RealSandbox.Require();
        await sandbox.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: {name: page}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
                - name: web
                  image: busybox:stable
                  command: [sh, -c, "echo serving; mkdir /page; echo hello from $HOSTNAME > /page/index.html; exec httpd -f -p 8080 -h /page"]
                  readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
                  resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {memory: 64Mi}}
            """);
        await sandbox.KubectlAsync("wait", "--for=condition=Ready", "pod/page", "--timeout=100s");

        Assert.Equal("serving", (await sandbox.KubectlAsync("logs", "page")).Trim());
        Assert.Equal("page", (await sandbox.KubectlAsync("exec", "page", "--", "hostname")).Trim());
        Assert.Equal("hello from page", await ForwardedAsync("pod/page", 8080));

        // As large as the cloud sold it, and as Ebb had expected before there was any: 4 cores and 16 GiB, less what is kept.
        var node = await sandbox.TextAsync("pod", "page", ".spec.nodeName");
        Assert.Equal("4", await sandbox.TextAsync("node", node, ".status.allocatable.cpu"));
        Assert.InRange(long.Parse((await sandbox.TextAsync("node", node, ".status.allocatable.memory"))[..^2]) >> 10, 15_600, 16_000);
        Assert.Equal("agents", await sandbox.TextAsync("node", node, ".metadata.labels.ebb\\.dev/pool"));

        // cloud-init finds nothing amiss with what Ebb composed.
        Assert.Contains("Valid cloud-config", await sandbox.OnMachineAsync(node, "cloud-init", "schema", "--system"));

        await sandbox.KubectlAsync("delete", "pod", "page");
    }

    [Fact]
    public async Task A_render_farm_goes_from_zero_to_several_machines_and_back_and_renders_every_frame_once()
    {
        RealSandbox.Require();
        await sandbox.UntilEmptyAsync();
        var farm = (await File.ReadAllTextAsync(Path.Combine(Shell.Root, "examples", "render-farm.yaml"), TestContext.Current.CancellationToken))
            .Replace("sleep $((10 + RANDOM % 40))", "sleep $((3 + RANDOM % 6))", StringComparison.Ordinal)
            .Replace("sleep 75", "sleep 12", StringComparison.Ordinal);
        Assert.Contains("sleep 12", farm);

        await sandbox.ApplyAsync(farm);
        var most = 0;
        await RealSandbox.UntilAsync("every frame is rendered", async () =>
        {
            most = Math.Max(most, sandbox.MachinesOnDisk().Count());
            return (await sandbox.ListAsync("jobs", "app=render-farm")).All(job => (int?)job["status"]!["succeeded"] == (int)job["spec"]!["completions"]!);
        });

        var pods = await sandbox.ListAsync("pods", "app=render-farm");
        Assert.Equal(40, pods.Count);
        Assert.All(pods, pod => Assert.Equal("Succeeded", (string?)pod["status"]!["phase"]));
        Assert.All(pods, pod => Assert.Equal(0, (int)pod["status"]!["containerStatuses"]![0]!["restartCount"]!));
        Assert.InRange(most, 3, 5);
        await sandbox.UntilEmptyAsync();
        await RealSandbox.UntilAsync("its nodes are gone too", async () => (await sandbox.ListAsync("nodes")).Count == 0);
        await sandbox.KubectlAsync("delete", "jobs", "-l", "app=render-farm");
    }

    private async Task<string> ForwardedAsync(string what, int port)
    {
        using var forward = sandbox.Shell.StartKubectl($"port-forward {what} :{port}");
        var line = await forward.NextLineAsync(TestContext.Current.CancellationToken);
        var local = line!.Split("127.0.0.1:")[1].Split(' ')[0];
        using var http = new HttpClient();
        return (await http.GetStringAsync(new Uri($"http://127.0.0.1:{local}/"), TestContext.Current.CancellationToken)).Trim();
    }
}
