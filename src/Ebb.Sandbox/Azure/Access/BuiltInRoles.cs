using System.Collections.Immutable;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>Roles that every directory has, with what they allow as far as it concerns what is served here.</summary>
internal static class BuiltInRoles
{
    public const string OwnerId = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

    private const string ShareFiles = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files/";

    // What nearly every role of a single provider has besides.
    private static readonly string[] Common =
    [
        "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.ResourceHealth/availabilityStatuses/read",
        "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
    ];

    public static ImmutableArray<Role> All { get; } =
    [
        new(OwnerId, "Owner", "Grants full access to manage all resources, including the ability to assign roles.") { Actions = ["*"] },
        new("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", "Grants full access to manage all resources, but not to assign roles.")
        {
            Actions = ["*"],
            NotActions =
            [
                "Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete", "Microsoft.Compute/galleries/share/action",
            ],
        },
        new("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", "View all resources, but does not allow to make any changes.") { Actions = ["*/read"] },
        new("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", "Lets you manage user access to resources.")
        {
            Actions = ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        },
        new("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator", "Manage access to resources by assigning roles.")
        {
            Actions = ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read", "Microsoft.Support/*"],
        },
        new("9980e02c-c2be-4d73-94e8-173b1dc7cf3c", "Virtual Machine Contributor", "Lets you manage virtual machines, but not access to them, and not the network or storage account that they are connected to.")
        {
            Actions =
            [
                .. Common, "Microsoft.Compute/availabilitySets/*", "Microsoft.Compute/locations/*", "Microsoft.Compute/virtualMachines/*",
                "Microsoft.Compute/virtualMachineScaleSets/*", "Microsoft.Compute/cloudServices/*", "Microsoft.Compute/disks/write",
                "Microsoft.Compute/disks/read", "Microsoft.Compute/disks/delete", "Microsoft.Network/applicationGateways/backendAddressPools/join/action",
                "Microsoft.Network/loadBalancers/backendAddressPools/join/action", "Microsoft.Network/loadBalancers/inboundNatPools/join/action",
                "Microsoft.Network/loadBalancers/inboundNatRules/join/action", "Microsoft.Network/loadBalancers/probes/join/action",
                "Microsoft.Network/loadBalancers/read", "Microsoft.Network/locations/*", "Microsoft.Network/networkInterfaces/*",
                "Microsoft.Network/networkSecurityGroups/join/action", "Microsoft.Network/networkSecurityGroups/read",
                "Microsoft.Network/publicIPAddresses/join/action", "Microsoft.Network/publicIPAddresses/read", "Microsoft.Network/virtualNetworks/read",
                "Microsoft.Network/virtualNetworks/subnets/join/action", "Microsoft.SerialConsole/serialPorts/connect/action",
                "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/read",
            ],
        },
        new("1c0163c0-47e6-4577-8991-ea5c82e286e4", "Virtual Machine Administrator Login", "View virtual machines in the portal and log in as administrator.")
        {
            Actions =
            [
                "Microsoft.Network/publicIPAddresses/read", "Microsoft.Network/virtualNetworks/read", "Microsoft.Network/loadBalancers/read",
                "Microsoft.Network/networkInterfaces/read", "Microsoft.Compute/virtualMachines/*/read",
            ],
            DataActions = ["Microsoft.Compute/virtualMachines/login/action", "Microsoft.Compute/virtualMachines/loginAsAdmin/action"],
        },
        new("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", "Lets you manage networks, but not access to them.")
        {
            Actions = [.. Common, "Microsoft.Network/*"],
        },
        new("befefa01-2a29-4197-83a8-272ff33ce314", "DNS Zone Contributor", "Lets you manage DNS zones and record sets, but not who has access to them.")
        {
            Actions = [.. Common, "Microsoft.Network/dnsZones/*"],
        },
        new("b12aa53e-6015-4669-85d0-8515ebb3ae7f", "Private DNS Zone Contributor", "Lets you manage private DNS zones, but not the virtual networks they are linked to.")
        {
            Actions =
            [
                .. Common, "Microsoft.Network/privateDnsZones/*", "Microsoft.Network/privateDnsOperationResults/*",
                "Microsoft.Network/privateDnsOperationStatuses/*", "Microsoft.Network/virtualNetworks/read", "Microsoft.Network/virtualNetworks/join/action",
            ],
        },
        new("17d1049b-9a84-46fb-8f53-869881c3d3ab", "Storage Account Contributor", "Lets you manage storage accounts, including their keys.")
        {
            Actions =
            [
                .. Common, "Microsoft.Insights/diagnosticSettings/*", "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
                "Microsoft.Storage/storageAccounts/*",
            ],
        },
        new("81a9662b-bebf-436f-a333-f67b29880f12", "Storage Account Key Operator Service Role", "Lists and regenerates storage account keys.")
        {
            Actions = ["Microsoft.Storage/storageAccounts/listkeys/action", "Microsoft.Storage/storageAccounts/regeneratekey/action"],
        },
        new("c12c1c16-33a1-487b-954d-41c89c60f349", "Reader and Data Access", "Lets you view everything of a storage account, and read and write its data by its keys.")
        {
            Actions =
            [
                "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/ListAccountSas/action",
                "Microsoft.Storage/storageAccounts/read",
            ],
        },
        new("0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb", "Storage File Data SMB Share Contributor", "Allows read, write and delete access in shares over SMB.")
        {
            DataActions = [ShareFiles + "read", ShareFiles + "write", ShareFiles + "delete"],
        },
        new("aba4ae5f-2193-4029-9191-0cb91df5e314", "Storage File Data SMB Share Reader", "Allows read access to shares over SMB.")
        {
            DataActions = [ShareFiles + "read"],
        },
        new("a7264617-510b-434b-a828-9731dc254ea7", "Storage File Data SMB Share Elevated Contributor", "Allows read, write, delete and change of permissions in shares over SMB.")
        {
            DataActions = [ShareFiles + "read", ShareFiles + "write", ShareFiles + "delete", ShareFiles + "modifypermissions/action"],
        },
        new("69566ab7-960f-475b-8e7c-b3118f30c6bd", "Storage File Data Privileged Contributor", "Allows all access to files in shares, whatever their permissions say.")
        {
            DataActions = [ShareFiles + "read", ShareFiles + "write", ShareFiles + "delete", ShareFiles + "modifypermissions/action"],
        },
        new("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", "Read and assign user assigned identities.")
        {
            Actions =
            [
                .. Common, "Microsoft.ManagedIdentity/userAssignedIdentities/*/read", "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            ],
        },
        new("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", "Pull from a container registry.") { Actions = ["Microsoft.ContainerRegistry/registries/pull/read"] },
        new("428e0ff0-5e57-4d9c-a221-2c70d0e0a443", "EventGrid EventSubscription Contributor", "Lets you manage subscriptions to events.")
        {
            Actions = [.. Common, "Microsoft.EventGrid/eventSubscriptions/*", "Microsoft.EventGrid/topicTypes/eventSubscriptions/read"],
        },
        new("749f88d5-cbae-40b8-bcfc-e573ddc772fa", "Monitoring Contributor", "Can read all monitoring data and update monitoring settings.")
        {
            Actions = ["*/read", "Microsoft.Insights/*", "Microsoft.OperationalInsights/*", "Microsoft.Support/*"],
        },
        new("5d977122-f97e-4b4d-a52f-6b43003ddb4d", "Azure Container Instances Contributor Role", "Grants read and write access to container groups.")
        {
            Actions = [.. Common, "Microsoft.ContainerInstance/containerGroups/*", "Microsoft.ContainerInstance/containerGroupProfiles/*"],
        },
    ];
}
