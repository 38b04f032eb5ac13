using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>Virtual networks: ranges of addresses, cut into subnets.</summary>
internal sealed class VirtualNetworks(Subnets subnets) : ParentType("virtualNetworks")
{
    public override NameRule Names => NameRule.VirtualNetwork;

    protected override ImmutableArray<(string List, ChildType Type)> Lists => [("subnets", subnets)];

    protected override void CompleteOwn(Writing w)
    {
        var space = Object(w.Properties, "addressSpace") ?? throw Required("addressSpace");
        var prefixes = Texts(space, "addressPrefixes");
        if (prefixes.Length == 0)
        {
            throw JsonRead.Refuse("InvalidAddressSpace", $"Virtual network {w.Id.Name} needs at least one address prefix in addressSpace.addressPrefixes.");
        }

        var ranges = new List<AddressRange>();
        foreach (var prefix in prefixes)
        {
            var range = ParseRange(w.Id, prefix);
            if (ranges.Find(range.Overlaps) is { Network.PrefixLength: > 0 } other)
            {
                throw JsonRead.Refuse("VnetAddressSpacesOverlap", $"Address prefixes {other} and {range} of virtual network {w.Id.Name} overlap.");
            }

            ranges.Add(range);
        }

        w.Properties["enableDdosProtection"] = Bool(w.Properties, "enableDdosProtection") ?? false;
        w.Properties[KeyIn(w.Properties, "virtualNetworkPeerings")] ??= new JsonArray();
        w.Properties[KeyIn(w.Properties, "privateEndpointVNetPolicies")] ??= "Disabled";
        w.Properties["resourceGuid"] = StableId(w.Id, "vnet");
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users)
    {
        var used = subnets.Of(store, resource.Id).Select(s => (Subnet: s, Users: store.UsersOf(s.Id))).FirstOrDefault(s => s.Users.Count > 0);
        return used.Subnet is { } subnet ? Subnets.InUse(subnet, used.Users) : null;
    }

    protected internal override ArmReply? Below(ResourceStore store, Resource resource, string part, ArmRequest r) => (r.Method, part) switch
    {
        ("GET", "checkipaddressavailability") => CheckAddress(store, resource, r.Query["ipAddress"].ToString()),
        _ => null,
    };

    internal static AddressRange ParseRange(ResourceId id, string prefix)
    {
        var (range, problem) = AddressRange.Parse(prefix);
        return problem is null ? range : throw JsonRead.Refuse("InvalidCIDRNotation", $"{problem} It is given in resource {id}.");
    }

    private ArmReply CheckAddress(ResourceStore store, Resource network, string address)
    {
        var subnet = subnets.Of(store, network.Id).FirstOrDefault(s => Subnets.RangesOf(s.Model).Any(x => x.Contains(address)));
        if (subnet is null)
        {
            return ArmReply.Error(400, "PrivateIPAddressNotInAnySubnet", $"Private static IP address {address} does not belong to the range of any subnet in the virtual network {network.Name}.");
        }

        var range = Subnets.RangesOf(subnet.Model).First(x => x.Contains(address));
        var used = Addresses.UsedIn(store, subnet.Id);
        var available = !used.Contains(address) && !range.IsReserved(address);
        var answer = new JsonObject { ["available"] = available, ["isPlatformReserved"] = range.IsReserved(address) };
        if (!available)
        {
            answer["availableIPAddresses"] = new JsonArray([.. range.Free(used).Take(5).Select(a => (JsonNode)a)]);
        }

        return new ArmReply(200, answer);
    }
}

