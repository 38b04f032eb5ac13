using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Components;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Kubectl;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>
/// The controller, as a process of its own, on a real control plane with 300 hollow nodes and 9,000 pods that
/// come in bursts of 3,000.
/// </summary>
[Collection(nameof(LargeFarms))]
public sealed class BurstTests : IAsyncLifetime
{
    private const int Bursts = 3;
    private const int Machines = 300;
    private const int PodsPerMachine = 30;

    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-burst-").FullName;
    private HostedControlPlane? _plane;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_burst_of_pods_is_one_request_for_as_many_machines_as_they_need()
    {
        var plane = _plane = await RealParts.StartAsync(_directory, Ct, extraFlags: Unthrottled());
        using var api = Admin(plane);
        using var authority = X509CertificateLoader.LoadCertificateFromFile(plane.Shape.Paths.Pki("ca.crt"));
        await using var farm = await HollowFarm.StartAsync(api, authority, new HollowFarmOptions(), Ct);
        var log = Path.Combine(_directory, "controller.log");
        using var controller = ControllerProcess.Start(plane.EbbKubeconfig, farm.Arguments, farm.Environment(), log);
        var work = new FarmWork(api);
        await Shell.UntilAsync("the controller leads", Soon, () => work.IsLedAsync(Ct));

        var requests = new List<int>();
        for (var burst = 1; burst <= Bursts; burst++)
        {
            var before = farm.CapacityRequests.Count();
            await work.JobAsync($"burst-{burst}", Machines / Bursts * PodsPerMachine, "130m", TimeSpan.FromHours(1), Ct);
            var all = Machines / Bursts * burst * PodsPerMachine;
            await Shell.UntilAsync($"{all} pods run", Soon, () => Task.FromResult(farm.RunningPods >= all));

            // A Job makes its first pod by itself, and the others once it is there: on a busy machine that is one that waits alone.
            var alone = (await File.ReadAllTextAsync(log, Ct)).Contains($"grows by 1 to {(Machines / Bursts * (burst - 1)) + 1}: 1 pod ", StringComparison.Ordinal);
            requests.Add(farm.CapacityRequests.Count() - before - (alone ? 1 : 0));
        }

        Assert.True(requests.TrueForAll(count => count == 1), $"requests of each burst: {string.Join(", ", requests)}\n{await File.ReadAllTextAsync(log, Ct)}");
        Assert.Equal((Machines, Machines), (farm.Machines(), farm.EverBought()));
        Assert.Empty(farm.Interruptions);
        await SeeLogsAsync(plane, (string)(await work.PodsAsync("job-name=burst-1", Ct))[0]["metadata"]!["name"]!);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_plane is not null)
        {
            await _plane.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private async Task SeeLogsAsync(HostedControlPlane plane, string pod)
    {
        Assert.SkipWhen(Shell.KubectlPath is null, "kubectl is not installed");
        var kubectl = new KubectlBinary(Shell.KubectlPath!, _directory, plane.AdminKubeconfig);

        var exec = await kubectl.TryAsync("exec", pod, "--", "ls");

        Assert.Equal("begins\n", await kubectl.RunAsync("logs", pod));
        Assert.NotEqual(0, exec.Code);
        Assert.Contains("runs no processes", exec.Error, StringComparison.Ordinal);
    }

    private static HttpClient Admin(HostedControlPlane plane)
    {
        var connection = AccessCluster.Connection(plane.AdminKubeconfig);
        return new HttpClient(connection.Transport(null)) { BaseAddress = connection.Server, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>By default each creates or binds twenty to fifty pods a second.</summary>
    private static ImmutableDictionary<string, ImmutableArray<string>> Unthrottled()
    {
        ImmutableArray<string> flags = ["--kube-api-qps=1000", "--kube-api-burst=2000"];
        return ImmutableDictionary<string, ImmutableArray<string>>.Empty.Add(KubeControllers.Name, flags).Add(KubeScheduler.Name, flags);
    }
}

/// <summary>It wants the whole machine.</summary>
[CollectionDefinition(nameof(LargeFarms), DisableParallelization = true)]
public sealed class LargeFarms;
