using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>The network, who may reach what in it, and how the control plane is reached from outside.</summary>
internal static class NetworkResources
{
    // Of versions that came after March 2026, subnets have no way out by themselves: pools would need a NAT gateway.
    public const string Version = "2023-09-01";

    public static IEnumerable<JsonObject> Compose(ClusterFile cluster, ResourceNames names, RenderInputs inputs)
    {
        yield return Security(names.ControlPlaneSecurity, cluster, SecurityRules.ControlPlane(cluster, inputs));
        yield return Security(names.PoolSecurity, cluster, SecurityRules.Pools(cluster));
        yield return Network(cluster, names);
        yield return PublicAddress(cluster, names);
        if (cluster.ControlPlane.Machines > 1)
        {
            yield return LoadBalancer.Compose(cluster, names);
        }

        foreach (var index in names.ControlPlane)
        {
            yield return Interface(cluster, names, inputs, index);
        }
    }

    public static JsonObject Resource(ClusterFile cluster, string type, string name, JsonObject properties) => new()
    {
        ["type"] = $"Microsoft.Network/{type}",
        ["apiVersion"] = Version,
        ["name"] = name,
        ["location"] = "[parameters('location')]",
        ["tags"] = new JsonObject { [ResourceNames.ClusterTag] = cluster.Name },
        ["properties"] = properties,
    };

    private static JsonObject Security(string name, ClusterFile cluster, JsonArray rules) =>
        Resource(cluster, "networkSecurityGroups", name, new JsonObject { ["securityRules"] = rules });

    private static JsonObject Network(ClusterFile cluster, ResourceNames names)
    {
        var network = Resource(cluster, "virtualNetworks", names.Network, new JsonObject
        {
            ["addressSpace"] = new JsonObject { ["addressPrefixes"] = Arm.Strings([cluster.Network.Range.ToString()]) },
            ["subnets"] = Arm.Objects(
            [
                Subnet(ResourceNames.ControlPlaneSubnet, $"{cluster.Network.ControlPlaneSubnet}", names.ControlPlaneSecurity),
                Subnet(ResourceNames.PoolSubnet, $"{cluster.Network.PoolSubnet}", names.PoolSecurity),
            ]),
        });
        network["dependsOn"] = Arm.Strings([SecurityId(names.ControlPlaneSecurity), SecurityId(names.PoolSecurity)]);
        return network;
    }

    private static JsonObject Subnet(string name, string range, string security) => new()
    {
        ["name"] = name,
        ["properties"] = new JsonObject { ["addressPrefix"] = range, ["networkSecurityGroup"] = Arm.Id(SecurityId(security)) },
    };

    private static string SecurityId(string name) => Arm.ResourceId("Microsoft.Network/networkSecurityGroups", name);

    private static JsonObject PublicAddress(ClusterFile cluster, ResourceNames names)
    {
        var address = Resource(cluster, "publicIPAddresses", names.PublicAddress, new JsonObject
        {
            ["publicIPAllocationMethod"] = "Static",
            ["publicIPAddressVersion"] = "IPv4",
            ["idleTimeoutInMinutes"] = 30,
            ["dnsSettings"] = new JsonObject { ["domainNameLabel"] = "[parameters('dnsLabel')]" },
        });

        // Only this kind stays shut until a rule opens it. It is in no zone, which it could not change, while the machines behind it may
        // come to zones later; many regions keep such an address in all of their zones.
        address["sku"] = new JsonObject { ["name"] = "Standard" };
        return address;
    }

    private static JsonObject Interface(ClusterFile cluster, ResourceNames names, RenderInputs inputs, int index)
    {
        var several = cluster.ControlPlane.Machines > 1;
        var configuration = new JsonObject
        {
            ["primary"] = true,
            ["privateIPAllocationMethod"] = "Static",
            ["privateIPAddress"] = $"{names.ControlPlaneAddress(index)}",
            ["subnet"] = Arm.Id("[variables('controlPlaneSubnet')]"),
        };
        if (several)
        {
            configuration["loadBalancerBackendAddressPools"] = Arm.Objects([Arm.Id(LoadBalancer.PoolId(names))]);
            configuration["loadBalancerInboundNatRules"] = Arm.Objects([Arm.Id(LoadBalancer.SshRuleId(names, index))]);
        }
        else
        {
            configuration["publicIPAddress"] = Arm.Id(Arm.ResourceId("Microsoft.Network/publicIPAddresses", names.PublicAddress));
        }

        var card = Resource(cluster, "networkInterfaces", names.ControlPlaneMachine(index), new JsonObject
        {
            ["enableAcceleratedNetworking"] = inputs.TraitsOf(cluster.ControlPlane.Size).AcceleratedNetworking,
            ["ipConfigurations"] = Arm.Objects([new JsonObject { ["name"] = "ip", ["properties"] = configuration }]),
        });
        card["dependsOn"] = Arm.Strings(
        [
            Arm.ResourceId("Microsoft.Network/virtualNetworks", names.Network),
            several
                ? Arm.ResourceId("Microsoft.Network/loadBalancers", names.LoadBalancer)
                : Arm.ResourceId("Microsoft.Network/publicIPAddresses", names.PublicAddress),
        ]);
        return card;
    }
}
