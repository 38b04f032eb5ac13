using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Access;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>Subscriptions, tenants, locations, providers, resource groups and the list of all resources.</summary>
internal sealed partial class SubscriptionRoutes(ResourceStore store, GroupDeletion deletion, Authorization authorization)
{
    // What the world keeps itself, or what is no resource.
    public static readonly string[] WorldTypes =
    [
        "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.Compute/virtualMachineScaleSets/virtualMachines", "Microsoft.Compute/locations",
        "Microsoft.Compute/locations/operations", "Microsoft.Compute/locations/usages", "Microsoft.Compute/locations/vmSizes", "Microsoft.Compute/skus",
        "Microsoft.Authorization/permissions", "Microsoft.Insights/autoscaleSettings", "Microsoft.Insights/metrics", "Microsoft.Resources/resourceGroups", "Microsoft.Resources/subscriptions",
        "Microsoft.Resources/tenants", "Microsoft.Resources/deployments", "Microsoft.Resources/providers", "Microsoft.Resources/resources",
    ];

    private readonly CloudWorld _world = store.World;
    private readonly AzureFaceOptions _options = store.Options;

    public bool Knows(string provider) => Providers.Contains(provider, StringComparer.OrdinalIgnoreCase);

    private IEnumerable<string> Providers => AllTypes.Select(t => t.Split('/')[0]).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal);

    private IEnumerable<string> AllTypes => WorldTypes.Concat(store.Types.Select(t => t.FullName));

    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("GET", ["subscriptions"]) => Asked(() => ScaleSetRoutes.Value(authorization.Sees(r.Caller) ? [Subscription()] : [])),
        ("GET", ["subscriptions", _]) => authorization.Sees(r.Caller) ? Asked(Subscription) : ArmReply.Error(404, "SubscriptionNotFound", $"The subscription '{r.Segments[1]}' could not be found."),
        ("GET", ["tenants"]) => Asked(() => ScaleSetRoutes.Value([Tenant()])),
        ("GET", ["subscriptions", _, "locations"]) => Asked(() => ScaleSetRoutes.Value([Location()])),
        ("GET", ["subscriptions", _, "providers"]) => Asked(() => ScaleSetRoutes.Value(Providers.Select(p => Provider(p, r.ApiVersion)))),
        ("GET", ["subscriptions", _, "providers", _]) when Knows(r.Lower[3]) => Asked(() => Provider(r.Lower[3], r.ApiVersion)),
        ("POST", ["subscriptions", _, "providers", _, "register"]) when Knows(r.Lower[3]) => Register(r),
        ("GET", ["subscriptions", _, "resourcegroups"]) => ListGroups(r),
        (_, ["subscriptions", _, "resourcegroups", _]) => OfGroup(r, r.Segments[3]),
        ("GET", ["subscriptions", _, "operationresults", _]) => GroupOperation(r, r.Segments[3]),
        ("GET", ["subscriptions", _, "resources"]) => Resources(r, null),
        ("GET", ["subscriptions", _, "resourcegroups", _, "resources"]) => Resources(r, r.Segments[3]),
        _ => null,
    };

    private ArmReply Asked(Func<JsonObject> body) => ArmReply.From(
        _world.Read<JsonObject>(CallKind.GetSubscription, () => body()),
        b => new ArmReply(200, b));

    private JsonObject Subscription() => new()
    {
        ["id"] = $"/subscriptions/{_world.Options.SubscriptionId}",
        ["subscriptionId"] = _world.Options.SubscriptionId,
        ["displayName"] = "sandbox",
        ["state"] = "Enabled",
        ["tenantId"] = _world.Options.TenantId,
        ["authorizationSource"] = "RoleBased",
        ["subscriptionPolicies"] = new JsonObject
        {
            ["locationPlacementId"] = "Public_2014-09-01",
            ["quotaId"] = "PayAsYouGo_2014-09-01",
            ["spendingLimit"] = "Off",
        },
        ["managedByTenants"] = new JsonArray(),
        ["tags"] = new JsonObject(),
    };

    private JsonObject Tenant() => new()
    {
        ["id"] = $"/tenants/{_world.Options.TenantId}",
        ["tenantId"] = _world.Options.TenantId,
        ["displayName"] = "sandbox",
        ["defaultDomain"] = "sandbox.local",
        ["tenantCategory"] = "Home",
    };

    private JsonObject Location()
    {
        var name = _world.Options.Location;
        return new JsonObject
        {
            ["id"] = $"/subscriptions/{_world.Options.SubscriptionId}/locations/{name}",
            ["name"] = name,
            ["type"] = "Region",
            ["displayName"] = name,
            ["regionalDisplayName"] = name,
            ["metadata"] = new JsonObject
            {
                ["regionType"] = "Physical",
                ["regionCategory"] = "Recommended",
                ["geography"] = "Sandbox",
                ["geographyGroup"] = "Sandbox",
                ["longitude"] = "0",
                ["latitude"] = "0",
                ["physicalLocation"] = "This machine",
                ["pairedRegion"] = new JsonArray(),
            },
            ["availabilityZoneMappings"] = new JsonArray([.. _world.Options.Zones.Select(z =>
                (JsonNode)new JsonObject { ["logicalZone"] = z, ["physicalZone"] = $"{name}-az{z}" })]),
        };
    }

    /// <summary>A provider as clients see it; null when there is none of this namespace. Not counted as a request.</summary>
    public JsonObject? ProviderOf(string ns) => Knows(ns) ? Provider(ns, WorldVersions[0]) : null;

    private JsonObject Provider(string ns, string apiVersion)
    {
        var name = Providers.First(p => p.Equals(ns, StringComparison.OrdinalIgnoreCase));

        // Every well-formed version is served: the caller's own is named too.
        return new JsonObject
        {
            ["id"] = $"{store.Subscription}/providers/{name}",
            ["namespace"] = name,
            ["registrationState"] = store.Registrations.StateOf(name),
            ["registrationPolicy"] = Registrations.PolicyOf(name),
            ["resourceTypes"] = new JsonArray([.. AllTypes
                .Where(t => t.StartsWith(name + "/", StringComparison.OrdinalIgnoreCase))
                .Select(t => (JsonNode)TypeJson(t[(name.Length + 1)..], store.TypeOf(t)?.ApiVersions ?? WorldVersions, apiVersion))]),
        };
    }

    private static readonly ImmutableArray<string> WorldVersions = ["2024-07-01", "2023-09-01", "2022-10-01", "2021-04-01"];

    private JsonObject TypeJson(string type, ImmutableArray<string> versions, string asked) => new()
    {
        ["resourceType"] = type,
        ["locations"] = new JsonArray(_world.Options.Location),
        ["apiVersions"] = new JsonArray([.. versions.Append(asked).Distinct().OrderDescending(StringComparer.Ordinal).Select(v => (JsonNode)v)]),
        ["defaultApiVersion"] = versions[0],
        ["zoneMappings"] = new JsonArray(new JsonObject
        {
            ["location"] = _world.Options.Location,
            ["zones"] = new JsonArray([.. _world.Options.Zones.Select(z => (JsonNode)z)]),
        }),
        ["capabilities"] = "SupportsTags, SupportsLocation",
    };

    private ArmReply Register(ArmRequest r) => Asked(() =>
    {
        var state = store.Registrations.Register(r.Segments[3]);
        var provider = Provider(r.Segments[3], r.ApiVersion);
        provider["registrationState"] = state;
        return provider;
    });

    private (string, string)[] GroupHeaders(ArmRequest r, string id) =>
    [
        ("Location", $"{r.BaseUrl}/subscriptions/{_world.Options.SubscriptionId}/operationresults/{id}?api-version={Uri.EscapeDataString(r.ApiVersion)}"),
        ("Retry-After", AsyncHeaders.RetryAfter(_options)),
    ];

    private ArmReply Resources(ArmRequest r, string? group)
    {
        var filter = ResourceFilter.Parse(r.Query["$filter"].ToString());
        if (filter is null)
        {
            return BadFilter(r);
        }

        var expand = r.Query["$expand"].ToString();
        return ArmReply.From(
            _world.Read<IEnumerable<JsonObject>>(CallKind.ListResources, () =>
            {
                if (group is not null && !_world.GroupExists(group))
                {
                    return CloudErrors.GroupNotFound(group);
                }

                var all = _world.ScaleSets.Select(s => (s.Group, Json: Item(s, expand)))
                    .Concat(_world.AutoscaleSettings.Select(s => (s.Group, Json: Item(s))))
                    .Concat(store.All.Where(x => x.Type.Tracked).Select(x => (Group: x.Id.Group ?? "", Json: ResourceJson.Item(x, expand))));
                return new Outcome<IEnumerable<JsonObject>>
                {
                    Value = [.. all
                        .Where(i => group is null || i.Group.Equals(group, StringComparison.OrdinalIgnoreCase))
                        .Where(i => filter.Matches(i.Json, i.Group))
                        .Where(i => authorization.Allows(r.Caller, $"{JsonRead.Text(i.Json["type"])}/read", JsonRead.Text(i.Json["id"])!))
                        .Select(i => i.Json)
                        .Take(Top(r))],
                };
            }),
            items => new ArmReply(200, ScaleSetRoutes.Value(items)));
    }

    private static JsonObject Item(ScaleSet set, string expand)
    {
        var item = new JsonObject
        {
            ["id"] = set.ResourceId,
            ["name"] = set.Name,
            ["type"] = "Microsoft.Compute/virtualMachineScaleSets",
            ["location"] = set.Location,
            ["tags"] = ScaleSetJson.Tags(set),
            ["sku"] = new JsonObject { ["name"] = set.Size, ["tier"] = set.Spec.Tier, ["capacity"] = set.Capacity },
        };
        if (set.Zones.Length > 0)
        {
            item["zones"] = new JsonArray([.. set.Zones.Select(z => (JsonNode)z)]);
        }

        foreach (var name in expand.Split(',', StringSplitOptions.TrimEntries))
        {
            switch (name.ToLowerInvariant())
            {
                case "createdtime" or "changedtime":
                    item[name] = ScaleSetJson.Time(set.CreatedAt);
                    break;
                case "provisioningstate":
                    item[name] = set.Provisioning.ToString();
                    break;
            }
        }

        return item;
    }

    private JsonObject Item(AutoscaleSetting setting) => new()
    {
        ["id"] = setting.ResourceId,
        ["name"] = setting.Name,
        ["type"] = "microsoft.insights/autoscalesettings",
        ["location"] = _world.Options.Location,
        ["tags"] = setting.Model["tags"]?.DeepClone() ?? new JsonObject(),
    };

    private static int Top(ArmRequest r) => int.TryParse(r.Query["$top"].ToString(), out var top) && top > 0 ? top : int.MaxValue;

    private static ArmReply BadFilter(ArmRequest r) =>
        ArmReply.Error(400, "InvalidFilterInQueryString", $"Invalid $filter '{r.Query["$filter"]}' specified in the query string.");
}
