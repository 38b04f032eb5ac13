using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>The scale sets of the pools.</summary>
internal static class PoolResources
{
    // What one placement group holds; machines beyond it are spread over several.
    private const int OneGroup = 100;

    public static JsonObject Compose(ClusterFile cluster, ResourceNames names, RenderInputs inputs, PoolScaleSet set)
    {
        var pool = set.Pool;
        var resource = new JsonObject
        {
            ["type"] = "Microsoft.Compute/virtualMachineScaleSets",
            ["apiVersion"] = ComputeTemplate.ComputeVersion,
            ["name"] = set.Name,
            ["location"] = "[parameters('location')]",
            ["tags"] = PoolTagWriter.Write(cluster, inputs, set),
            ["dependsOn"] = Arm.Strings([Arm.ResourceId("Microsoft.Network/virtualNetworks", names.Network)]),
            ["sku"] = new JsonObject
            {
                ["name"] = pool.Size,
                ["tier"] = "Standard",
                ["capacity"] = $"[parameters('capacities')['{set.Name}']]",
            },
            ["properties"] = new JsonObject
            {
                ["orchestrationMode"] = "Uniform",

                // Machines beyond what was asked for would join, and be taken away again from work that they were just given.
                ["overprovision"] = false,
                ["singlePlacementGroup"] = pool.Max <= OneGroup,

                // Only Ebb exchanges machines, one that nothing runs on.
                ["upgradePolicy"] = new JsonObject { ["mode"] = "Manual" },

                // Ebb removes machines by name. Whoever lowers the capacity by hand: the newest are those most likely at work.
                ["scaleInPolicy"] = new JsonObject { ["rules"] = Arm.Strings(["OldestVM"]) },
                ["virtualMachineProfile"] = Profile(cluster, inputs, set),
            },
        };
        if (!pool.Zones.IsEmpty)
        {
            resource["zones"] = Arm.Strings(pool.Zones);
        }

        return resource;
    }

    private static JsonObject Profile(ClusterFile cluster, RenderInputs inputs, PoolScaleSet set)
    {
        var pool = set.Pool;
        var profile = new JsonObject
        {
            ["priority"] = set.Spot ? "Spot" : "Regular",
            ["osProfile"] = new JsonObject
            {
                ["computerNamePrefix"] = set.Name,
                ["adminUsername"] = "[parameters('adminUsername')]",
                ["customData"] = $"[parameters('customData')['{set.Name}']]",
                ["linuxConfiguration"] = "[variables('linux')]",
            },
            ["storageProfile"] = new JsonObject
            {
                // An image is made for one kind of processor.
                ["imageReference"] = inputs.TraitsOf(pool.Size).Architecture == inputs.TraitsOf(cluster.ControlPlane.Size).Architecture
                    ? "[parameters('image')]"
                    : Images.Of(cluster, pool.Size, inputs),
                ["osDisk"] = Disk(inputs, set),
            },
            ["networkProfile"] = new JsonObject
            {
                ["networkInterfaceConfigurations"] = Arm.Objects([Named("nic", new JsonObject
                {
                    ["primary"] = true,
                    ["enableAcceleratedNetworking"] = inputs.TraitsOf(pool.Size).AcceleratedNetworking,
                    ["ipConfigurations"] = Arm.Objects([Named("ip", new JsonObject
                    {
                        ["primary"] = true,
                        ["subnet"] = Arm.Id("[variables('poolSubnet')]"),
                    })]),
                })]),
            },
            ["diagnosticsProfile"] = new JsonObject { ["bootDiagnostics"] = new JsonObject { ["enabled"] = true } },
        };
        if (set.Spot)
        {
            profile["evictionPolicy"] = "Delete";

            // -1: up to the price of a regular machine, so that nothing is evicted for its price.
            profile["billingProfile"] = new JsonObject { ["maxPrice"] = pool.MaxPrice ?? -1 };
        }
        else
        {
            // The notice that spot machines get anyway. The agent confirms it as soon as the node is empty.
            profile["scheduledEventsProfile"] = new JsonObject
            {
                ["terminateNotificationProfile"] = new JsonObject { ["enable"] = true, ["notBeforeTimeout"] = "PT5M" },
            };
        }

        return profile;
    }

    /// <summary>
    /// A spot machine's disk lies on its host where there is room, unless the file says otherwise: nothing of it is kept anyway. A
    /// regular machine's does not, since such a machine cannot be stopped and started again.
    /// </summary>
    private static JsonObject Disk(RenderInputs inputs, PoolScaleSet set)
    {
        var traits = inputs.TraitsOf(set.Pool.Size);
        var local = set.Spot && set.Pool.LocalDisk && traits.EphemeralDiskGiB >= set.Pool.DiskGiB;
        var disk = new JsonObject
        {
            ["createOption"] = "FromImage",
            ["caching"] = local ? "ReadOnly" : "ReadWrite",
            ["diskSizeGB"] = set.Pool.DiskGiB,
            ["managedDisk"] = new JsonObject
            {
                ["storageAccountType"] = local ? "Standard_LRS" : traits.PremiumDisks ? "Premium_LRS" : "StandardSSD_LRS",
            },
        };
        if (local)
        {
            disk["diffDiskSettings"] = new JsonObject { ["option"] = "Local", ["placement"] = traits.EphemeralPlacement };
        }

        return disk;
    }

    private static JsonObject Named(string name, JsonObject properties) => new() { ["name"] = name, ["properties"] = properties };
}
