using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What would go with a cluster.</summary>
/// <param name="Groups">Those that are there, in the order in which they go.</param>
internal sealed record TeardownPlan(ImmutableArray<(string Name, GroupPlace Place)> Groups);

/// <summary>How much of a cluster is to go.</summary>
internal enum DownScope
{
    All,

    /// <summary>Machines and network; shares and keys stay.</summary>
    Machines,

    /// <summary>Shares and keys, once there are no machines.</summary>
    Storage,
}

/// <summary>Deletes a cluster's resource groups. Deleting what is being deleted, or is gone, is done at once: it may be interrupted anywhere.</summary>
internal sealed class ClusterDown(ClusterFile file, CloudAccess cloud, Action<ProvisionEvent> tell, TimeProvider time)
{
    /// <param name="force">Also groups that hold what is not Ebb's.</param>
    /// <exception cref="EbbException">A group is not this cluster's, holds what is not Ebb's, or is still in use.</exception>
    public async Task<TeardownPlan> PlanAsync(DownScope scope, bool force, CancellationToken ct)
    {
        var place = await ClusterPlace.LookAsync(file, cloud.Groups, cloud.Deployments, ct);
        if (scope is DownScope.Storage)
        {
            RequireNoMachines(place.Compute);
        }

        var groups = ImmutableArray.CreateBuilder<(string, GroupPlace)>();
        foreach (var (name, group) in new[] { (file.Cloud.ComputeGroup, place.Compute), (file.Cloud.StorageGroup, place.Storage) })
        {
            if (group.Group is null || scope == (name == file.Cloud.StorageGroup ? DownScope.Machines : DownScope.Storage))
            {
                continue;
            }

            Check(name, group, force);
            groups.Add((name, group));
        }

        return new TeardownPlan(groups.ToImmutable());
    }

    public async Task ApplyAsync(TeardownPlan plan, CancellationToken ct)
    {
        foreach (var (name, place) in plan.Groups)
        {
            var what = $"Deleting resource group {name}";
            tell(new ProvisionEvent.Began("delete", what));
            var started = time.GetTimestamp();
            await DeleteAsync(name, ct);
            tell(new ProvisionEvent.Ended("delete", what, Changed: true, time.GetElapsedTime(started)));
        }
    }

    /// <summary>They mount its shares, and live on the keys that lie there.</summary>
    private static void RequireNoMachines(GroupPlace compute)
    {
        var machines = compute.Resources
            .Where(r => r.Type.ToUpperInvariant() is "MICROSOFT.COMPUTE/VIRTUALMACHINES" or "MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS")
            .Select(r => $"'{r.Name}'").ToList();
        if (machines.Count > 0)
        {
            throw new EbbException(
                $"The cluster's machines are still there, and live on its storage: {string.Join(", ", machines.Take(5))}{(machines.Count > 5 ? $" and {machines.Count - 5} more" : "")} in resource group '{compute.Group?.Name}'. "
                + "Nothing was deleted. 'ebb down --keep-storage' deletes them; 'ebb down' deletes both.");
        }
    }

    private void Check(string name, GroupPlace place, bool force)
    {
        // One that is going already was checked when it was ordered.
        if (place.Group is not { Deleting: false } group)
        {
            return;
        }

        if (group.Tags.GetValueOrDefault(ResourceNames.ClusterTag) is var owner && owner != file.Name)
        {
            throw new EbbException(owner is null
                ? $"Resource group '{name}' is not Ebb's: it has no tag {ResourceNames.ClusterTag}={file.Name}. Nothing was deleted. Correct ebb.yaml; or, if it is this cluster's all the same, tag it so."
                : $"Resource group '{name}' belongs to cluster '{owner}', not to '{file.Name}'. Nothing was deleted. Correct ebb.yaml.");
        }

        var ids = place.Resources.Where(IsOurs).Select(r => r.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var foreign = place.Resources.Where(r => !ids.Contains(r.Id) && !(r.ManagedBy is { } owner && ids.Any(id => owner.StartsWith(id, StringComparison.OrdinalIgnoreCase)))).ToList();
        if (foreign.Count > 0 && !force)
        {
            throw new EbbException(
                $"Resource group '{name}' also holds what Ebb did not make: {string.Join(", ", foreign.Take(5).Select(r => $"{r.Type} '{r.Name}'"))}{(foreign.Count > 5 ? $" and {foreign.Count - 5} more" : "")}. "
                + "Nothing was deleted. Move them elsewhere, or say --force and they go too.");
        }
    }

    private bool IsOurs(ResourceItem resource) => resource.Tags.GetValueOrDefault(ResourceNames.ClusterTag) == file.Name;

    private async Task DeleteAsync(string name, CancellationToken ct)
    {
        if (await cloud.Groups.DeleteAsync(name, ct) is { } fault)
        {
            throw new CloudException($"Resource group '{name}' could not be deleted. {fault} {Remedies.Of(fault)}".TrimEnd(), code: fault.Code);
        }

        var last = -1;
        if (!await cloud.Groups.WaitUntilGoneAsync(name, Left, ct))
        {
            throw new CloudException(
                $"Azure began to delete resource group '{name}' and gave up; it is still there. Its activity log in the portal says which resource held it up (a lock, say). Run this again then.");
        }

        void Left(int count)
        {
            if (count != last)
            {
                last = count;
                tell(new ProvisionEvent.Note($"{name}: {Words.Count(count, "resource")} left"));
            }
        }
    }
}
