using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Reports;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>
/// Brings a cluster to another release of Kubernetes: its control plane machine by machine, then its pools. What has been done stands on
/// the share and in the nodes alone: whatever ends this in the middle, the same command carries on.
/// </summary>
internal sealed class ClusterUpgrade(ClusterSession session, UpgradeRequest request, ClusterCommandOptions options, Terminal terminal)
{
    // An API server that has just been started anew.
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(string path, UpgradeRequest request, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.OpenAsync(path, hold: true, ct)
            ?? throw new EbbException($"There is nothing of the cluster of {path}: the sandbox's Azure for it does not run. 'ebb up' makes it.");
        if (session.File.Kubernetes.Distribution is not Distribution.K3s)
        {
            throw new EbbException("'ebb upgrade' is for k3s. With 'distribution: kubelet' images have the kubelet: make newer ones, then 'ebb up' and 'ebb reimage'.");
        }

        await new ClusterUpgrade(session, request, options, terminal).RunAsync(ct);
    }

    private async Task RunAsync(CancellationToken ct)
    {
        var names = new ResourceNames(session.File, session.Cloud.Arm.Subscription);
        var share = await OrdersShare.OpenAsync(session.Cloud, names, ClusterSession.Time, ClusterSession.NewRandom(), ct)
            ?? throw new EbbException($"There is nothing of cluster '{session.File.Name}' yet. 'ebb up{session.Flag}' makes it.");
        var reports = await share.ReportsAsync(names.ControlPlane.Select(names.ControlPlaneMachine), ct);
        var release = await WantedRelease.FindAsync(request.To, ControlPlanePlan.Running(reports), session, ct);

        await using var target = await ProvisionedTarget.OpenAsync(session.Path, Logs.ForLooking(options.Verbose), ct);
        var seen = await LookAsync(target, ct);
        await RequireAsync(release, Ground(reports, seen), ct);
        var (plan, files) = await session.PlanReleaseAsync($"{release}", ct);
        plan.RequirePossibleInPlace();
        if (session.File.Options.AirGapped && UpgradeRules.FilesProblem(plan.ControlPlane!.Before, plan.ControlPlane.Orders, session.Path) is { } lacking)
        {
            throw new EbbException($"{lacking} Nothing has been changed.");
        }

        if (!request.Force)
        {
            plan.ControlPlane!.RequireFollowing();
        }

        var behind = plan.ControlPlane!.Machines.Where(machine => !machine.IsDone(plan.ControlPlane.Orders.Generation)).ToImmutableArray();
        var pools = request.ControlPlaneOnly ? [] : Pools(seen, release);
        var view = new UpgradeView(
            session.File.Name, request, $"{release}", behind, pools, [.. plan.ControlPlane.Changes.Where(change => !change.Name.StartsWith(OrdersDifference.Release, StringComparison.Ordinal) && behind.All(machine => machine.Name != change.Name))]);
        if (behind.IsEmpty && pools.IsEmpty)
        {
            view.PrintNothing(options.Json, terminal);
            return;
        }

        if (request.DryRun || !options.Json)
        {
            view.Print(options.Json, terminal);
        }

        if (request.DryRun)
        {
            return;
        }

        Consent.Require($"Upgrade cluster '{session.File.Name}' so?", options.Yes, terminal);
        using var loggers = Logs.ForLooking(options.Verbose);
        if (!behind.IsEmpty)
        {
            await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(tell => ControlPlaneAsync(plan, files, loggers, tell, ct));
        }

        var machines = request.ControlPlaneOnly ? null : await PoolsAsync(target, release, ct);
        if (options.Json)
        {
            // Also when machines were left: what became of each is the result.
            view.PrintResult(machines, terminal);
        }

        if (machines is { Plan: var worked, Report: var report })
        {
            OperationRun.Require(worked, report.Machines, PoolUpgrade.Request($"{release}", request));
            await RequireAllAsync(target, release, ct);
        }

        if (!options.Json)
        {
            view.PrintDone(terminal);
        }
    }

    private async Task ControlPlaneAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, ILoggerFactory loggers, Action<ProvisionEvent> tell, CancellationToken ct)
    {
        await new ClusterUp(session.Cloud, ClusterSession.Time, ClusterSession.NewRandom(), tell).ApplyFilesAsync(plan, files, ct);
        await ControlPlaneStep.RunAsync(session, plan, request.Force, loggers, tell, ct);
    }

    /// <returns>Null when there is nothing to do.</returns>
    private async Task<(OperationPlan Plan, OperationReport Report)?> PoolsAsync(Target target, K3sRelease release, CancellationToken ct)
    {
        if (Pools(await LookAsync(target, ct), release).IsEmpty)
        {
            return null;
        }

        var done = await OperationRun.WorkAsync(target, PoolUpgrade.Request($"{release}", request), "upgrade", dryRun: false, terminal, ct);
        if (!options.Json)
        {
            OperationRun.Print(done.Report, json: false, terminal);
        }

        return done;
    }

    private async Task RequireAllAsync(Target target, K3sRelease release, CancellationToken ct)
    {
        if (Pools(await LookAsync(target, ct), release) is { IsEmpty: false } rest)
        {
            throw new IOException($"{Words.Count(rest.Length, "machine")} {(rest.Length == 1 ? "is" : "are")} still of another release: {string.Join(", ", rest.Select(m => m.Machine.Name))}. Running it again carries on.");
        }
    }

    private ImmutableArray<Candidate> Pools(Seen seen, K3sRelease release) =>
        [.. OperationPlan.Make(seen.Snapshot, PoolUpgrade.Request($"{release}", request)).Waves.SelectMany(wave => wave)];

    private async Task<Seen> LookAsync(Target target, CancellationToken ct)
    {
        var started = ClusterSession.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return await target.LookAsync(terminal, ct);
            }
            catch (KubeException) when (ClusterSession.Time.GetElapsedTime(started) < AnswersWithin)
            {
                await Task.Delay(AgainAfter, ClusterSession.Time, ct);
            }
        }
    }

    private static UpgradeGround Ground(ImmutableArray<ReportedMachine> reports, Seen seen)
    {
        var servers = reports.Select(report => report.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new UpgradeGround(
            [.. reports.Select(report => (report.Name, K3sRelease.Parse(report.State?.Release ?? "")))],
            [.. reports.Where(report => seen.Snapshot.Nodes.FirstOrDefault(node => node.Name.Equals(report.Name, StringComparison.OrdinalIgnoreCase)) is not { Ready: true }).Select(report => report.Name)],
            [
                .. from node in seen.Snapshot.Nodes
                   where !servers.Contains(node.Name)
                   let release = K3sRelease.Parse(node.KubeletVersion)
                   where release is not null
                   select (node.Name, release.Value),
            ]);
    }

    private async Task RequireAsync(K3sRelease release, UpgradeGround ground, CancellationToken ct)
    {
        if (UpgradeRules.Problem(release, ground, next: null, session.Flag, request.Force) is null)
        {
            return;
        }

        string? next = null;
        if (ground.ControlPlane.All(machine => machine.Release is not null) && ground.ControlPlane.Min(machine => machine.Release!.Value) is var lowest && release.Minor > lowest.Minor + 1)
        {
            try
            {
                next = await WantedRelease.NewestAsync($"v1.{lowest.Minor + 1}", session, ct);
            }
            catch (EbbException)
            {
                // Then its minor release has to do.
            }
        }

        throw new EbbException($"{UpgradeRules.Problem(release, ground, next, session.Flag, request.Force)} Nothing has been changed.");
    }
}
