using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>
/// The group of what stays when machines go: accounts, shares, and the control plane's identity, which may read both accounts' keys.
/// The identity lies here because what it may do here would otherwise have to be granted anew with each new one.
/// </summary>
internal static class StorageTemplate
{
    private const string StorageVersion = "2023-01-01";

    // Larger shares have to be allowed on the account.
    private const int MostPlainGiB = 5120;

    public static ArmTemplate Compose(ClusterFile cluster, ResourceNames names)
    {
        var shares = cluster.Storage.Shares;
        List<JsonObject> resources =
        [
            Identity(names),
            Account("systemAccount", SystemShare.QuotaGiB),
            Share("systemAccount", SystemShare.Name, SystemShare.QuotaGiB),
            KeysOf("systemAccount", names, "The control plane fetches its own keys and programs."),
        ];
        if (!shares.IsEmpty)
        {
            resources.Add(Account("storageAccount", shares.Max(share => share.QuotaGiB)));
            resources.AddRange(shares.Select(share => Share("storageAccount", share.Name, share.QuotaGiB)));
            resources.Add(KeysOf("storageAccount", names, "The control plane tells machines that join how to mount the shares."));
        }

        var outputs = new JsonObject
        {
            ["identity"] = Arm.Output(Arm.ResourceId("Microsoft.ManagedIdentity/userAssignedIdentities", names.Identity)),
            ["systemAccount"] = Arm.Output("[parameters('systemAccount')]"),
        };
        if (!shares.IsEmpty)
        {
            outputs["storageAccount"] = Arm.Output("[parameters('storageAccount')]");
        }

        List<ArmParameter> parameters =
        [
            new("location", "string", "Where accounts and identity are.", cluster.Cloud.Region),
            new("systemAccount", "string", "The account that only the control plane reads.", names.SystemAccount),
            new("tags", "object", "On everything.", Tags(cluster)),
        ];
        if (!shares.IsEmpty)
        {
            parameters.Add(new("storageAccount", "string", "The account of the shares that machines mount.", names.StorageAccount));
        }

        return Arm.Template([.. parameters], [], resources, outputs);
    }

    public static JsonObject Tags(ClusterFile cluster) => new() { [ResourceNames.ClusterTag] = cluster.Name };

    private static JsonObject Identity(ResourceNames names) => new()
    {
        ["type"] = "Microsoft.ManagedIdentity/userAssignedIdentities",
        ["apiVersion"] = RoleResources.IdentityVersion,
        ["name"] = names.Identity,
        ["location"] = "[parameters('location')]",
        ["tags"] = "[parameters('tags')]",
    };

    private static JsonObject KeysOf(string parameter, ResourceNames names, string why)
    {
        var account = $"[resourceId('Microsoft.Storage/storageAccounts', parameters('{parameter}'))]";
        var identity = Arm.ResourceId("Microsoft.ManagedIdentity/userAssignedIdentities", names.Identity);
        return RoleResources.Assign(Roles.KeyOperator, account, identity, why, account, identity);
    }

    private static JsonObject Account(string parameter, int largestGiB)
    {
        var account = new JsonObject
        {
            ["type"] = "Microsoft.Storage/storageAccounts",
            ["apiVersion"] = StorageVersion,
            ["name"] = $"[parameters('{parameter}')]",
            ["location"] = "[parameters('location')]",
            ["tags"] = "[parameters('tags')]",
            ["kind"] = "StorageV2",
            ["sku"] = new JsonObject { ["name"] = "Standard_LRS" },
            ["properties"] = new JsonObject
            {
                ["accessTier"] = "Hot",
                ["supportsHttpsTrafficOnly"] = true,
                ["minimumTlsVersion"] = "TLS1_2",
                ["allowBlobPublicAccess"] = false,

                // Mounting a share takes the account's key; there is nothing else that a plain Linux machine could prove itself with.
                ["allowSharedKeyAccess"] = true,
            },
        };
        if (largestGiB > MostPlainGiB)
        {
            account["properties"]!["largeFileSharesState"] = "Enabled";
        }

        return account;
    }

    private static JsonObject Share(string parameter, string name, int quotaGiB) => new()
    {
        ["type"] = "Microsoft.Storage/storageAccounts/fileServices/shares",
        ["apiVersion"] = StorageVersion,
        ["name"] = $"[concat(parameters('{parameter}'), '/default/{name}')]",
        ["dependsOn"] = Arm.Strings([$"[resourceId('Microsoft.Storage/storageAccounts', parameters('{parameter}'))]"]),
        ["properties"] = new JsonObject { ["shareQuota"] = quotaGiB, ["enabledProtocols"] = "SMB" },
    };
}
