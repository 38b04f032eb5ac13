using System.Collections.Immutable;
using Ebb.Cli.Operating;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>
/// Carries out what is to be done about control-plane machines, one after the other. Each step looks at what is there and may be done
/// again: whatever ends this in the middle, the plan made anew has what is left.
/// </summary>
/// <param name="nodes">Null where control-plane machines are no nodes.</param>
/// <param name="makeAnew">Makes a machine that is missing, and waits until it is a member of the cluster.</param>
internal sealed class HardwareRun(
    CloudAccess cloud, ResourceNames names, PlaneNodes? nodes, OrdersForget forget, Func<CancellationToken, Task> makeAnew, TimeProvider time, Action<ProvisionEvent> tell)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ReadyWithin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan SettledWithin = TimeSpan.FromMinutes(20);

    private static readonly NodeReturn Unready = new("", "", WasReady: false);

    private readonly string _group = names.Cluster.Cloud.ComputeGroup;

    /// <param name="machines">All that are there.</param>
    /// <param name="force">Neither wait for what runs on a machine nor for others to be ready.</param>
    /// <exception cref="IOException">Others are not ready, or something does not leave a machine: says how to go on.</exception>
    public async Task RunAsync(IEnumerable<HardwareChange> steps, IEnumerable<string> machines, bool force, CancellationToken ct)
    {
        var there = machines.ToImmutableArray();
        var left = await InOrderAsync([.. steps], ct);
        if (!force && left.Any(step => !step.WithoutPower))
        {
            await CutShortAsync(there, ct);
        }

        foreach (var step in left)
        {
            if (!force && !step.WithoutPower && nodes is not null)
            {
                await OthersReadyAsync(step, there.Remove(step.Machine), ct);
            }

            tell(new ProvisionEvent.Note($"{step.Machine}: {Doing(step)} ..."));
            await (step.Work switch
            {
                HardwareWork.Leave => LeaveAsync(step.Machine, force, ct),
                HardwareWork.Replace => ReplaceAsync(step.Machine, force, ct),
                _ => RestartAsync(step, force, ct),
            });
            if (step.Work is HardwareWork.Leave)
            {
                there = there.Remove(step.Machine);
            }
        }
    }

    /// <summary>Waits for what a run that was cut short has begun, and takes off what it has left on nodes.</summary>
    public async Task SettleAsync(IEnumerable<string> machines, CancellationToken ct)
    {
        var held = new List<string>();
        foreach (var machine in machines)
        {
            if (nodes is not null && await nodes.IsHeldAsync(machine, ct))
            {
                held.Add(machine);
            }
        }

        await CutShortAsync([.. held], ct);
        foreach (var machine in held)
        {
            await nodes!.BackAsync(machine, Unready, ct);
            await nodes.LetGoAsync([machine]);
        }
    }

    /// <summary>What a run that was cut short has begun may be under way yet, and a node is said to be ready for a while after its machine has gone down.</summary>
    private async Task CutShortAsync(ImmutableArray<string> machines, CancellationToken ct)
    {
        foreach (var machine in machines)
        {
            if (nodes is null || !await nodes.IsHeldAsync(machine, ct))
            {
                continue;
            }

            tell(new ProvisionEvent.Note($"{machine} was being worked on: looking what has become of it ..."));
            var started = time.GetTimestamp();
            while (await cloud.Machines.FindAsync(_group, machine, ct) is { Busy: true } && time.GetElapsedTime(started) < SettledWithin)
            {
                await Task.Delay(LookEvery, time, ct);
            }

            await nodes.SignOfLifeAsync(machine, ct);
        }
    }

    /// <summary>Members of the store that are dead leave before any that lives: so the majority is never further away than before.</summary>
    private async Task<ImmutableArray<HardwareChange>> InOrderAsync(ImmutableArray<HardwareChange> steps, CancellationToken ct)
    {
        if (nodes is null || steps.Count(step => step.Work is HardwareWork.Leave) < 2)
        {
            return steps;
        }

        var ready = new HashSet<string>();
        foreach (var step in steps)
        {
            if (await nodes.IsReadyAsync(step.Machine, ct))
            {
                ready.Add(step.Machine);
            }
        }

        return [.. steps.OrderBy(step => ready.Contains(step.Machine))];
    }

    private async Task OthersReadyAsync(HardwareChange step, ImmutableArray<string> others, CancellationToken ct)
    {
        var (started, told) = (time.GetTimestamp(), false);
        while (true)
        {
            var notReady = new List<string>();
            foreach (var other in others)
            {
                if (!await nodes!.IsReadyAsync(other, ct) || await cloud.Machines.FindAsync(_group, other, ct) is not { Busy: false })
                {
                    notReady.Add(other);
                }
            }

            // Of those that leave too, as many may be dead as leave a majority of the members that there will be.
            if (notReady.Count == 0 || (step.Work is HardwareWork.Leave && notReady.TrueForAll(name => ControlPlaneParts.IndexOf(names, name) >= names.Cluster.ControlPlane.Machines) && others.Length - notReady.Count > others.Length / 2))
            {
                return;
            }

            var who = $"{string.Join(" and ", notReady)} {(notReady.Count == 1 ? "is" : "are")} not ready";
            if (time.GetElapsedTime(started) > ReadyWithin)
            {
                throw new IOException($"{step.Machine} is not begun: {who}, and the control plane may need all of its machines. Mend that first ('kubectl get nodes'), then run this again; or say --force.");
            }

            if (!told)
            {
                told = true;
                tell(new ProvisionEvent.Note($"{step.Machine}: waits, since {who}."));
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    private async Task RestartAsync(HardwareChange step, bool force, CancellationToken ct)
    {
        if (nodes is not null && !step.WithoutPower)
        {
            await nodes.HoldAsync(step.Machine, ct);
            if (!force)
            {
                await nodes.EmptyAsync(step.Machine, ct);
            }
        }

        // Without power its node may be said to be ready for a while; then it was not.
        var before = nodes is null ? null : step.WithoutPower ? Unready : await nodes.BeforeAsync(step.Machine, ct);
        try
        {
            await BecomeAsync(step, ct);
        }
        catch (CloudException e) when (step.Work is HardwareWork.Resize && !e.MayBeDone && nodes is not null)
        {
            // Refused: it runs on as it was.
            await nodes.LetGoAsync([step.Machine]);
            throw;
        }

        if (nodes is not null)
        {
            await nodes.BackAsync(step.Machine, before!, ct);

            // Not where it is cut short: by this the next run knows that something may be under way.
            await nodes.LetGoAsync([step.Machine]);
        }
    }

    private async Task BecomeAsync(HardwareChange step, CancellationToken ct)
    {
        if (step.Work is HardwareWork.Resize)
        {
            await cloud.Machines.ResizeAsync(_group, step.Machine, step.Size, ct);
            return;
        }

        if (step.Work is HardwareWork.Rebuild)
        {
            await cloud.Machines.DeallocateAsync(_group, step.Machine, ct);
            if (step.PlainCard)
            {
                await cloud.Interfaces.SlowDownAsync(_group, step.Machine, ct);
            }

            if (step.DiskGiB is { } size)
            {
                await cloud.Machines.GrowDiskAsync(_group, step.Machine, size, ct);
            }

            await cloud.Machines.ResizeAsync(_group, step.Machine, step.Size, ct);
        }

        await cloud.Machines.StartAsync(_group, step.Machine, ct);
    }

    private async Task ReplaceAsync(string machine, bool force, CancellationToken ct)
    {
        await LeaveStoreAsync(machine, force, ct);
        await cloud.Groups.RemoveResourceAsync(ControlPlaneParts.Id(names, ControlPlaneParts.MachineType, machine), ControlPlaneParts.ComputeVersion, ct);
        await forget(machine, ct);

        // What ran there to the last may have written its node once more, and the new member could not have its name.
        await (nodes?.RemoveAsync(machine, ct) ?? Task.CompletedTask);
        await makeAnew(ct);
        await (nodes?.BackAsync(machine, Unready, ct) ?? Task.CompletedTask);
    }

    private async Task LeaveAsync(string machine, bool force, CancellationToken ct)
    {
        await LeaveStoreAsync(machine, force, ct);
        await cloud.Groups.RemoveResourceAsync(ControlPlaneParts.Id(names, ControlPlaneParts.MachineType, machine), ControlPlaneParts.ComputeVersion, ct);
        await (nodes?.RemoveAsync(machine, ct) ?? Task.CompletedTask);
        await cloud.Groups.RemoveResourceAsync(ControlPlaneParts.Id(names, ControlPlaneParts.InterfaceType, machine), ControlPlaneParts.NetworkVersion, ct);
        await forget(machine, ct);
    }

    /// <summary>While the machine runs: of two members both have to agree that one goes.</summary>
    private async Task LeaveStoreAsync(string machine, bool force, CancellationToken ct)
    {
        if (nodes is null)
        {
            return;
        }

        if (!force && await nodes.IsReadyAsync(machine, ct))
        {
            await nodes.HoldAsync(machine, ct);
            await nodes.EmptyAsync(machine, ct);
        }

        await nodes.RemoveAsync(machine, ct);
    }

    private static string Doing(HardwareChange step) => step.Work switch
    {
        HardwareWork.Start => "starts",
        HardwareWork.Resize => $"becomes {step.Size}",
        HardwareWork.Rebuild => step.DiskGiB is { } disk ? $"becomes {step.Size} with a disk of {disk} GiB, which needs it stopped" : $"becomes {step.Size}, which needs it stopped",
        HardwareWork.Replace => "is replaced",
        _ => "leaves",
    };
}

/// <summary>Takes away what a machine that is gone has reported.</summary>
internal delegate Task OrdersForget(string machine, CancellationToken ct);
