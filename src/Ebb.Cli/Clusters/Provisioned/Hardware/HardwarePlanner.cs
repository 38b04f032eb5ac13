using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>Finds out what about the control plane's machines is to be done one after the other, where a deployment would do it to all of them at once. Changes nothing.</summary>
internal sealed class HardwarePlanner(ClusterFile file, ResourceNames names, CloudAccess cloud, RenderInputs inputs)
{
    private readonly List<HardwareChange> _steps = [];

    private readonly List<ClusterChange> _changes = [];

    private string Group => file.Cloud.ComputeGroup;

    private bool Several => file.ControlPlane.Machines > 1;

    /// <param name="machines">As they are now.</param>
    /// <param name="found">What Azure's comparison has found.</param>
    /// <returns>The plan, and all changes, those of machines as the plan has them.</returns>
    public async Task<(HardwarePlan Plan, ImmutableArray<ClusterChange> Changes)> PlanAsync(
        ClusterPlace place, ImmutableArray<VirtualMachine> machines, ImmutableArray<ClusterChange> found, CancellationToken ct)
    {
        Leave(place, machines);
        ImmutableArray<VirtualMachine> wanted = [.. machines.Where(machine => ControlPlaneParts.IndexOf(names, machine.Name) < file.ControlPlane.Machines)];
        var never = await new NeverMade(names, cloud).OfAsync(place, wanted, ct);
        foreach (var machine in wanted)
        {
            if (never.Contains(machine.Name))
            {
                Add(null, Change(ChangeAction.Replace, machine.Name) with
                {
                    Means = $"could not be made{(machine.Failure is { } fault ? $" ({fault.Code})" : "")} and has never run: deleted, and made as {file.ControlPlane.Size}",
                });
                continue;
            }

            await WantedAsync(machine, machines, found.FirstOrDefault(change => IsOf(change, machine)), ct);
        }

        var plan = new HardwarePlan { Machines = machines, Steps = [.. _steps], NeverMade = never, Notes = [.. Notes()] };
        return (plan, [.. found.Where(change => !machines.Any(machine => IsOf(change, machine))), .. _changes]);
    }

    /// <summary>
    /// The control plane's machines that are there, in the order of their numbers, whether or not the file asks for them. The list of all
    /// resources may be late, and who is missing from it alone is not gone: the store would lose a member that lives.
    /// </summary>
    public async Task<ImmutableArray<VirtualMachine>> MachinesAsync(ClusterPlace place, CancellationToken ct)
    {
        var machines = ImmutableArray.CreateBuilder<VirtualMachine>();
        var asked = place.Compute.Group is null ? [] : names.ControlPlane.Select(names.ControlPlaneMachine);
        foreach (var name in asked.Union(Numbered(place, ControlPlaneParts.MachineType)).OrderBy(name => ControlPlaneParts.IndexOf(names, name)))
        {
            if (await cloud.Machines.FindAsync(Group, name, ct) is { } machine)
            {
                machines.Add(machine);
            }
        }

        return machines.ToImmutable();
    }

    private IEnumerable<string> Numbered(ClusterPlace place, string type) =>
        from resource in place.Compute.Resources
        where resource.Type.Equals(type, StringComparison.OrdinalIgnoreCase) && resource.Tags.GetValueOrDefault(ClusterPlace.ClusterTag) == file.Name
        let index = ControlPlaneParts.IndexOf(names, resource.Name)
        where index is not null
        orderby index
        select names.ControlPlaneMachine(index.Value);

    private void Leave(ClusterPlace place, ImmutableArray<VirtualMachine> machines)
    {
        // A run that was cut short may have left no more of one than its network card.
        var all = Numbered(place, ControlPlaneParts.MachineType).Union(Numbered(place, ControlPlaneParts.InterfaceType));
        var leaving = all.Where(name => ControlPlaneParts.IndexOf(names, name) >= file.ControlPlane.Machines).OrderByDescending(name => ControlPlaneParts.IndexOf(names, name)).ToList();
        var missing = ControlPlaneParts.Missing(names, machines);
        var trouble = file.Kubernetes.Distribution is not Distribution.K3s ? "its members of the store leave only with 'distribution: k3s'"
            : missing.Length > 0 ? $"it may hold what {string.Join(" and ", missing)}, which {(missing.Length == 1 ? "is" : "are")} not there, would have to take over. Write as many machines as there were, run 'ebb up', then take it away"
            : null;
        foreach (var name in leaving)
        {
            _steps.Add(new HardwareChange(name, HardwareWork.Leave));
            _changes.Add(Change(trouble is null ? ChangeAction.Delete : ChangeAction.Impossible, name) with
            {
                Means = trouble is null ? "no longer in ebb.yaml: leaves the store, then its node, the machine and its network card are deleted" : $"cannot be taken away: {trouble}",
            });
        }
    }

