using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Machines;

/// <summary>The process that hosts a sandbox is lost without a chance to clean up.</summary>
[Collection(RealSandbox.Collection)]
public sealed class HostLossTests
{
    [Fact]
    public async Task What_a_lost_host_left_running_is_removed_by_the_next_and_nothing_is_left_after_the_end()
    {
        RealSandbox.Require();
        var ct = TestContext.Current.CancellationToken;
        await using var sandbox = new RealSandbox();
        await sandbox.InitializeAsync();
        (await sandbox.Shell.EbbAsync("scale agents 1", ct)).Good();
        await RealSandbox.UntilAsync("a machine runs", () => Task.FromResult(sandbox.Groups().Any()));
        var state = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(sandbox.Home, "sandbox.json"), ct))!;
        using (var host = Process.GetProcessById((int)state["host"]!["id"]!))
        {
            host.Kill();
            await host.WaitForExitAsync(ct);
        }

        Assert.NotEmpty(sandbox.Groups());

        (await sandbox.Shell.EbbAsync(RealSandbox.Up, ct)).Good();

        Assert.Empty(sandbox.Groups());
        await sandbox.KubectlAsync("get", "namespace", "default");

        (await sandbox.Shell.EbbAsync("down", ct)).Good();

        Assert.Empty(sandbox.Groups());
        Assert.DoesNotContain(sandbox.Room, (await sandbox.Shell.RunAsync("ip", ["netns", "list"], ct)).Out);
        Assert.DoesNotContain(sandbox.Home, await File.ReadAllTextAsync("/proc/self/mountinfo", ct));
        Assert.False(Directory.Exists(sandbox.Home));
    }
}
