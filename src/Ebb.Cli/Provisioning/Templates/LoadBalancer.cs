using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>
/// In front of a control plane of several machines, for those who come from outside; machines of pools know all of them and need it
/// not. SSH reaches each machine by a port of its own.
/// </summary>
internal static class LoadBalancer
{
    public static string PoolId(ResourceNames names) =>
        Arm.ResourceId("Microsoft.Network/loadBalancers/backendAddressPools", names.LoadBalancer, "control-plane");

    public static string SshRuleId(ResourceNames names, int index) =>
        Arm.ResourceId("Microsoft.Network/loadBalancers/inboundNatRules", names.LoadBalancer, $"ssh-{index}");

    public static JsonObject Compose(ClusterFile cluster, ResourceNames names)
    {
        List<(string Name, int Port)> served = [("api", ResourceNames.ApiPort)];
        if (cluster.AddOns.Ingress)
        {
            served.AddRange([("http", 80), ("https", 443)]);
        }

        var balancer = NetworkResources.Resource(cluster, "loadBalancers", names.LoadBalancer, new JsonObject
        {
            ["frontendIPConfigurations"] = Arm.Objects([Named("public", new JsonObject
            {
                ["publicIPAddress"] = Arm.Id(Arm.ResourceId("Microsoft.Network/publicIPAddresses", names.PublicAddress)),
            })]),
            ["backendAddressPools"] = Arm.Objects([new JsonObject { ["name"] = "control-plane" }]),
            ["probes"] = Arm.Objects(served.Select(port => Named(port.Name, new JsonObject
            {
                ["protocol"] = "Tcp",
                ["port"] = port.Port,
                ["intervalInSeconds"] = 5,
                ["numberOfProbes"] = 2,
            }))),
            ["loadBalancingRules"] = Arm.Objects(served.Select(port => Named(port.Name, new JsonObject
            {
                ["frontendIPConfiguration"] = Arm.Id(Part(names, "frontendIPConfigurations", "public")),
                ["backendAddressPool"] = Arm.Id(PoolId(names)),
                ["probe"] = Arm.Id(Part(names, "probes", port.Name)),
                ["protocol"] = "Tcp",
                ["frontendPort"] = port.Port,
                ["backendPort"] = port.Port,

                // Watches of the API may be silent for long.
                ["idleTimeoutInMinutes"] = 30,
                ["enableTcpReset"] = true,
            }))),
            ["inboundNatRules"] = Arm.Objects(names.ControlPlane.Select(index => Named($"ssh-{index}", new JsonObject
            {
                ["frontendIPConfiguration"] = Arm.Id(Part(names, "frontendIPConfigurations", "public")),
                ["protocol"] = "Tcp",
                ["frontendPort"] = ResourceNames.SshPort(cluster, index),
                ["backendPort"] = cluster.Access.SshPort,
                ["enableTcpReset"] = true,
            }))),
        });
        balancer["sku"] = new JsonObject { ["name"] = "Standard" };
        balancer["dependsOn"] = Arm.Strings([Arm.ResourceId("Microsoft.Network/publicIPAddresses", names.PublicAddress)]);
        return balancer;
    }

    private static JsonObject Named(string name, JsonObject properties) => new() { ["name"] = name, ["properties"] = properties };

    private static string Part(ResourceNames names, string kind, string name) =>
        Arm.ResourceId($"Microsoft.Network/loadBalancers/{kind}", names.LoadBalancer, name);
}