    private async Task WantedAsync(VirtualMachine machine, ImmutableArray<VirtualMachine> all, ClusterChange? found, CancellationToken ct)
    {
        ImmutableArray<ClusterChangePart> own = [.. (found?.Parts ?? []).Where(part => part.Effect is Effect.Restart or Effect.Replace)];
        if (found is not null && (found.Parts.Length > own.Length || found.Parts.IsEmpty))
        {
            var rest = found.Parts.RemoveAll(own.Contains);
            _changes.Add(found with
            {
                Parts = rest,
                Action = rest.Any(part => part.Effect is Effect.Impossible) ? ChangeAction.Impossible : ChangeAction.Change,
                Means = rest.IsEmpty ? found.Means : ChangeRules.Word(rest.Max(part => part.Effect)),
            });
        }

        var resized = !machine.Size.Equals(file.ControlPlane.Size, StringComparison.OrdinalIgnoreCase);
        var grows = own.Any(part => part.Effect is Effect.Restart && part.What.Contains("diskSizeGB", StringComparison.Ordinal))
            || (machine.Deallocated && await cloud.Machines.DiskGiBAsync(machine, ct) < file.ControlPlane.DiskGiB);
        var step = new HardwareChange(machine.Name, HardwareWork.Rebuild) { Size = file.ControlPlane.Size, DiskGiB = grows ? file.ControlPlane.DiskGiB : null, WithoutPower = machine.HasNoPower };
        var change = Change(ChangeAction.Change, machine.Name) with { Parts = own, Drift = found?.Drift ?? false };
        if (Anew(machine, own, resized) is { } why)
        {
            Add(Several ? step with { Work = HardwareWork.Replace, WithoutPower = false } : null, Several
                ? change with { Action = ChangeAction.Replace, Means = $"{why}: its node leaves the store, the machine is deleted and made anew as a new member" }
                : Impossible(change, $"{why}, and its disk holds all that Kubernetes knows. Make it three machines first ('controlPlane.machines: 3'), then this change, then one machine again{Unknown(machine)}"));
        }
        else if (resized || grows)
        {
            var sizes = resized ? await cloud.Machines.SizesAsync(Group, machine.Name, ct) : [];
            var bound = all.Where(other => other.Name != machine.Name && !other.Deallocated && machine.AvailabilitySet is { } set && set.Equals(other.AvailabilitySet, StringComparison.OrdinalIgnoreCase)).ToList();
            var plain = resized && !inputs.TraitsOf(file.ControlPlane.Size).AcceleratedNetworking && await cloud.Interfaces.IsAcceleratedAsync(Group, machine.Name, ct) is true;
            var offered = !resized || sizes.Contains(file.ControlPlane.Size, StringComparer.OrdinalIgnoreCase);
            if (!offered && bound.Count > 0)
            {
                Add(null, Impossible(change, $"the hardware that it and {string.Join(" and ", bound.Select(other => other.Name))} stand on as one availability set does not offer {file.ControlPlane.Size}{(plain ? " to machines with accelerated networking" : "")}, and Azure moves such machines only all at once. "
                    + $"{Perhaps(machine, sizes)}or give the control plane zones ('controlPlane.zones: [1, 2, 3]'), where each machine stands for itself"));
            }
            else
            {
                step = step with { PlainCard = plain, Work = offered && !grows && !plain && !machine.HasNoPower ? HardwareWork.Resize : HardwareWork.Rebuild };
                Add(step, change with { Means = step.Work is HardwareWork.Resize ? "emptied, resized in place and restarted" : machine.HasNoPower ? "resized and started" : $"emptied, stopped, {(plain ? "resized, its network card without acceleration," : resized ? "resized" : "given a larger disk")} and started" });
            }
        }
        else if (machine.HasNoPower)
        {
            Add(step with { Work = HardwareWork.Start }, change with { Means = "has no power: started" });
        }
        else if (Failed(machine) is { } code)
        {
            // Azure says the size that it was to have, whatever it runs on.
            Add(step, change with { Means = $"what was last done to it failed ({code}): emptied, stopped, given its size again and started" });
        }
    }

