using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Containers;
using Ebb.Sandbox.Azure.Resources;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>Which addresses are given out, and to whom.</summary>
internal static class Addresses
{
    public const string Interfaces = "Microsoft.Network/networkInterfaces";
    public const string Balancers = "Microsoft.Network/loadBalancers";
    public const string Public = "Microsoft.Network/publicIPAddresses";

    private static readonly string[] Lists = ["ipConfigurations", "frontendIPConfigurations"];

    // A range that is set aside for examples: nothing on the internet answers there.
    private static readonly AddressRange PublicV6 = AddressRange.Of("2001:db8::/64");

    /// <summary>The private addresses of a subnet that somebody has.</summary>
    public static HashSet<string> UsedIn(ResourceStore store, ResourceId subnet)
    {
        var used = Parts(store)
            .Where(p => IsIn(p.Part, subnet))
            .Select(p => Text(At(p.Part, "properties", "privateIPAddress")))
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        used.UnionWith(store.OfType(ContainerGroups.Full)
            .Where(g => ResourceStore.Refers(g.Properties["subnetIds"], subnet))
            .Select(g => Text(At(g.Properties, "ipAddress", "ip")))
            .OfType<string>());
        foreach (var set in store.World.ScaleSets.Where(s => ResourceStore.Refers(s.Model, subnet)))
        {
            used.UnionWith(set.Instances.Values.Select(i => i.Address));
        }

        return used;
    }

    /// <summary>The ids of what has an address of a subnet.</summary>
    public static IEnumerable<string> ConfigurationsIn(ResourceStore store, ResourceId subnet) =>
        Parts(store).Where(p => IsIn(p.Part, subnet)).Select(p => p.Id);

    /// <summary>Who has a public address: the id of the configuration; null when nobody does.</summary>
    public static string? HolderOf(ResourceStore store, ResourceId publicAddress) => Parts(store)
        .FirstOrDefault(p => publicAddress.Text.Equals(Text(At(p.Part, "properties", "publicIPAddress", "id")), StringComparison.OrdinalIgnoreCase)).Id;

    /// <summary>
    /// Gives the configuration of an interface or a balancer its private address: the one it asks for, the one it had, or the
    /// lowest that is free in its subnet and not among <paramref name="taken"/>, to which it is added.
    /// </summary>
    public static void Assign(Writing w, ResourceId self, JsonObject part, string? before, HashSet<string> taken)
    {
        var properties = ScaleSetJson.Child(part, "properties");
        var subnetId = OptionalText(Object(properties, "subnet"), "id") ?? throw Required("subnet.id");
        var subnet = w.Store.Find(subnetId) ?? throw NotFound(w, subnetId);
        var v6 = OptionalText(properties, "privateIPAddressVersion") is { } version && Is(version, "IPv6");
        var range = Subnets.RangesOf(subnet.Model).Where(x => x.IsV4 != v6).Cast<AddressRange?>().FirstOrDefault()
            ?? throw Refuse("SubnetHasNoAddressesOfVersion", $"Subnet {subnet.Id} has no address prefix for {(v6 ? "IPv6" : "IPv4")}.");
        var used = UsedIn(w.Store, subnet.Id);
        used.ExceptWith(OwnOf(w));
        used.UnionWith(taken);

        var asked = OptionalText(properties, "privateIPAddress");
        var dynamic = OptionalText(properties, "privateIPAllocationMethod") is not { } method || !Is(method, "Static");
        if (!dynamic && asked is null)
        {
            throw Refuse("IpAddressMissing", $"IP configuration {self} has allocation method Static and no privateIPAddress.");
        }

        var wanted = dynamic ? before : asked;
        if (!dynamic)
        {
            CheckAsked(self, subnet, range, used, asked!);
        }
        else if (wanted is null || !range.Contains(wanted) || used.Contains(wanted))
        {
            wanted = range.Free(used).FirstOrDefault() ?? throw Full(subnet);
        }

        taken.Add(wanted!);
        properties["privateIPAddress"] = wanted;
        properties["privateIPAllocationMethod"] = dynamic ? "Dynamic" : "Static";
        properties["privateIPAddressVersion"] = v6 ? "IPv6" : "IPv4";
    }

