using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>Finds out what is new for the control plane's machines. Changes nothing.</summary>
/// <param name="answers">Whether Kubernetes answers with what its store holds, for which that needs a majority. Asked only where it matters.</param>
internal sealed class ControlPlanePlanner(
    ClusterFile file, CloudAccess cloud, ClusterHome home, string flag, Func<CancellationToken, Task<bool>> answers, TimeProvider time, Random random)
{
    /// <summary>Of changes that machines make about themselves, and no deployment does.</summary>
    public const string Type = "Ebb/control-plane";

    /// <param name="plan">With the inputs that its templates were made of.</param>
    /// <param name="files">What is to lie on the cluster's own share besides.</param>
    /// <param name="release">Of k3s, which the machines are to run; null: what they run, or on their first day what the file says.</param>
    /// <returns>The plan with its control plane's part, and all files.</returns>
    public async Task<(ClusterPlan Plan, IReadOnlyList<ShareFile> Files)> CompleteAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, string? release, CancellationToken ct)
    {
        var controlPlane = await PlanAsync(plan, files, release, ct);
        return (
            plan with { ControlPlane = controlPlane, Changes = [.. plan.Changes, .. controlPlane.Changes] },
            [.. files, ShareFile.OfBytes(SystemShare.Wanted, controlPlane.Orders.ToBytes())]);
    }

    private async Task<ControlPlanePlan> PlanAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, string? release, CancellationToken ct)
    {
        var share = await OrdersShare.OpenAsync(cloud, plan.Names, time, random, ct);
        var before = share is null ? null : await share.WantedAsync(ct);
        ImmutableArray<string> names = [.. plan.Names.ControlPlane.Select(plan.Names.ControlPlaneMachine)];
        var machines = share is null || plan.Hardware.Machines.IsEmpty ? [.. names.Select(name => new ReportedMachine(name, null))] : await share.ReportsAsync(names, ct);
        var notes = ImmutableArray.CreateBuilder<string>();
        release ??= await ReleaseAsync(plan.Hardware.Machines.IsEmpty ? null : before, machines, notes, ct);
        var state = KeyState.Read(home);
        var (rotation, first) = (RotationIn(before), (string?)null);
        if (!PasswordExchange.IsEarly(state, new ClusterKeys(home, time)) && K3sRotations.Of(state, plan.Names) is { } due)
        {
            var exchange = PasswordExchange.Of(state, due, before, machines, plan.Hardware.Machines);
            (rotation, first) = (due with { On = exchange.On }, exchange.First);
        }

        var orders = ControlPlaneOrders.Compose(file, plan.Names, plan.Inputs, release, await ShareFile.HashesAsync(files, ct), rotation);
        var silent = SilentMachines.Of(machines, [.. plan.Hardware.Machines.Where(machine => !plan.Hardware.NeverMade.Contains(machine.Name))], time.GetUtcNow());
        // Members may have been taken out before their machines went, and one that was left may be a store of its own by now.
        var lost = LostMajority.Of(machines, plan.Hardware.Machines, plan.Names, flag);
        if (lost is not null && await answers(ct))
        {
            lost = null;
        }

        if (lost is not null)
        {
            notes.Add($"{lost.What} {lost.Remedy}");
        }

        var told = silent.IsEmpty ? null : SilentMachines.Describe(silent, names.Length, plan.Compute.Group);
        if (told is not null)
        {
            notes.Add(told);
        }

        return new ControlPlanePlan
        {
            LostMajority = lost,
            Silent = told,
            Orders = orders,
            Before = before,
            Machines = machines,
            First = first,
            Notes = notes.ToImmutable(),
            Changes = [.. await LostAsync(plan, share, names, ct), .. Changes(plan, before, orders, machines)],
        };
    }

    /// <summary>Somebody has deleted all of them beside Ebb: whoever makes them anew is to know what that costs.</summary>
    private static async Task<ImmutableArray<ClusterChange>> LostAsync(ClusterPlan plan, OrdersShare? share, ImmutableArray<string> names, CancellationToken ct)
    {
        if (!plan.Hardware.Machines.IsEmpty || plan.Place.Compute.Group is null || share is null)
        {
            return [];
        }

        foreach (var name in names)
        {
            if (await share.HasReportAsync(name, ct))
            {
                return
                [
                    new ClusterChange(ChangeAction.Replace, plan.Compute.Group, Type, "kubernetes", "")
                    {
                        Means = $"{(names.Length == 1 ? "the machine of the control plane is gone, and with it" : "all machines of the control plane are gone, and with them")} all that Kubernetes held: it begins anew and empty; machines of pools join it once they are reimaged, or made anew by the controller",
                    },
                ];
            }
        }

        return [];
    }

    /// <summary>The one that runs: another one is for 'ebb upgrade'.</summary>
    private async Task<string?> ReleaseAsync(
        ControlPlaneOrders? before, ImmutableArray<ReportedMachine> machines, ImmutableArray<string>.Builder notes, CancellationToken ct)
    {
        var kubernetes = file.Kubernetes;
        if (kubernetes.Distribution is not Distribution.K3s)
        {
            return null;
        }

        if (ControlPlanePlan.Running(machines) is { } running)
        {
            if (kubernetes.Version is { } version && K3sRelease.Parse(version) is { } wanted && wanted != running)
            {
                notes.Add(wanted > running
                    ? $"Kubernetes {running} runs, and the file says {wanted}: 'ebb upgrade{flag}' brings the cluster to it, machine by machine. Everything else is changed here."
                    : $"Kubernetes {running} runs, and the file says {wanted}: an older release cannot be gone back to. Write 'version: {running}' under 'kubernetes'.");
            }

            return $"{running}";
        }

        if (before?.Release is { } ordered)
        {
            return ordered;
        }

        if (kubernetes.Version is not null || file.Options.AirGapped)
        {
            return kubernetes.Version;
        }

        try
        {
            // All machines of a new cluster run the same, on whichever day each of them is made.
            return await ReleaseChannel.NewestAsync(kubernetes.Channel, cloud.Arm.Endpoint, cloud.Http, time, ct);
        }
        catch (EbbException e)
        {
            notes.Add($"{e.Message} Until then each machine of the control plane asks for itself when it is made.");
            return null;
        }
    }

    private static IEnumerable<ClusterChange> Changes(ClusterPlan plan, ControlPlaneOrders? before, ControlPlaneOrders after, ImmutableArray<ReportedMachine> machines)
    {
        // Those that are yet to be made are born to what is wanted.
        var group = plan.Compute.Group;
        if (plan.Hardware.Machines.IsEmpty)
        {
            yield break;
        }

        if (before is null)
        {
            yield return new ClusterChange(ChangeAction.Change, group, Type, "orders", "")
            {
                Means = "machines are told for the first time what they are to be; what differs changes in place, machine by machine",
            };
            yield break;
        }

        foreach (var change in LastingRanges.Changes(before, after, group))
        {
            yield return change;
        }

        foreach (var change in OrdersDifference.Of(before, after))
        {
            yield return new ClusterChange(ChangeAction.Change, group, Type, change.What, "") { Means = change.Means() };
        }

        if (before.Generation == after.Generation)
        {
            foreach (var machine in machines.Where(machine => machine.State is not null && !machine.IsDone(after.Generation)))
            {
                yield return new ClusterChange(ChangeAction.Change, group, Type, machine.Name, "") { Means = $"is not yet as wanted: {machine.Describe()}" };
            }
        }
    }

    /// <summary>What machines were told to carry out once stays in their orders: it is done, and taking it out would be news.</summary>
    private static K3sRotation? RotationIn(ControlPlaneOrders? before) =>
        K3sRotation.Read(before?.Configuration["k3s"]);
}
