using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What whoever sets a cluster up has to be allowed; the roles that the documentation names contain it.</summary>
internal static class Rights
{
    private static readonly string[] Storage =
    [
        "Microsoft.Resources/deployments/write",
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.Storage/storageAccounts/listkeys/action",
        "Microsoft.Storage/storageAccounts/fileServices/shares/write",

        // The control plane's identity lies here, and its machines are given it.
        "Microsoft.ManagedIdentity/userAssignedIdentities/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        "Microsoft.Authorization/roleAssignments/write",
    ];

    private static readonly string[] Compute =
    [
        "Microsoft.Resources/deployments/write",
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Compute/virtualMachineScaleSets/write",
        "Microsoft.Network/virtualNetworks/write",
        "Microsoft.Network/networkSecurityGroups/write",
        "Microsoft.Network/publicIPAddresses/write",
        "Microsoft.Network/networkInterfaces/write",

        // What refers to another resource takes the right to join it, too.
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "Microsoft.Network/networkSecurityGroups/join/action",
        "Microsoft.Network/publicIPAddresses/join/action",
        "Microsoft.Network/networkInterfaces/join/action",
        "Microsoft.Authorization/roleAssignments/write",
    ];

    /// <param name="storage">In the group of the storage, else in that of the machines.</param>
    public static IEnumerable<string> Needed(ClusterFile file, ClusterPlace place, bool storage) =>
    [
        .. (storage ? place.Storage : place.Compute).Group is null ? ["Microsoft.Resources/subscriptions/resourceGroups/write"] : Array.Empty<string>(),
        .. storage ? Storage : [.. Compute, .. OfShape(file, place)],
    ];

    /// <summary>What only some clusters take.</summary>
    private static IEnumerable<string> OfShape(ClusterFile file, ClusterPlace place)
    {
        if (file.ControlPlane.Zones.IsEmpty)
        {
            yield return "Microsoft.Compute/availabilitySets/write";
        }

        if (file.ControlPlane.Machines > 1)
        {
            yield return "Microsoft.Network/loadBalancers/write";
            yield return "Microsoft.Network/loadBalancers/backendAddressPools/join/action";
            yield return "Microsoft.Network/loadBalancers/inboundNatRules/join/action";
        }

        var wanted = PoolScaleSet.Of(file).Select(set => set.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (place.ScaleSets.Any(set => set.Tags.GetValueOrDefault(ClusterPlace.ClusterTag) == file.Name && !wanted.Contains(set.Name)))
        {
            yield return "Microsoft.Compute/virtualMachineScaleSets/delete";
        }
    }
}
