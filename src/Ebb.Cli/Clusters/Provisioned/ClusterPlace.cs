using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>One of a cluster's resource groups as it is.</summary>
/// <param name="Group">Null when there is none.</param>
/// <param name="Resources">Without those that are part of another, or an extension of one.</param>
/// <param name="Last">The cluster's own deployment into it; null when there was none.</param>
internal sealed record GroupPlace(ResourceGroup? Group, ImmutableArray<ResourceItem> Resources, Deployment? Last)
{
    public bool Has(string type, string name) =>
        Resources.Any(r => r.Type.Equals(type, StringComparison.OrdinalIgnoreCase) && r.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>What there is of a cluster in the cloud, at one instant.</summary>
internal sealed record ClusterPlace(GroupPlace Storage, GroupPlace Compute)
{
    /// <summary>The tag by which Ebb knows its own.</summary>
    public const string ClusterTag = "ebb-cluster";

    private const string RoleTag = "ebb-role";

    public int ControlPlaneMachines =>
        Of("Microsoft.Compute/virtualMachines").Count(r => r.Tags.GetValueOrDefault(RoleTag) == "control-plane");

    public IEnumerable<ResourceItem> ScaleSets => Of("Microsoft.Compute/virtualMachineScaleSets");

    /// <summary>Whether Ebb made it for this cluster.</summary>
    public bool IsOurs(string id, string cluster) =>
        Storage.Resources.Concat(Compute.Resources).Any(r => r.Id.Equals(id, StringComparison.OrdinalIgnoreCase) && r.Tags.GetValueOrDefault(ClusterTag) == cluster);

    public static async Task<ClusterPlace> LookAsync(ClusterFile file, ResourceGroups groups, TemplateDeployments deployments, CancellationToken ct) => new(
        await LookAsync(file.Cloud.StorageGroup, Deploying.StorageName, groups, deployments, ct),
        await LookAsync(file.Cloud.ComputeGroup, Deploying.ComputeName, groups, deployments, ct));

    private static async Task<GroupPlace> LookAsync(
        string name, string deployment, ResourceGroups groups, TemplateDeployments deployments, CancellationToken ct)
    {
        var group = await groups.FindAsync(name, ct);
        return group is null
            ? new GroupPlace(null, [], null)
            : new GroupPlace(
                group,
                [.. (await groups.ListAsync(name, ct)).Where(r => ResourceId.IsListed(r.Id))],
                await deployments.FindAsync(name, deployment, ct));
    }

    private IEnumerable<ResourceItem> Of(string type) => Compute.Resources.Where(r => r.Type.Equals(type, StringComparison.OrdinalIgnoreCase));
}
