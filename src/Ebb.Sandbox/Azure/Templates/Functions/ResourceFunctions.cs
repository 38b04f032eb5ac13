using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Ids of resources, and what the providers offer.</summary>
internal static class ResourceFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("resourceId", 2, Function.Any, a => ResourceId(a)),
        new("subscriptionResourceId", 2, Function.Any, a => SubscriptionId(a)),
        new("tenantResourceId", 2, Function.Any, a => ResourcePath.Join(a, "", TypeAt(a, 0), 1)),
        new("managementGroupResourceId", 2, Function.Any, a => throw a.Wrong("the sandbox has subscriptions and resource groups, and no management groups")),
        new("extensionResourceId", 3, Function.Any, a => ResourcePath.Join(a, a.Text(0).TrimEnd('/'), TypeAt(a, 1), 2)),
        new("providers", 1, 2, a => Providers(a)),
        new("pickZones", 3, 5, a => PickZones(a)),
        new("toLogicalZone", 3, 3, a => Zone(a, a.Text(2)[(a.Text(2).LastIndexOf("-az", StringComparison.OrdinalIgnoreCase) is var at and >= 0 ? at + 3 : 0)..])),
        new("toPhysicalZone", 3, 3, a => Zone(a, $"{ResourcePath.Location(a.Text(1))}-az{a.Text(2)}")),
        new("toLogicalZones", 3, 3, a => Values.List(a.List(2).Select(z => (JsonNode?)Values.Written(z)[(Values.Written(z).LastIndexOf("-az", StringComparison.OrdinalIgnoreCase) is var at and >= 0 ? at + 3 : 0)..]))),
        new("toPhysicalZones", 3, 3, a => Values.List(a.List(2).Select(z => (JsonNode?)$"{ResourcePath.Location(a.Text(1))}-az{Values.Written(z)}"))),
        new("resourceInfo", 1, 1, a => ResourceInfo(a)),
    ];

    private static string ResourceId(Arguments a)
    {
        // Before the type may stand a subscription and a group, or one of both.
        var at = Enumerable.Range(0, a.Count).FirstOrDefault(i => a.Text(i).Contains('/'), -1);
        if (at is < 0 or > 2)
        {
            throw a.Wrong($"function requires exactly one multi-segmented argument which must be resource type including resource provider namespace. Current function arguments '{string.Join(',', Enumerable.Range(0, a.Count).Select(a.Text))}'");
        }

        var here = a.Surroundings;
        var (subscription, group) = at switch
        {
            2 => (a.Text(0), (string?)a.Text(1)),
            1 when here.GroupName is null => (a.Text(0), null),
            1 => (here.SubscriptionId, a.Text(0)),
            _ => (here.SubscriptionId, here.GroupName),
        };
        return ResourcePath.Join(a, Scope(subscription, group), TypeAt(a, at), at + 1);
    }

    private static string SubscriptionId(Arguments a)
    {
        var at = a.Text(0).Contains('/') ? 0 : 1;
        return ResourcePath.Join(a, Scope(at == 1 ? a.Text(0) : a.Surroundings.SubscriptionId, null), TypeAt(a, at), at + 1);
    }

    private static string Scope(string subscription, string? group) =>
        group is null ? $"/subscriptions/{subscription}" : $"/subscriptions/{subscription}/resourceGroups/{group}";

    private static string TypeAt(Arguments a, int i) => a.Text(i).Trim('/') is var type && type.Contains('/')
        ? type
        : throw a.Wrong($"'{a.Text(i)}' is no resource type: it needs a namespace and a type, as in 'Microsoft.Network/virtualNetworks'");

    private static JsonNode Providers(Arguments a)
    {
        var provider = a.Surroundings.Provider(a.Text(0)) ?? throw a.Wrong($"the resource provider namespace '{a.Text(0)}' is not registered");
        if (a.Count == 1)
        {
            return provider.DeepClone();
        }

        return TypeOf(provider, a.Text(1))?.DeepClone() ?? throw a.Wrong($"the namespace '{a.Text(0)}' has no resource type '{a.Text(1)}'");
    }

    private static JsonObject? TypeOf(JsonObject provider, string type) => (Values.Member(provider, "resourceTypes") as JsonArray)?
        .OfType<JsonObject>().FirstOrDefault(t => type.Equals(Values.Text(Values.Member(t, "resourceType")), StringComparison.OrdinalIgnoreCase));

    private static JsonArray PickZones(Arguments a)
    {
        var provider = a.Surroundings.Provider(a.Text(0)) ?? throw a.Wrong($"the resource provider namespace '{a.Text(0)}' is not registered");
        var type = TypeOf(provider, a.Text(1)) ?? throw a.Wrong($"the namespace '{a.Text(0)}' has no resource type '{a.Text(1)}'");
        var count = a.Count > 3 ? a.Whole(3, 1, 3) : 1;
        var offset = a.Count > 4 ? a.Whole(4, 0, 2) : 0;
        var zones = (Values.Member(type, "zoneMappings") as JsonArray)?
            .Where(m => ResourcePath.Location(Values.Text(Values.Member(m, "location")) ?? "") == ResourcePath.Location(a.Text(2)))
            .SelectMany(m => Values.Member(m, "zones") as JsonArray ?? [])
            .ToList() ?? [];

        // A region without zones has none to pick.
        if (zones.Count == 0)
        {
            return [];
        }

        return offset + count <= zones.Count
            ? Values.List(zones.Skip(offset).Take(count))
            : throw a.Wrong($"location '{a.Text(2)}' has {zones.Count} zones, too few for {count} from offset {offset}");
    }

    private static string Zone(Arguments a, string zone) => a.Text(2).Length == 0 ? "" : zone;

    private static JsonObject ResourceInfo(Arguments a)
    {
        var key = a.On.Scope.Find?.Invoke(a.Text(0)) ?? throw RuntimeFunctions.NoResource(a.Text(0));
        return Values.Object(("id", key.Id), ("name", key.Name), ("type", key.Type), ("apiVersion", key.ApiVersion));
    }
}
