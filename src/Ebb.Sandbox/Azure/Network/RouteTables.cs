using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>Route tables of subnets.</summary>
internal sealed class RouteTables(Routes routes) : ParentType("routeTables")
{
    protected override ImmutableArray<(string List, ChildType Type)> Lists => [("routes", routes)];

    protected override void CompleteOwn(Writing w)
    {
        w.Properties.Remove("subnets");
        w.Properties["disableBgpRoutePropagation"] = Bool(w.Properties, "disableBgpRoutePropagation") ?? false;
        w.Properties["resourceGuid"] = StableId(w.Id, "routes");
    }

    protected override void ShowOwn(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        if (store.UsersOf(resource.Id) is { Count: > 0 } users)
        {
            json["properties"]!.AsObject()["subnets"] = new JsonArray([.. users.Select(u => (JsonNode)new JsonObject { ["id"] = u })]);
        }
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => users.Count == 0
        ? null
        : new CloudError(400, "InUseRouteTableCannotBeDeleted", $"Route table {resource.Name} is in use and cannot be deleted. It is used by {string.Join(", ", users)}.");
}

/// <summary>Routes of a table.</summary>
internal sealed class Routes() : ChildType("routeTables/routes", "routes")
{
    private enum Hop
    {
        VirtualAppliance,
        VnetLocal,
        Internet,
        VirtualNetworkGateway,
        None,
    }

    public override void CompleteOne(Writing w)
    {
        var prefix = OptionalText(w.Properties, "addressPrefix") ?? throw Required("addressPrefix");

        // A service tag may stand for the ranges of a service.
        if (prefix.Contains('/'))
        {
            VirtualNetworks.ParseRange(w.Id, prefix);
        }

        var hop = Enumeration<Hop>(w.Properties, "nextHopType") ?? throw Required("nextHopType");
        w.Properties["nextHopType"] = hop.ToString();
        var address = OptionalText(w.Properties, "nextHopIpAddress");
        if (hop == Hop.VirtualAppliance ? !System.Net.IPAddress.TryParse(address, out _) : !string.IsNullOrEmpty(address))
        {
            throw JsonRead.Refuse("RouteInvalidNextHop", $"Route {w.Id.Name} with next hop {hop} {(hop == Hop.VirtualAppliance ? "needs an IP address as" : "takes no")} nextHopIpAddress.");
        }

        w.Properties["hasBgpOverride"] = false;
    }

    public override void CheckAll(Writing w, IReadOnlyList<(ResourceId Id, JsonObject Model)> all)
    {
        var twice = all.GroupBy(a => OptionalText(a.Model["properties"] as JsonObject, "addressPrefix"), StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            throw JsonRead.Refuse("RouteConflict", $"Route {twice.Last().Id.Name} conflicts with route {twice.First().Id.Name}: both are for {twice.Key}.");
        }
    }
}
