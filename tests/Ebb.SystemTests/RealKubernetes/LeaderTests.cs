using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>
/// Two controllers, each a process and a user of its own, of which the leader is ended or frozen at random moments while work
/// comes and goes. <c>EBB_SEED</c> replays the moments.
/// </summary>
[Collection(LongFarms.Name)]
public sealed class LeaderTests : IAsyncLifetime
{
    private const int Jobs = 12;
    private const int PodsPerJob = 8;

    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(2);

    // Longer than a Lease holds, so that the other leads when the frozen one wakes.
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(22);

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-leader-").FullName;
    private readonly List<ControllerProcess> _controllers = [];
    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("EBB_SEED"), out var seed) ? seed : RandomNumberGenerator.GetInt32(int.MaxValue);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string AuditLog => Path.Combine(_directory, "audit.log");

    [Fact]
    public async Task However_leaders_end_no_two_controllers_are_ever_at_work_and_all_work_is_done()
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"EBB_SEED={_seed}");
        var random = new Random(_seed);
        await using var plane = await RealControlPlane.StartAsync(new RealControlPlaneOptions { ApiServerFlags = Audited() }, Ct);
        var options = new HollowFarmOptions { Controllers = 5, IdleAfter = TimeSpan.FromSeconds(4) };
        await using var farm = await HollowFarm.StartAsync(plane.NewClient(), plane.Authority.Certificate, options, Ct);
        var work = new FarmWork(plane.Admin);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var working = WorkAsync(work, enough.Token);
        Start(plane, farm);
        Start(plane, farm);

        // One is ended, one is frozen and wakes to find another leading, and that one is ended too.
        await EndLeaderAsync(farm, random);
        Start(plane, farm);
        var frozen = await LeaderAsync(farm, random);
        Assert.True(_controllers[frozen].Freeze());
        await Task.Delay(Frozen, TimeProvider.System, Ct);
        Assert.True(_controllers[frozen].Thaw());
        await EndLeaderAsync(farm, random, but: frozen);
        Start(plane, farm);

        await working;
        for (var job = 0; job < Jobs; job++)
        {
            await Shell.UntilAsync($"Job work-{job} is complete", Soon, async () => (await work.StateAsync($"work-{job}", Ct)).Succeeded == PodsPerJob);
            Assert.Equal(PodsPerJob, (await work.PodsAsync($"job-name=work-{job}", Ct)).Count);
        }

        await Shell.UntilAsync("what is idle has gone", Soon, () => Task.FromResult(farm.Machines() == 0));
        Assert.Empty(farm.Interruptions);
        await SeeThatTheyTookTurnsAsync(farm);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var controller in _controllers)
        {
            controller.Dispose();
        }

        if (TestContext.Current.TestState?.Result is TestResult.Failed)
        {
            foreach (var log in Directory.EnumerateFiles(_directory, "controller-*.log").Order(StringComparer.Ordinal))
            {
                TestContext.Current.TestOutputHelper!.WriteLine($"{log}:\n{await File.ReadAllTextAsync(log)}");
            }
        }

        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>The n-th controller signs in to Azure as the n-th application, and to Kubernetes as the user <c>ebb-n</c>.</summary>
    private void Start(RealControlPlane plane, HollowFarm farm)
    {
        var number = _controllers.Count;
        var kubeconfig = Path.Combine(_directory, $"ebb-{number}.conf");
        using var user = plane.Authority.IssueClient($"ebb-{number}", "system:masters");
        plane.WriteKubeconfig(kubeconfig, user);
        _controllers.Add(ControllerProcess.Start(
            kubeconfig, farm.Arguments, farm.Environment(number), Path.Combine(_directory, $"controller-{number}.log")));
    }

    private async Task EndLeaderAsync(HollowFarm farm, Random random, int but = -1) =>
        _controllers[await LeaderAsync(farm, random, but)].Dispose();

    /// <summary>Whoever wrote last, a random moment after it was not yet known who would.</summary>
    private async Task<int> LeaderAsync(HollowFarm farm, Random random, int but = -1)
    {
        var from = farm.Cloud.Agenda.Now;
        var leader = -1;
        await Shell.UntilAsync("someone leads", Soon, () =>
        {
            leader = Writes(farm).Where(write => write.At > from && write.Controller != but && !_controllers[write.Controller].HasExited)
                .Select(write => write.Controller).LastOrDefault(-1);
            return Task.FromResult(leader >= 0);
        });
        await Task.Delay(TimeSpan.FromSeconds(4 * random.NextDouble()), TimeProvider.System, Ct);
        return leader;
    }

    private static async Task WorkAsync(FarmWork work, CancellationToken ct)
    {
        for (var job = 0; job < Jobs; job++)
        {
            await work.JobAsync($"work-{job}", PodsPerJob, "900m", TimeSpan.FromSeconds(4), ct);
            await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, ct);
        }
    }

    /// <summary>Everything that any controller changed, in Azure or Kubernetes, in order; what concerns the Lease itself aside.</summary>
    private List<Write> Writes(HollowFarm farm)
    {
        var writes = farm.Calls.Where(call => call.Mutates && call.ClientId.Length > 0)
            .Select(call => new Write(call.At, farm.ControllerOf(call), $"{call.Method} {call.Path}")).ToList();
        using var log = new StreamReader(new FileStream(AuditLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (log.ReadLine() is { } line)
        {
            if (Parse(line) is { } write)
            {
                writes.Add(write);
            }
        }

        return [.. writes.OrderBy(write => write.At)];
    }

    private static Write? Parse(string line)
    {
        try
        {
            var entry = JsonNode.Parse(line)!;
            return new Write(
                DateTimeOffset.Parse((string)entry["requestReceivedTimestamp"]!, CultureInfo.InvariantCulture),
                int.Parse(((string)entry["user"]!["username"]!)["ebb-".Length..], CultureInfo.InvariantCulture),
                $"{entry["verb"]} {entry["requestURI"]}");
        }
        catch (JsonException)
        {
            // The last line is being written.
            return null;
        }
    }

    /// <summary>All that a controller writes in one term is in one piece: no other's writes are in between.</summary>
    private async Task SeeThatTheyTookTurnsAsync(HollowFarm farm)
    {
        var writes = Writes(farm);
        var turns = writes.Where((write, i) => i == 0 || writes[i - 1].Controller != write.Controller).ToList();
        Assert.True(turns.Count >= 3, $"Only {turns.Count} controllers ever wrote.");
        for (var number = 0; number < _controllers.Count; number++)
        {
            var log = await File.ReadAllTextAsync(Path.Combine(_directory, $"controller-{number}.log"), Ct);
            Assert.True(
                turns.Count(turn => turn.Controller == number) <= log.Split(" leads, term ").Length - 1,
                $"EBB_SEED={_seed}: controller {number} wrote out of turn; each turn began with\n{string.Join('\n', turns)}");
        }
    }

    private IReadOnlyList<string> Audited()
    {
        var policy = Path.Combine(_directory, "audit.yaml");
        File.WriteAllText(policy, """
            apiVersion: audit.k8s.io/v1
            kind: Policy
            omitStages: [RequestReceived]
            rules:
            - level: None
              verbs: [get, list, watch]
            - level: None
              resources: [{group: coordination.k8s.io, resources: [leases]}]
            - level: Metadata
              users: [ebb-0, ebb-1, ebb-2, ebb-3, ebb-4]
            - level: None
            """);
        File.WriteAllText(AuditLog, "");

        // Now and then the server sends its clients away, as it does behind a load balancer.
        return [$"--audit-policy-file={policy}", $"--audit-log-path={AuditLog}", "--audit-log-mode=blocking", "--goaway-chance=0.02"];
    }

    private sealed record Write(DateTimeOffset At, int Controller, string What);
}