    /// <summary>With which code; null where the last that was done to it went well. An extension that failed is none of its hardware's business.</summary>
    private static string? Failed(VirtualMachine machine) =>
        machine.Failure is { Code: var code } && !code.StartsWith("VMExtension", StringComparison.OrdinalIgnoreCase) ? code : null;

    /// <summary>Why it takes another machine; null where this one will do.</summary>
    private string? Anew(VirtualMachine machine, ImmutableArray<ClusterChangePart> parts, bool resized)
    {
        var (now, wanted) = (inputs.TraitsOf(machine.Size), inputs.TraitsOf(file.ControlPlane.Size));
        return parts.Any(part => part.Effect is Effect.Replace) ? "Azure changes this only by another machine"
            : resized && now.OwnDisk != wanted.OwnDisk ? $"Azure turns no machine {(now.OwnDisk ? "with" : "without")} a disk of its own into one {(now.OwnDisk ? "without" : "with")}"
            : null;
    }

    /// <summary>What a person may know of a machine that Azure could not place, and nothing here tells.</summary>
    private string Unknown(VirtualMachine machine) =>
        machine.Unplaced ? $". If you know that it has never run, delete it ('az vm delete -g {Group} -n {machine.Name}'): 'ebb up' makes it anew" : "";

    private string Perhaps(VirtualMachine machine, ImmutableArray<string> sizes)
    {
        var wanted = inputs.TraitsOf(file.ControlPlane.Size).Hardware;
        var own = inputs.TraitsOf(machine.Size).OwnDisk;
        var alike = sizes.Where(size => inputs.TraitsOf(size) is { Hardware: { } hardware } traits && traits.OwnDisk == own && wanted is { } w && hardware.Cpus >= w.Cpus && hardware.MemoryBytes >= w.MemoryBytes)
            .OrderBy(size => inputs.TraitsOf(size).Hardware!.Value).Take(3).ToList();
        return alike.Count > 0 ? $"Take {string.Join(", ", alike)}, " : "Take another size, ";
    }

    private void Add(HardwareChange? step, ClusterChange change)
    {
        if (step is not null)
        {
            _steps.Add(step);
        }

        _changes.Add(change);
    }

    private IEnumerable<string> Notes()
    {
        var steps = _steps.Where(step => !step.WithoutPower).ToList();
        if (steps.Count == 0)
        {
            yield break;
        }

        yield return Several || steps.Any(step => step.Work is HardwareWork.Leave)
            ? $"The control plane's machines change one after the other, each once all others are ready: {string.Join(", ", steps.Select(step => step.Machine))}. The Kubernetes API goes on."
            : "There is one control-plane machine: the Kubernetes API is away for 3 to 10 minutes while it restarts. Pods on other machines go on, and pods on it wait for it or for another machine.";
        if (steps.Any(step => step.Work is HardwareWork.Leave) && !Several)
        {
            yield return "A control plane of one machine outlives no loss of it: what Kubernetes knows is on its disk alone. Nothing from outside reaches the cluster for some minutes, while the public address goes from the load balancer to the machine.";
        }
    }

    private ClusterChange Change(ChangeAction action, string machine) =>
        new(action, Group, ControlPlaneParts.MachineType, machine, ControlPlaneParts.Id(names, ControlPlaneParts.MachineType, machine)) { ByMachine = true };

    private static ClusterChange Impossible(ClusterChange change, string why) => change with { Action = ChangeAction.Impossible, Means = $"cannot become so: {why}" };

    private static bool IsOf(ClusterChange change, VirtualMachine machine) =>
        change.Action is not ChangeAction.Create && change.Type.Equals(ControlPlaneParts.MachineType, StringComparison.OrdinalIgnoreCase) && change.Name.Equals(machine.Name, StringComparison.OrdinalIgnoreCase);
}
