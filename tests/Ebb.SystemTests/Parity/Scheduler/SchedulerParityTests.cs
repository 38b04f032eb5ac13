using Ebb.SystemTests.RealKubernetes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>
/// Random clusters and pods are put to the real kube-scheduler, and what it decides is held against Ebb's predicates and
/// against the sandbox's scheduler. <c>EBB_PARITY=2000</c> puts so many cases, <c>EBB_SEED=N</c> only that one.
/// </summary>
public sealed class SchedulerParityTests
{
    private const int UsualCases = 200;

    // No controllers run: nothing would make service accounts, take the taint off new nodes or the finalizers off volumes.
    private static readonly RealControlPlaneOptions Plane = new()
    {
        ControllerManager = false,
        ApiServerFlags =
        [
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition,StorageObjectInUseProtection,DefaultTolerationSeconds",
            "--delete-collection-workers=8",
        ],
    };

    // Each takes its time to be made small; what is wrong shows in the first few.
    private const int MostShown = 5;

    // Long enough for any event to reach the scheduler; on a busy machine the last of these is.
    private static readonly TimeSpan[] Doubts = [TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)];

    // For the many tries at making a case smaller, of which one that errs does no harm.
    private static readonly TimeSpan ShortDoubt = TimeSpan.FromMilliseconds(40);

    [Fact]
    public async Task Real_and_own_schedulers_agree_on_random_clusters()
    {
        var minor = await RealBinaries.Require().MinorAsync(TestContext.Current.CancellationToken);
        await using var plane = await RealControlPlane.StartAsync(Plane, TestContext.Current.CancellationToken);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var real = new RealScheduler(new RealApi(plane.Admin));
        await real.FurnishAsync(end.Token);
        var following = real.FollowAsync(end.Token);
        try
        {
            await CompareAllAsync(real, minor, end.Token);
        }
        finally
        {
            await end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        }
    }

    private static async Task CompareAllAsync(RealScheduler real, int minor, CancellationToken ct)
    {
        var decisions = new List<Decision>();
        var disagreements = new List<string>();
        foreach (var seed in Seeds().TakeWhile(_ => disagreements.Count < MostShown))
        {
            var (decided, disagreement) = await CompareAsync(real, minor, seed, ct);
            decisions.AddRange(decided);
            disagreements.AddRange(disagreement is null ? [] : [disagreement]);
        }

        var bound = decisions.Count(decision => decision.Node is not null);
        var preempting = decisions.Count(decision => decision.Nominated is not null);
        var summary = $"1.{minor}: {bound} pods bound, {decisions.Count - bound} that fitted nowhere, of which {preempting} made others leave; {real.Refused} manifests refused.";
        TestContext.Current.TestOutputHelper?.WriteLine(summary);
        Assert.True(disagreements.Count == 0, string.Join("\n\n", disagreements.Append(summary)));
        if (decisions.Count >= UsualCases)
        {
            Assert.True(bound > 0 && preempting > 0, summary);
        }

        if (decisions.Count >= 20 * UsualCases)
        {
            // What chance never brings about would be held against nothing.
            var seen = decisions.SelectMany(decision => Wording.Read(decision.Message).Causes.Keys).ToHashSet();
            Assert.DoesNotContain(Wording.KnownCauses, cause => !seen.Contains(cause) && !(minor >= 27 && cause == Cause.LostVolume));
        }
    }

    private static IEnumerable<int> Seeds() =>
        int.TryParse(Environment.GetEnvironmentVariable("EBB_SEED"), out var seed) ? [seed]
        : Enumerable.Range(0, int.TryParse(Environment.GetEnvironmentVariable("EBB_PARITY"), out var count) ? count : UsualCases);

    private static async Task<(List<Decision> Decisions, string? Disagreement)> CompareAsync(
        RealScheduler real, int minor, int seed, CancellationToken ct)
    {
        var scenario = RandomCase.Of(seed);
        var decisions = await real.RunAsync(scenario, TimeSpan.Zero, strict: false, ct);
        foreach (var decision in decisions.Where(decision => Comparison.Disagreement(decision, minor) is not null))
        {
            // The scheduler may not have seen everything in time: only what it says again after a rest counts.
            var frozen = Shrinking.Frozen(scenario, decision);
            if (await AlwaysShowsAsync(real, minor, frozen, ct) is { } shown)
            {
                var smallest = await new Shrinking(one => ShowsAsync(real, minor, one, ShortDoubt, ct)).SmallestAsync(frozen);
                return (decisions, await AlwaysShowsAsync(real, minor, smallest, ct) is { } still
                    ? $"Seed {seed}: {still}\n{smallest}"
                    : $"Seed {seed}, in full: {shown}\n{frozen}");
            }
        }

        return (decisions, null);
    }

    private static async Task<string?> AlwaysShowsAsync(RealScheduler real, int minor, SchedulerCase scenario, CancellationToken ct)
    {
        string? shown = null;
        foreach (var rest in Doubts)
        {
            shown = await ShowsAsync(real, minor, scenario, rest, ct);
            if (shown is null)
            {
                break;
            }
        }

        return shown;
    }

    private static async Task<string?> ShowsAsync(RealScheduler real, int minor, SchedulerCase scenario, TimeSpan rest, CancellationToken ct)
    {
        try
        {
            return Comparison.Disagreement(Assert.Single(await real.RunAsync(scenario, rest, strict: true, ct)), minor);
        }
        catch (RefusedException)
        {
            // Not a valid case.
            await real.ClearAsync(ct);
            return null;
        }
    }
}
