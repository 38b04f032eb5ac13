using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>The machines that carry the Kubernetes API and Ebb's controller.</summary>
internal static class ControlPlaneResources
{
    public static IEnumerable<JsonObject> Compose(ClusterFile cluster, ResourceNames names, RenderInputs inputs)
    {
        var control = cluster.ControlPlane;

        // Also for a single machine: one that exists is taken into no set, and others may be wanted beside it later.
        var together = control.Zones.IsEmpty;
        if (together)
        {
            yield return new JsonObject
            {
                ["type"] = "Microsoft.Compute/availabilitySets",
                ["apiVersion"] = ComputeTemplate.ComputeVersion,
                ["name"] = names.AvailabilitySet,
                ["location"] = "[parameters('location')]",
                ["tags"] = ComputeTemplate.Tags(cluster, ResourceNames.ControlPlaneRole),
                ["sku"] = new JsonObject { ["name"] = "Aligned" },

                // Two is what every region has.
                ["properties"] = new JsonObject { ["platformFaultDomainCount"] = 2, ["platformUpdateDomainCount"] = 5 },
            };
        }

        foreach (var index in names.ControlPlane)
        {
            yield return Machine(cluster, names, inputs, index, together);
        }
    }

    private static JsonObject Machine(ClusterFile cluster, ResourceNames names, RenderInputs inputs, int index, bool together)
    {
        var control = cluster.ControlPlane;
        var name = names.ControlPlaneMachine(index);
        var card = Arm.ResourceId("Microsoft.Network/networkInterfaces", name);
        var set = Arm.ResourceId("Microsoft.Compute/availabilitySets", names.AvailabilitySet);
        var properties = new JsonObject
        {
            ["hardwareProfile"] = new JsonObject { ["vmSize"] = control.Size },
            ["storageProfile"] = new JsonObject
            {
                ["imageReference"] = "[parameters('image')]",
                ["osDisk"] = new JsonObject
                {
                    ["createOption"] = "FromImage",
                    ["caching"] = "ReadWrite",
                    ["diskSizeGB"] = control.DiskGiB,
                    ["deleteOption"] = "Delete",
                    ["managedDisk"] = new JsonObject
                    {
                        ["storageAccountType"] = inputs.TraitsOf(control.Size).PremiumDisks ? "Premium_LRS" : "StandardSSD_LRS",
                    },
                },
            },
            ["osProfile"] = new JsonObject
            {
                ["computerName"] = name,
                ["adminUsername"] = "[parameters('adminUsername')]",
                ["customData"] = $"[parameters('customData')['{ResourceNames.ControlPlaneRole}']]",
                ["linuxConfiguration"] = "[variables('linux')]",
            },
            ["networkProfile"] = new JsonObject
            {
                ["networkInterfaces"] = Arm.Objects([new JsonObject { ["id"] = card, ["properties"] = new JsonObject { ["primary"] = true } }]),
            },
            ["diagnosticsProfile"] = new JsonObject { ["bootDiagnostics"] = new JsonObject { ["enabled"] = true } },
        };
        if (together)
        {
            properties["availabilitySet"] = Arm.Id(set);
        }

        var machine = new JsonObject
        {
            ["type"] = "Microsoft.Compute/virtualMachines",
            ["apiVersion"] = ComputeTemplate.ComputeVersion,
            ["name"] = name,
            ["location"] = "[parameters('location')]",
            ["tags"] = ComputeTemplate.Tags(cluster, ResourceNames.ControlPlaneRole),
            ["dependsOn"] = Arm.Strings(together ? [card, set] : [card]),
            ["identity"] = new JsonObject
            {
                ["type"] = "UserAssigned",
                ["userAssignedIdentities"] = new JsonObject { ["[variables('identity')]"] = new JsonObject() },
            },
            ["properties"] = properties,
        };
        if (!control.Zones.IsEmpty)
        {
            machine["zones"] = Arm.Strings([control.Zones[index % control.Zones.Length]]);
        }

        return machine;
    }
}
