using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>
/// Brings a cluster to another release of Kubernetes: its control plane machine by machine, then its pools. What has been done stands on
/// the share and in the nodes alone: whatever ends this in the middle, the same command carries on.
/// </summary>
internal sealed class ClusterUpgrade(ClusterSession session, UpgradeRequest request, ClusterCommandOptions options, Terminal terminal)
{
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
        var run = new UpgradeRun(
            release,
            request,
            new UpgradeReach(
                session.Cloud,
                target.Client,
                cancel => target.LookAtAllAsync(terminal, cancel),
                (operation, cancel) => OperationRun.WorkAsync(target, operation, "upgrade", dryRun: false, terminal, cancel)),
            ClusterSession.Time,
            target.Random);
        var seen = await run.LookAsync(ct);
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

        var behind = UpgradeRun.Behind(plan.ControlPlane!);
        var pools = request.ControlPlaneOnly ? [] : run.Pools(seen);
        var view = new UpgradeView(
            session.File.Name, request, $"{release}", behind, pools, [.. plan.ControlPlane!.Changes.Where(change => !change.Name.StartsWith(OrdersDifference.Release, StringComparison.Ordinal) && behind.All(machine => machine.Name != change.Name))]);
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

        await Consent.RequireAsync($"Upgrade cluster '{session.File.Name}' so?", options.Yes, terminal, ct);
        await run.RunAsync(
            plan,
            files,
            work => new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(work),
            machines =>
            {
                if (options.Json)
                {
                    view.PrintResult(machines, terminal);
                }
                else if (machines is { Report: var report })
                {
                    OperationRun.Print(report, json: false, terminal);
                }
            },
            ct);
        if (!options.Json)
        {
            view.PrintDone(terminal);
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
