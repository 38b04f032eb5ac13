using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>All types of the network provider that this face has.</summary>
internal static class NetworkTypes
{
    public static IEnumerable<ResourceType> All()
    {
        var (subnets, rules, routes, pools, natRules) = (new Subnets(), new SecurityRules(), new Routes(), new BackendPools(), new InboundNatRules());
        return
        [
            new VirtualNetworks(subnets), subnets, new SecurityGroups(rules), rules, new RouteTables(routes), routes,
            new PublicAddresses(), new Interfaces(), new LoadBalancers(pools, natRules), pools, natRules,
        ];
    }
}
