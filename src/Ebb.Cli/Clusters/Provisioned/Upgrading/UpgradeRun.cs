using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Operating;
using Ebb.Cli.Reports;
using Ebb.Kubernetes;

namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>The work of an upgrade whose plan is made: the control plane, then the pools, and a look at whether all of it came to be.</summary>
internal sealed class UpgradeRun(K3sRelease release, UpgradeRequest request, UpgradeReach reach, TimeProvider time, Random random)
{
    // An API server that has just been started anew.
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    private OperationRequest OfPools => PoolUpgrade.Request($"{release}", request);

    /// <summary>Control-plane machines that are not as planned.</summary>
    public static ImmutableArray<ReportedMachine> Behind(ControlPlanePlan plan) => [.. plan.Machines.Where(machine => !machine.IsDone(plan.Orders.Generation))];

    /// <param name="show">Lets a person follow the control plane's part.</param>
    /// <param name="tell">What became of the pools' machines, also where some were left; null when there was nothing to do.</param>
    /// <exception cref="IOException">Machines were left, or are still of another release: says how to go on.</exception>
    public async Task RunAsync(
        ClusterPlan plan,
        IReadOnlyList<ShareFile> files,
        Func<Func<Action<ProvisionEvent>, Task>, Task> show,
        Action<(OperationPlan Plan, OperationReport Report)?> tell,
        CancellationToken ct)
    {
        if (!Behind(plan.ControlPlane!).IsEmpty)
        {
            await show(said => ControlPlaneAsync(plan, files, said, ct));
        }

        (OperationPlan Plan, OperationReport Report)? machines = request.ControlPlaneOnly || Pools(await LookAsync(ct)).IsEmpty ? null : await reach.WorkAsync(OfPools, ct);
        tell(machines);
        if (machines is { Plan: var worked, Report: var report })
        {
            OperationRun.Require(worked, report.Machines, OfPools);
            await RequireAllAsync(ct);
        }
    }

    /// <summary>Machines of pools that are yet to come to the release.</summary>
    public ImmutableArray<Candidate> Pools(Seen seen) => [.. OperationPlan.Make(seen.Snapshot, OfPools).Waves.SelectMany(wave => wave)];

    /// <summary>Waits for an API server that does not answer yet.</summary>
    public async Task<Seen> LookAsync(CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await reach.LookAsync(ct);
            }
            catch (KubeException) when (time.GetElapsedTime(started) < AnswersWithin)
            {
                await Task.Delay(AgainAfter, time, ct);
            }
        }
    }

    private async Task ControlPlaneAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, Action<ProvisionEvent> said, CancellationToken ct)
    {
        await new ClusterUp(reach.Cloud, time, random, said).ApplyFilesAsync(plan, files, ct);
        await ControlPlaneStep.RunAsync(reach.Cloud, reach.Client, plan, request.Force, time, random, said, ct);
    }

    private async Task RequireAllAsync(CancellationToken ct)
    {
        if (Pools(await LookAsync(ct)) is { IsEmpty: false } rest)
        {
            throw new IOException($"{Words.Count(rest.Length, "machine")} {(rest.Length == 1 ? "is" : "are")} still of another release: {string.Join(", ", rest.Select(m => m.Machine.Name))}. Running it again carries on.");
        }
    }
}

/// <summary>What an upgrade reaches.</summary>
/// <param name="LookAsync">Looks at everything once.</param>
/// <param name="WorkAsync">Carries an operation out on machines of pools.</param>
internal sealed record UpgradeReach(
    CloudAccess Cloud,
    KubeClient Client,
    Func<CancellationToken, Task<Seen>> LookAsync,
    Func<OperationRequest, CancellationToken, Task<(OperationPlan Plan, OperationReport Report)>> WorkAsync);