    /// <summary>The lowest address that is free in a subnet.</summary>
    public static string NextIn(Writing w, string subnetId)
    {
        var subnet = w.Store.Find(subnetId) ?? throw NotFound(w, subnetId);
        return Subnets.RangesOf(subnet.Model).SelectMany(range => range.Free(UsedIn(w.Store, subnet.Id))).FirstOrDefault() ?? throw Full(subnet);
    }

    /// <summary>A public address that nobody has.</summary>
    public static string NextPublic(ResourceStore store, bool v6)
    {
        var used = store.OfType(Public).Select(p => OptionalText(p.Properties, "ipAddress")).OfType<string>().ToHashSet(StringComparer.Ordinal);
        used.UnionWith(store.OfType(ContainerGroups.Full)
            .Select(g => Text(At(g.Properties, "ipAddress", "ip"))).OfType<string>());
        used.UnionWith(store.World.ScaleSets.SelectMany(s => s.Instances.Values).Select(i => i.PublicAddress));
        return (v6 ? PublicV6 : AddressRange.Of(store.World.Options.PublicRange)).Free(used).First();
    }

    private static ModelException NotFound(Writing w, string subnet) => Refuse("InvalidResourceReference", $"Resource {subnet} referenced by resource {w.Id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.");

    private static ModelException Full(Resource subnet) => Refuse("SubnetIsFull", $"Subnet {subnet.Name} with address prefix {string.Join(", ", Subnets.RangesOf(subnet.Model))} does not have enough capacity for 1 IP addresses.");

    private static void CheckAsked(ResourceId self, Resource subnet, AddressRange range, HashSet<string> used, string asked)
    {
        if (!System.Net.IPAddress.TryParse(asked, out var parsed) || parsed.ToString() != asked)
        {
            throw Refuse("InvalidIPAddressFormat", $"The private IP address {asked} of IP configuration {self} is not formatted correctly.");
        }

        if (!range.Contains(asked))
        {
            throw Refuse("PrivateIPAddressNotInSubnet", $"Private static IP address {asked} does not belong to the range of subnet prefix {range}.");
        }

        if (range.IsReserved(asked))
        {
            throw Refuse("PrivateIPAddressInReservedRange", $"Private static IP address {asked} falls within reserved IP range of subnet prefix {range}.");
        }

        if (used.Contains(asked))
        {
            throw Refuse("PrivateIPAddressIsAllocated", $"IP configuration {self} is using the private IP address {asked} which is already allocated to another resource in subnet {subnet.Id}.");
        }
    }

    /// <summary>The private addresses that the resource being written has had so far.</summary>
    private static IEnumerable<string> OwnOf(Writing w) => w.Old is null
        ? []
        : PartsOf(w.Old).Select(p => Text(At(p.Part, "properties", "privateIPAddress"))).OfType<string>();

    /// <summary>Everything that may have addresses: configurations of interfaces, front ends of balancers.</summary>
    private static IEnumerable<(string Id, JsonObject Part)> Parts(ResourceStore store) =>
        store.OfType(Interfaces).Concat(store.OfType(Balancers)).SelectMany(PartsOf);

    private static IEnumerable<(string Id, JsonObject Part)> PartsOf(Resource resource) =>
        from list in Lists
        from part in ScaleSetJson.Items(resource.Properties, list)
        select (resource.Id.Child(list, Text(part["name"]) ?? "").Text, part);

    private static bool IsIn(JsonObject part, ResourceId subnet) =>
        subnet.Text.Equals(Text(At(part, "properties", "subnet", "id")), StringComparison.OrdinalIgnoreCase);
}
