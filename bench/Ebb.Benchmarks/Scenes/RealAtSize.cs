using System.Globalization;
using Ebb.SystemTests.RealKubernetes;

namespace Ebb.Benchmarks.Scenes;

/// <summary>
/// The controller as a process of its own, on a real control plane whose nodes are hollow: how fast it asks for machines, how
/// fast it gives them back, and what it costs beside a cluster of some size.
/// </summary>
internal sealed class RealAtSize : IAsyncDisposable
{
    private static readonly TimeProvider Time = TimeProvider.System;
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(60);

    private readonly RealAccess _api;
    private readonly FarmWork _work;
    private readonly HollowFarm _farm;
    private readonly ControllerProcess _controller;
    private readonly TextWriter _to;
    private readonly long _started = Time.GetTimestamp();

    private RealAtSize(RealAccess api, HollowFarm farm, ControllerProcess controller, TextWriter to) =>
        (_api, _work, _farm, _controller, _to) = (api, new FarmWork(api.Http), farm, controller, to);

    public static async Task<RealAtSize> StartAsync(string kubeconfig, TextWriter to, CancellationToken ct)
    {
        var api = RealAccess.Read(kubeconfig);
        var farm = await HollowFarm.StartAsync(api.Http, api.Authority, new HollowFarmOptions { IdleAfter = IdleAfter }, ct);
        var log = Path.Combine(Path.GetTempPath(), "ebb-real.log");
        var controller = ControllerProcess.Start(kubeconfig, farm.Arguments, farm.Environment(), log);
        var scene = new RealAtSize(api, farm, controller, to);
        scene.Say($"the controller logs to {log}");
        return scene;
    }

    public async Task RunAsync(int machines, int podsPerMachine, int bursts, int samples, TimeSpan steady, CancellationToken ct)
    {
        await UntilAsync(() => _work.IsLedAsync(ct), ct);
        var podsPerBurst = machines * podsPerMachine / bursts;
        for (var burst = 0; burst < bursts; burst++)
        {
            await BurstAsync(burst, podsPerBurst, machines / bursts * (burst + 1), ct);
        }

        await SteadyAsync(machines, steady, ct);
        await AnswersAsync(samples, ct);
        await GoneAsync(machines, ct);
    }

    public async ValueTask DisposeAsync()
    {
        _controller.Dispose();
        await _farm.DisposeAsync();
        _api.Dispose();
    }

    private async Task BurstAsync(int number, int pods, int machines, CancellationToken ct)
    {
        var before = _farm.CapacityRequests.Count();
        var started = Time.GetTimestamp();
        await _work.JobAsync($"burst-{number}", pods, "130m", TimeSpan.FromDays(1), ct);
        await UntilAsync(async () => await _work.CountPodsAsync(ct) >= pods * (number + 1), ct);
        var created = Time.GetElapsedTime(started);
        await UntilAsync(() => Task.FromResult(_farm.CapacityRequests.Count() > before), ct);
        var asked = Time.GetElapsedTime(started);
        await UntilAsync(() => Task.FromResult(_farm.RunningPods >= pods * (number + 1)), ct);
        Say($"burst of {pods:n0} pods: created within {created.TotalSeconds:0.0} s, capacity first asked for after {asked.TotalSeconds:0.0} s "
            + $"in {_farm.CapacityRequests.Count() - before} request(s), all running after {Time.GetElapsedTime(started).TotalSeconds:0} s "
            + $"on {_farm.Machines()} of {machines} machines");
    }

    /// <summary>Nothing happens but heartbeats.</summary>
    private async Task SteadyAsync(int machines, TimeSpan span, CancellationToken ct)
    {
        await Task.Delay(TimeSpan.FromSeconds(30), Time, ct);
        var (cpu, started) = (_controller.Cpu, Time.GetTimestamp());
        await Task.Delay(span, Time, ct);
        var used = _controller.Cpu - cpu;
        var share = used / Time.GetElapsedTime(started);
        Say($"steady at {machines} nodes: {used.TotalSeconds:0.00} s of CPU in {span.TotalMinutes:0.#} min, {share:0.00 %} of one core, "
            + $"{share * 3600:0} s an hour by that; {_controller.ResidentBytes >> 20} MiB resident");
    }

    /// <summary>One pod at a time that fits on no machine there is.</summary>
    private async Task AnswersAsync(int samples, CancellationToken ct)
    {
        var took = new List<TimeSpan>();
        for (var i = 0; i < samples; i++)
        {
            var before = _farm.CapacityRequests.Count();
            var created = Time.GetUtcNow();
            await _work.PodAsync($"single-{i}", "single", "3500m", TimeSpan.FromSeconds(30), ct);
            await UntilAsync(() => Task.FromResult(_farm.CapacityRequests.Count() > before), ct, every: 5);
            took.Add(_farm.CapacityRequests.Last().At - created);
        }

        took.Sort();
        Say($"one pod, from before its creation to the capacity request, {samples} times: p50 {Milliseconds(0.5)}, p99 {Milliseconds(0.99)}, longest {Milliseconds(1)}");

        string Milliseconds(double share) =>
            took[Math.Min(took.Count - 1, (int)Math.Ceiling(share * took.Count) - 1)].TotalMilliseconds.ToString("0 ms", CultureInfo.InvariantCulture);
    }

    /// <summary>The machines of the single pods fall idle, and go.</summary>
    private async Task GoneAsync(int machines, CancellationToken ct)
    {
        await UntilAsync(() => Task.FromResult(_farm.Machines() <= machines), ct);
        var ends = new List<DateTimeOffset>();
        foreach (var pod in await _work.PodsAsync("single", ct))
        {
            ends.Add(DateTimeOffset.Parse((string)pod["status"]!["containerStatuses"]![0]!["state"]!["terminated"]!["finishedAt"]!, CultureInfo.InvariantCulture));
        }

        var last = _farm.Removals.Last().At - ends.Max() - IdleAfter;
        Say($"{ends.Count} machines removed by {_farm.Removals.Count()} calls; the last {last.TotalSeconds:0.0} s after it had been idle for the {IdleAfter.TotalSeconds:0} s of its pool");
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, CancellationToken ct, int every = 200)
    {
        while (!await isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(every), Time, ct);
        }
    }

    private void Say(string what) => _to.WriteLine($"{Time.GetElapsedTime(_started).TotalSeconds,6:0.0} s  {what}");
}