/// <summary>Subnets: in the body of their network, and by themselves.</summary>
internal sealed class Subnets() : ChildType("virtualNetworks/subnets", "subnets")
{
    public override void CompleteOne(Writing w)
    {
        var (one, several) = (OptionalText(w.Properties, "addressPrefix"), Texts(w.Properties, "addressPrefixes"));
        if (one is null && several.Length == 0)
        {
            throw Required("addressPrefix");
        }

        foreach (var prefix in one is null ? several : [one])
        {
            var range = VirtualNetworks.ParseRange(w.Id, prefix);
            if (range.IsV4 && range.Network.PrefixLength > 29)
            {
                throw JsonRead.Refuse("NetcfgInvalidSubnet", $"Subnet '{w.Id.Name}' is not valid in virtual network '{w.Id.Parent!.Name}'.");
            }
        }

        w.Properties[KeyIn(w.Properties, "delegations")] ??= new JsonArray();
        w.Properties[KeyIn(w.Properties, "privateEndpointNetworkPolicies")] ??= "Disabled";
        w.Properties[KeyIn(w.Properties, "privateLinkServiceNetworkPolicies")] ??= "Enabled";
        w.Properties.Remove("ipConfigurations");
        foreach (var delegation in Parts(w.Properties, "delegations"))
        {
            ScaleSetJson.Child(delegation, "properties")["actions"] = new JsonArray("Microsoft.Network/virtualNetworks/subnets/action");
        }
    }

    public override void CheckAll(Writing w, IReadOnlyList<(ResourceId Id, JsonObject Model)> all)
    {
        var network = w.Id.Parent ?? w.Id;
        var space = w.Id.Parent is null ? w.Model : w.Store.Find(network)!.Model;
        var prefixes = Texts(At(space, "properties", "addressSpace") as JsonObject, "addressPrefixes").Select(AddressRange.Of).ToList();
        var seen = new List<AddressRange>();
        foreach (var (id, model) in all)
        {
            foreach (var range in RangesOf(model))
            {
                if (!prefixes.Exists(p => p.Contains(range)))
                {
                    throw JsonRead.Refuse("NetcfgSubnetRangeOutsideVnet", $"Subnet '{id.Name}' is not valid because its IP address range is outside the IP address range of virtual network '{network.Name}'.");
                }

                if (seen.Exists(range.Overlaps))
                {
                    throw JsonRead.Refuse("NetcfgSubnetRangesOverlap", $"Subnet '{id.Name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '{network.Name}'.");
                }

                seen.Add(range);
            }

            if (w.Store.Find(id) is { } old)
            {
                CheckUsed(w, id, old, model);
            }
        }
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) =>
        users.Count > 0 ? InUse(resource, users) : null;

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        json.Remove("tags");
        var properties = json["properties"]!.AsObject();
        ShowParts(resource, properties, "delegations");
        var users = Addresses.ConfigurationsIn(store, resource.Id).ToList();
        if (users.Count > 0)
        {
            properties["ipConfigurations"] = new JsonArray([.. users.Select(u => (JsonNode)new JsonObject { ["id"] = u })]);
        }
    }

    public static IEnumerable<AddressRange> RangesOf(JsonObject model)
    {
        var properties = model["properties"] as JsonObject;
        return OptionalText(properties, "addressPrefix") is { } one
            ? [AddressRange.Of(one)]
            : Texts(properties, "addressPrefixes").Select(AddressRange.Of);
    }

    public static CloudError InUse(Resource subnet, IReadOnlyList<string> users) => new(
        400,
        "InUseSubnetCannotBeDeleted",
        $"Subnet {subnet.Name} is in use by {users[0]} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.");

    private static void CheckUsed(Writing w, ResourceId id, Resource old, JsonObject model)
    {
        var ranges = RangesOf(model).ToList();
        foreach (var lost in RangesOf(old.Model).Where(o => !ranges.Exists(n => n.Contains(o))))
        {
            if (Addresses.UsedIn(w.Store, id).Any(a => lost.Contains(a) && !ranges.Exists(n => n.Contains(a))))
            {
                throw JsonRead.Refuse("InUsePrefixCannotBeDeleted", $"IpPrefix {lost} on Subnet {id.Name} has active allocations and cannot be deleted.");
            }
        }
    }
}
