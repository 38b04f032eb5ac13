namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What whoever sets a cluster up has to be allowed; docs list the same.</summary>
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
        "Microsoft.Compute/availabilitySets/write",
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

    public static IEnumerable<string> Needed(bool makesGroup, bool storage) =>
    [
        .. makesGroup ? ["Microsoft.Resources/subscriptions/resourceGroups/write"] : Array.Empty<string>(),
        .. storage ? Storage : Compute,
    ];
}
