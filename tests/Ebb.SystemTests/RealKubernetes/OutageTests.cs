using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>The controller, as a process of its own, on a real control plane that loses its power in the middle of everything.</summary>
[Collection(LongFarms.Name)]
public sealed class OutageTests : IAsyncLifetime
{
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(2);

    private readonly string _log = Path.GetTempFileName();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_seconds_without_control_plane_amid_growing_and_shrinking_hurt_no_work()
    {
        // What is watched from before the outage has been forgotten after it.
        var options = new RealControlPlaneOptions { ApiServerFlags = ["--etcd-compaction-interval=10s"] };
        await using var plane = await RealControlPlane.StartAsync(options, Ct);
        await using var farm = await HollowFarm.StartAsync(
            plane.NewClient(),
            plane.Authority.Certificate,
            new HollowFarmOptions
            {
                // Every pod takes a machine of its own: 3500m one of the first pool, 7 one of the second.
                Pools = [new("agents", "Standard_D4s_v5", 30), new("large", "Standard_D8s_v5", 30)],
                IdleAfter = TimeSpan.FromSeconds(8),
                Boot = Ebb.Sandbox.Cloud.Latency.Seconds(8, 12),
            },
            Ct);
        using var controller = ControllerProcess.Start(plane.AdminKubeconfig, farm.Arguments, farm.Environment(), _log);
        var work = new FarmWork(plane.Admin);
        await work.JobAsync("short", 4, "3500m", TimeSpan.FromSeconds(5), Ct);
        await work.JobAsync("ends-meanwhile", 2, "3500m", TimeSpan.FromSeconds(50), Ct);
        await work.JobAsync("long", 3, "3500m", TimeSpan.FromSeconds(100), Ct);

        // The first idle machines are on their way out when more is wanted of the other pool; then everything stops.
        await UntilAsync("machines are being removed", () => farm.Removals.Any());
        await work.JobAsync("growing", 6, "7", TimeSpan.FromSeconds(5), Ct);
        await UntilAsync("machines are being bought", () => farm.Cloud.Find(HollowFarm.Group, "large")!.Capacity > 0);
        plane.CutPower();
        var removals = farm.Removals.Count();
        await Task.Delay(Outage, TimeProvider.System, Ct);
        var meanwhile = farm.Removals.Count() - removals;
        await plane.RestorePowerAsync(Ct);

        foreach (var (job, pods) in new[] { ("short", 4), ("ends-meanwhile", 2), ("growing", 6), ("long", 3) })
        {
            await Shell.UntilAsync($"Job {job} is complete", Soon, async () => (await work.StateAsync(job, Ct)).Succeeded == pods);
            Assert.Equal((0, pods, 0), await work.StateAsync(job, Ct));
            Assert.Equal(pods, (await work.PodsAsync($"job-name={job}", Ct)).Count);
        }

        // Where the power cut came between the mark on a node and the request to the cloud, nobody knows whether that was made: for five
        // minutes it is taken for made.
        await Shell.UntilAsync("what is idle has gone", TimeSpan.FromMinutes(7), () => Task.FromResult(farm.Machines() + farm.Machines("large") == 0));
        Assert.Empty(farm.Interruptions);
        Assert.Equal((9, 6), (farm.EverBought(), farm.EverBought("large")));
        Assert.True(meanwhile <= 1, $"{meanwhile} calls removed machines while nobody could know what ran on them.");
        Assert.Contains("leads no more", await File.ReadAllTextAsync(_log, Ct), StringComparison.Ordinal);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        // What the controller said is part of why a test failed.
        if (TestContext.Current.TestState?.Result is TestResult.Failed)
        {
            TestContext.Current.TestOutputHelper!.WriteLine(await File.ReadAllTextAsync(_log));
        }

        File.Delete(_log);
    }

    private static Task UntilAsync(string what, Func<bool> isSo) => Shell.UntilAsync(what, Soon, () => Task.FromResult(isSo()));
}

/// <summary>Each has a control plane of its own and mostly waits: one after the other, beside all else.</summary>
[CollectionDefinition(Name)]
public sealed class LongFarms
{
    public const string Name = "long farms";
}
