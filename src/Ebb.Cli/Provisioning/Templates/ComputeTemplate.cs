using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>The group of what may be destroyed and built again: network, control plane, pools, and what the control plane may do with them.</summary>
internal static class ComputeTemplate
{
    // From 2024-03-01 on a disk may lie on NVMe.
    public const string ComputeVersion = "2024-07-01";

    public static ArmTemplate Compose(
        ClusterFile cluster, ResourceNames names, RenderInputs inputs, IReadOnlyDictionary<string, byte[]> customData)
    {
        var pools = PoolScaleSet.Of(cluster);
        List<JsonObject> resources =
        [
            .. NetworkResources.Compose(cluster, names, inputs),
            .. ControlPlaneResources.Compose(cluster, names, inputs),
            .. pools.Select(pool => PoolResources.Compose(cluster, names, inputs, pool)),
            .. Grants(names, pools),
        ];
        return Arm.Template(
            [.. Parameters(cluster, names, inputs, pools, customData)],
            new JsonObject
            {
                ["identity"] = $"[resourceId(parameters('storageGroup'), 'Microsoft.ManagedIdentity/userAssignedIdentities', '{names.Identity}')]",
                ["controlPlaneSubnet"] = Arm.ResourceId("Microsoft.Network/virtualNetworks/subnets", names.Network, ResourceNames.ControlPlaneSubnet),
                ["poolSubnet"] = Arm.ResourceId("Microsoft.Network/virtualNetworks/subnets", names.Network, ResourceNames.PoolSubnet),
                ["linux"] = new JsonObject
                {
                    ["disablePasswordAuthentication"] = true,
                    ["ssh"] = new JsonObject { ["publicKeys"] = "[parameters('sshPublicKeys')]" },
                },
            },
            resources,
            Outputs(names, pools));
    }

    /// <summary>What goes on every resource; those of pools and of the control plane say more.</summary>
    public static JsonObject Tags(ClusterFile cluster, string role) => new()
    {
        [ResourceNames.ClusterTag] = cluster.Name,
        [ResourceNames.RoleTag] = role,
    };

    /// <summary>Reading the group; changing the pools' scale sets; putting their machines into the subnet. Nothing else.</summary>
    private static IEnumerable<JsonObject> Grants(ResourceNames names, ImmutableArray<PoolScaleSet> pools)
    {
        const string identity = "[variables('identity')]";
        yield return RoleResources.Assign(Roles.Reader, null, identity, "The controller sees machines and scale sets.");
        yield return RoleResources.Assign(
            Roles.MachineContributor,
            "[variables('poolSubnet')]",
            identity,
            "A pool that grows puts its machines into this subnet.",
            Arm.ResourceId("Microsoft.Network/virtualNetworks", names.Network));
        foreach (var pool in pools)
        {
            var scaleSet = Arm.ResourceId("Microsoft.Compute/virtualMachineScaleSets", pool.Name);
            yield return RoleResources.Assign(
                Roles.MachineContributor, scaleSet, identity, "The controller adds and removes this pool's machines.", scaleSet);
        }
    }

    private static IEnumerable<ArmParameter> Parameters(
        ClusterFile cluster, ResourceNames names, RenderInputs inputs, ImmutableArray<PoolScaleSet> pools, IReadOnlyDictionary<string, byte[]> customData)
    {
        yield return new("location", "string", "Where everything is.", cluster.Cloud.Region);
        yield return new("storageGroup", "string", "The resource group in which the control plane's identity lies.", cluster.Cloud.StorageGroup);
        yield return new("dnsLabel", "string", "The control plane's public name before the region's; unique in the region.", names.DnsLabel);
        yield return new("adminUsername", "string", "The user who may log in and become root.", cluster.Access.SshUser);
        yield return new(
            "sshPublicKeys", "array", "Whose keys log in: objects with keyData and path.",
            Arm.Objects(inputs.SshPublicKeys.Select(key => new JsonObject
            {
                ["path"] = $"/home/{cluster.Access.SshUser}/.ssh/authorized_keys",
                ["keyData"] = key.Trim(),
            })));
        yield return new("image", "object", "The image that every machine starts from.", Images.Of(cluster, cluster.ControlPlane.Size, inputs));
        foreach (var rule in SecurityRules.Outside(cluster, inputs))
        {
            yield return new(rule.Parameter, "array", $"Who reaches {rule.What}: address ranges.", Arm.Strings(rule.From));
        }

        yield return new(
            "capacities", "object",
            "How many machines each scale set is to have. One that exists must be given the number that it has: fewer would remove machines at work.",
            new JsonObject(pools.Select(pool => KeyValuePair.Create(
                pool.Name, (JsonNode?)(inputs.Capacities.TryGetValue(pool.Name, out var now) ? now : pool.Min)))));
        yield return new(
            "customData", "secureObject", "What machines are told at their birth: cloud-config in base64, by scale set or 'control-plane'.",
            new JsonObject(customData.OrderBy(data => data.Key, StringComparer.Ordinal).Select(data =>
                KeyValuePair.Create(data.Key, (JsonNode?)Convert.ToBase64String(data.Value)))));
    }

    private static JsonObject Outputs(ResourceNames names, ImmutableArray<PoolScaleSet> pools) => new()
    {
        ["controlPlane"] = Arm.Output(
            $"[reference({Arm.Inner(Arm.ResourceId("Microsoft.Network/publicIPAddresses", names.PublicAddress))}, '{NetworkResources.Version}').dnsSettings.fqdn]"),
        ["address"] = Arm.Output(
            $"[reference({Arm.Inner(Arm.ResourceId("Microsoft.Network/publicIPAddresses", names.PublicAddress))}, '{NetworkResources.Version}').ipAddress]"),
        ["pools"] = new JsonObject { ["type"] = "array", ["value"] = Arm.Strings(pools.Select(pool => pool.Name)) },
    };
}
