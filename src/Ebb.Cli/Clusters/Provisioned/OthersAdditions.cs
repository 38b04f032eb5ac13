using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// What others have put on Ebb's resources, and a template that does not name it would take off: tags, for a policy or an invoice,
/// and what a network and its subnets have, such as name servers of one's own or the NAT gateway that <c>docs/azure-cluster.md</c>
/// tells people to attach. Peerings stay by themselves. And what does not go back: that a scale set may spread over several placement
/// groups.
/// </summary>
internal static class OthersAdditions
{
    private const string Tags = "tags";

    // Those that Ebb reads: what is not in the file has to go.
    private const string OursBegin = "ebb-";

    private const string OneGroup = "singlePlacementGroup";

    private static readonly ImmutableArray<string> OnNetworks = ["dhcpOptions", "ddosProtectionPlan", "enableDdosProtection", "flowTimeoutInMinutes"];

    private static readonly ImmutableArray<string> OnSubnets =
    [
        "natGateway", "routeTable", "serviceEndpoints", "serviceEndpointPolicies", "delegations", "defaultOutboundAccess",
        "privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies",
    ];

    /// <summary>Whether a tag is none of those by which Ebb knows its own.</summary>
    private static bool IsForeign(string tag) => !tag.StartsWith(OursBegin, StringComparison.OrdinalIgnoreCase);

    /// <summary>The template with them.</summary>
    public static JsonObject Keep(JsonObject template, IEnumerable<ResourceChange> found)
    {
        var kept = template.DeepClone().AsObject();
        var resources = (kept["resources"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        foreach (var change in found)
        {
            var (type, name) = ResourceId.Split(change.Id);
            if (change.Before is { ValueKind: JsonValueKind.Object } before
                && resources.Find(r => type.Equals((string?)r["type"], StringComparison.OrdinalIgnoreCase) && name.Equals((string?)r["name"], StringComparison.OrdinalIgnoreCase)) is { } ours)
            {
                KeepTags(ours, before);
                KeepOnNetwork(ours, before);
                KeepSpread(ours, before);
            }
        }

        return kept;
    }

    private static void KeepTags(JsonObject ours, JsonElement before)
    {
        if (ours[Tags] is not JsonObject tags || !before.TryGetProperty(Tags, out var there) || there.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        foreach (var tag in there.EnumerateObject().Where(tag => IsForeign(tag.Name) && !tags.Any(t => t.Key.Equals(tag.Name, StringComparison.OrdinalIgnoreCase))))
        {
            tags[tag.Name] = Literal(tag.Value);
        }
    }

    private static void KeepOnNetwork(JsonObject ours, JsonElement before)
    {
        if (ours["properties"] is not JsonObject network || network["subnets"] is not JsonArray subnets || !before.TryGetProperty("properties", out var has) || has.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        Keep(network, has, OnNetworks);
        if (!has.TryGetProperty("subnets", out var there) || there.ValueKind is not JsonValueKind.Array)
        {
            return;
        }

        foreach (var subnet in subnets.OfType<JsonObject>())
        {
            var old = there.EnumerateArray().FirstOrDefault(s => s.TryGetProperty("name", out var name) && name.ValueEquals((string?)subnet["name"]));
            if (old.ValueKind is JsonValueKind.Object && old.TryGetProperty("properties", out var properties) && subnet["properties"] is JsonObject wanted)
            {
                Keep(wanted, properties, OnSubnets);
            }
        }
    }

    private static void KeepSpread(JsonObject ours, JsonElement before)
    {
        if (ours["properties"] is JsonObject set && set.ContainsKey(OneGroup)
            && before.TryGetProperty("properties", out var has) && has.ValueKind is JsonValueKind.Object
            && has.TryGetProperty(OneGroup, out var one) && one.ValueKind is JsonValueKind.False)
        {
            set[OneGroup] = false;
        }
    }

    private static void Keep(JsonObject wanted, JsonElement has, ImmutableArray<string> keys)
    {
        foreach (var key in keys.Where(key => !wanted.ContainsKey(key) && has.TryGetProperty(key, out _)))
        {
            wanted[key] = Literal(has.GetProperty(key));
        }
    }

    /// <summary>As a template must write it: a text in brackets is an expression, unless the first is doubled.</summary>
    private static JsonNode? Literal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(value.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, Literal(member.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select(Literal)]),
        JsonValueKind.String when value.GetString() is ['[', .., ']'] text => $"[{text}",
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        _ => JsonNode.Parse(value.GetRawText()),
    };
}
