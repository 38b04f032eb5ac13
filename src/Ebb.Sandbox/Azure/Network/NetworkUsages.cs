using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>How many resources of the network provider there are, and how many there may be.</summary>
internal static class NetworkUsages
{
    // By usage name: the type that counts, what people call it, and the limit that a subscription starts with.
    private static readonly (string Name, string Type, string Says, int Limit)[] Known =
    [
        ("VirtualNetworks", "Microsoft.Network/virtualNetworks", "Virtual Networks", 1000),
        ("PublicIPAddresses", Addresses.Public, "Public IP Addresses", 1000),
        ("NetworkInterfaces", Addresses.Interfaces, "Network Interfaces", 65536),
        ("NetworkSecurityGroups", "Microsoft.Network/networkSecurityGroups", "Network Security Groups", 5000),
        ("RouteTables", "Microsoft.Network/routeTables", "Route Tables", 200),
        ("LoadBalancers", Addresses.Balancers, "Load Balancers", 1000),
    ];

    public static (int Count, int Limit) Of(ResourceStore store, string name)
    {
        var usage = Array.Find(Known, k => k.Name == name);
        return (store.OfType(usage.Type).Count(), store.World.Options.Quotas.GetValueOrDefault(name, usage.Limit));
    }

    public static JsonObject All(ResourceStore store) => ScaleSetRoutes.Value(Known.Select(k =>
    {
        var (count, limit) = Of(store, k.Name);
        return new JsonObject
        {
            ["id"] = $"{store.Subscription}/providers/Microsoft.Network/locations/{store.World.Options.Location}/usages/{k.Name}",
            ["unit"] = "Count",
            ["currentValue"] = count,
            ["limit"] = limit,
            ["name"] = new JsonObject { ["value"] = k.Name, ["localizedValue"] = k.Says },
        };
    }));
}
