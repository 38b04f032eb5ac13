using System.Collections.Frozen;
using Ebb.Cli.Clusters.Provisioned.Hardware;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// Carries a plan out, step by step. Each step looks at what is there before it does anything and may be done again: whatever ends
/// this in the middle, the same plan made anew carries on.
/// </summary>
internal sealed class ClusterUp(CloudAccess cloud, TimeProvider time, Random random, Action<ProvisionEvent> tell)
{
    private const string ComputeVersion = "2023-09-01";

    /// <summary>Until machines and network are as the plan says.</summary>
    /// <param name="files">What is to lie on the cluster's own share.</param>
    /// <returns>The compute deployment, whose outputs say where the cluster is.</returns>
    public async Task<Deployment> ApplyAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, CancellationToken ct)
    {
        await ApplyStorageAsync(plan, files, ct);
        await StepAsync("compute", $"Machines and network in resource group {plan.Compute.Group}", () => ComputeAsync(plan, ct));
        return await cloud.Deployments.FindAsync(plan.Compute.Group, plan.Compute.Name, ct)
            ?? throw new CloudException($"Deployment '{plan.Compute.Name}' of resource group '{plan.Compute.Group}' is gone. Run this again.");
    }

    /// <summary>Until storage and what lies on it are as the plan says: all that outlives machines.</summary>
    public async Task ApplyStorageAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, CancellationToken ct)
    {
        if (!plan.Preflight.ToRegister.IsEmpty)
        {
            throw new InvalidOperationException($"The plan was made before the subscription was registered with {string.Join(", ", plan.Preflight.ToRegister)}: what it takes of sizes, quotas and names is not known in it.");
        }

        await StepAsync("storage", $"Storage in resource group {plan.Storage.Group}", () => DeployAsync(plan, plan.Storage, plan.Place.Storage, ct));
        await ApplyFilesAsync(plan, files, ct);
    }

    /// <summary>Until what lies on the cluster's own share is as wanted.</summary>
    public Task ApplyFilesAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, CancellationToken ct) =>
        StepAsync("files", $"Keys and programs on share {SystemShare.Name}", () => UploadAsync(plan, files, ct));

    private async Task<bool> ComputeAsync(ClusterPlan plan, CancellationToken ct)
    {
        var changed = false;
        foreach (var change in plan.Changes.Where(c => c.MakesPoolAnew))
        {
            tell(new ProvisionEvent.Note($"Deleting pool '{change.Name}', to make it anew ..."));
            await DeleteAsync(change.Id, wait: true, ct);
            changed = true;
        }

        changed |= await RemoveNeverMadeAsync(plan, ct);
        changed |= await FreeAddressAsync(plan, ct);
        changed |= await RemoveBalancerAsync(plan, ct);
        changed |= await DeployAsync(plan, plan.Compute, plan.Place.Compute, ct);
        foreach (var change in plan.Changes.Where(c => c.Action is ChangeAction.Delete && !c.ByMachine))
        {
            tell(new ProvisionEvent.Note($"Deleting pool '{change.Name}', which is no longer in ebb.yaml ..."));
            await DeleteAsync(change.Id, wait: false, ct);
            changed = true;
        }

        return changed;
    }

    /// <summary>What Azure had no room for stays there as it was asked for, and would be asked for again. Whoever runs by now stays.</summary>
    private async Task<bool> RemoveNeverMadeAsync(ClusterPlan plan, CancellationToken ct)
    {
        if (plan.Hardware.NeverMade.IsEmpty)
        {
            return false;
        }

        var now = await ClusterPlace.LookAsync(plan.File, cloud.Groups, cloud.Deployments, ct);
        var machines = await MachinesAsync(plan.Compute, ct);
        foreach (var name in await new NeverMade(plan.Names, cloud).OfAsync(now, [.. machines.Values.Where(machine => plan.Hardware.NeverMade.Contains(machine.Name))], ct))
        {
            tell(new ProvisionEvent.Note($"Deleting {name}, which could not be made, to make it anew ..."));
            await cloud.Groups.RemoveResourceAsync(ControlPlaneParts.Id(plan.Names, ControlPlaneParts.MachineType, name), ControlPlaneParts.ComputeVersion, ct);
        }

        return true;
    }

    /// <summary>A control plane of one machine has the public address itself; where there are to be several, it is their load balancer's.</summary>
    private async Task<bool> FreeAddressAsync(ClusterPlan plan, CancellationToken ct)
    {
        if (plan.File.ControlPlane.Machines == 1 || plan.Place.Compute.Has("Microsoft.Network/loadBalancers", plan.Names.LoadBalancer)
            || !await cloud.Interfaces.DetachAddressAsync(plan.Compute.Group, plan.Names.ControlPlaneMachine(0), ct))
        {
            return false;
        }

        tell(new ProvisionEvent.Note("The public address goes from the one machine to the load balancer of several; nothing from outside reaches the cluster meanwhile."));
        return true;
    }

    /// <summary>The other way round: the load balancer lets go of the address, which the one machine that is left gets by the deployment.</summary>
    private async Task<bool> RemoveBalancerAsync(ClusterPlan plan, CancellationToken ct)
    {
        if (plan.File.ControlPlane.Machines > 1 || !plan.Place.Compute.Has("Microsoft.Network/loadBalancers", plan.Names.LoadBalancer))
        {
            return false;
        }

        tell(new ProvisionEvent.Note("The public address goes from the load balancer to the one machine that stays; nothing from outside reaches the cluster meanwhile."));
        await cloud.Interfaces.DetachBalancerAsync(plan.Compute.Group, plan.Names.ControlPlaneMachine(0), ct);
        await cloud.Groups.RemoveResourceAsync(ControlPlaneParts.Id(plan.Names, "Microsoft.Network/loadBalancers", plan.Names.LoadBalancer), ControlPlaneParts.NetworkVersion, ct);
        return true;
    }

    /// <summary>Makes what is missing of a plan's machines and network, however long ago it was made.</summary>
    public Task MakeMissingAsync(ClusterPlan plan, CancellationToken ct) => SendAsync(plan, plan.Compute, ct);

    /// <returns>Whether anything was done.</returns>
    private async Task<bool> DeployAsync(ClusterPlan plan, Blueprint wanted, GroupPlace place, CancellationToken ct)
    {
        var tags = new Dictionary<string, string> { [ResourceNames.ClusterTag] = plan.File.Name };
        if (place.Group is null || place.Group.Tags.GetValueOrDefault(ResourceNames.ClusterTag) != plan.File.Name)
        {
            var merged = new Dictionary<string, string>(place.Group?.Tags ?? tags, StringComparer.OrdinalIgnoreCase) { [ResourceNames.ClusterTag] = plan.File.Name };
            if (await cloud.Groups.PutAsync(wanted.Group, plan.File.Cloud.Region, merged, ct) is { } fault)
            {
                throw new CloudException($"Resource group '{wanted.Group}' could not be made. {fault} {Remedies.Of(fault)}".TrimEnd(), code: fault.Code);
            }
        }
        else if (!plan.IsDue(wanted.Group))
        {
            return false;
        }

        await SendAsync(plan, wanted, ct);
        return true;
    }

    private async Task SendAsync(ClusterPlan plan, Blueprint wanted, CancellationToken ct)
    {
        var tags = new Dictionary<string, string> { [ResourceNames.ClusterTag] = plan.File.Name };
        await new Deploying(cloud.Deployments, time, tell).DeployAsync(wanted, cancel => AsOfNowAsync(wanted, cancel), tags, ct);
    }

    /// <summary>A person may have thought about the plan for long, and others may have been at work: what is there is asked of who makes it, not of the list of all resources, which may be late.</summary>
    private async Task<Blueprint> AsOfNowAsync(Blueprint wanted, CancellationToken ct)
    {
        var machines = await MachinesAsync(wanted, ct);
        var accelerated = new Dictionary<string, bool>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in machines.Keys)
        {
            if (await cloud.Interfaces.IsAcceleratedAsync(wanted.Group, name, ct) is { } on)
            {
                accelerated[name] = on;
            }
        }

        // Last: this is what changes all the time.
        var sets = wanted.ScaleSets.Any() ? await cloud.Facts.ScaleSetsAsync(wanted.Group, ct) : FrozenDictionary<string, ScaleSetFacts>.Empty;
        return wanted.For(machines, accelerated, sets);
    }

    private async Task<Dictionary<string, VirtualMachine>> MachinesAsync(Blueprint wanted, CancellationToken ct)
    {
        var machines = new Dictionary<string, VirtualMachine>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in wanted.Machines)
        {
            if (await cloud.Machines.FindAsync(wanted.Group, name, ct) is { } machine)
            {
                machines[name] = machine;
            }
        }

        return machines;
    }

    private async Task<bool> UploadAsync(ClusterPlan plan, IReadOnlyList<ShareFile> files, CancellationToken ct)
    {
        var access = await cloud.Accounts.AccessAsync(plan.Storage.Group, plan.Names.SystemAccount, ct)
            ?? throw new CloudException($"Storage account '{plan.Names.SystemAccount}' is not in resource group '{plan.Storage.Group}', though it was just deployed. Run this again.");
        var share = new Ebb.Clouds.Azure.Deployments.FileShare(access, SystemShare.Name, cloud.Http, time, random);
        return await new ShareUpload(share, tell).UploadAsync(files, ct) > 0;
    }

    private async Task DeleteAsync(string id, bool wait, CancellationToken ct)
    {
        if (wait)
        {
            await cloud.Groups.RemoveResourceAsync(id, ComputeVersion, ct);
        }
        else if (await cloud.Groups.DeleteResourceAsync(id, ComputeVersion, ct) is { } fault)
        {
            throw new CloudException($"{id} could not be deleted. {fault} {Remedies.Of(fault)}".TrimEnd(), code: fault.Code);
        }
    }

    private async Task StepAsync(string step, string what, Func<Task<bool>> act)
    {
        tell(new ProvisionEvent.Began(step, what));
        var started = time.GetTimestamp();
        var changed = await act();
        tell(new ProvisionEvent.Ended(step, what, changed, time.GetElapsedTime(started)));
    }
}
