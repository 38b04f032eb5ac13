using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>Network security groups: rules by priority, and those that each has anyway.</summary>
internal sealed class SecurityGroups(SecurityRules rules) : ParentType("networkSecurityGroups")
{
    private static readonly (string Name, int Priority, string Direction, string Access, string From, string To, string Description)[] Defaults =
    [
        ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork", "Allow inbound traffic from all VMs in VNET"),
        ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*", "Allow inbound traffic from azure load balancer"),
        ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*", "Deny all inbound traffic"),
        ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork", "Allow outbound traffic from all VMs to all VMs in VNET"),
        ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet", "Allow outbound traffic from all VMs to Internet"),
        ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*", "Deny all outbound traffic"),
    ];

    protected override ImmutableArray<(string List, ChildType Type)> Lists => [("securityRules", rules)];

    protected override void CompleteOwn(Writing w)
    {
        foreach (var shown in (ReadOnlySpan<string>)["defaultSecurityRules", "networkInterfaces", "subnets"])
        {
            w.Properties.Remove(shown);
        }

        w.Properties["resourceGuid"] = StableId(w.Id, "nsg");
    }

    protected override void ShowOwn(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = json["properties"]!.AsObject();

        // In whatever order they were written: the provider keeps them by their names.
        if (properties["securityRules"] is JsonArray written)
        {
            properties["securityRules"] = new JsonArray([.. written.OrderBy(rule => Text(rule?["name"]), StringComparer.OrdinalIgnoreCase).Select(rule => rule?.DeepClone())]);
        }

        properties["defaultSecurityRules"] = new JsonArray([.. Defaults.Select(d => (JsonNode)new JsonObject
        {
            ["name"] = d.Name,
            ["id"] = resource.Id.Child("defaultSecurityRules", d.Name).Text,
            ["etag"] = resource.ETag,
            ["type"] = "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
            ["properties"] = SecurityRules.WithLists(new JsonObject
            {
                ["provisioningState"] = "Succeeded",
                ["description"] = d.Description,
                ["protocol"] = "*",
                ["sourcePortRange"] = "*",
                ["destinationPortRange"] = "*",
                ["sourceAddressPrefix"] = d.From,
                ["destinationAddressPrefix"] = d.To,
                ["access"] = d.Access,
                ["priority"] = d.Priority,
                ["direction"] = d.Direction,
            }),
        })]);
        var users = store.UsersOf(resource.Id);
        Show("networkInterfaces", "/networkInterfaces/");
        Show("subnets", "/subnets/");

        void Show(string list, string part)
        {
            var ids = users.Where(u => u.Contains(part, StringComparison.OrdinalIgnoreCase)).Select(u => (JsonNode)new JsonObject { ["id"] = u }).ToArray();
            if (ids.Length > 0)
            {
                properties[list] = new JsonArray(ids);
            }
        }
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => users.Count == 0
        ? null
        : new CloudError(400, "InUseNetworkSecurityGroupCannotBeDeleted",
            $"Network security group {resource.Id} cannot be deleted because it is in use by the following resources: {string.Join(", ", users)}. " +
            "In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.");
}

/// <summary>Rules of a security group.</summary>
internal sealed class SecurityRules() : ChildType("networkSecurityGroups/securityRules", "securityRules")
{
    private static readonly string[] Protocols = ["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"];
    private static readonly string[] Named = ["*", "Any", "VirtualNetwork", "AzureLoadBalancer", "Internet"];

    // Each may be given as one or as several.
    private static readonly (string One, string Several)[] Pairs =
    [
        ("sourcePortRange", "sourcePortRanges"), ("destinationPortRange", "destinationPortRanges"),
        ("sourceAddressPrefix", "sourceAddressPrefixes"), ("destinationAddressPrefix", "destinationAddressPrefixes"),
    ];

    public override void CompleteOne(Writing w)
    {
        var p = w.Properties;
        p["protocol"] = Choice(w, "protocol", Protocols);
        p["access"] = Choice(w, "access", ["Allow", "Deny"]);
        p["direction"] = Choice(w, "direction", ["Inbound", "Outbound"]);
        if ((Whole(p, "priority") ?? throw Required("priority")) is var priority and (< 100 or > 4096))
        {
            throw JsonRead.Refuse("SecurityRuleInvalidPriority", $"Security rule has invalid Priority. Value provided: {priority} Allowed range 100-4096.");
        }

        foreach (var (one, several) in Pairs)
        {
            // A port may be written as the number that it is; it is kept as text.
            if (Get(p, one) is JsonValue port && port.GetValueKind() == System.Text.Json.JsonValueKind.Number)
            {
                p[KeyIn(p, one)] = port.ToJsonString();
            }

            var values = OptionalText(p, one) is { } value ? [value] : Texts(p, several);
            if (values.Length == 0 && Get(p, ApplicationGroups(one)) is not JsonArray { Count: > 0 })
            {
                throw JsonRead.Refuse("SecurityRuleParameterMissing", $"Security rule {w.Id.Name} needs {one} or {several}.");
            }

            foreach (var text in values)
            {
                if (one.EndsWith("PortRange", StringComparison.Ordinal) ? !IsPorts(text) : !IsPrefix(text, alone: values.Length == 1))
                {
                    throw JsonRead.Refuse(
                        one.EndsWith("PortRange", StringComparison.Ordinal) ? "SecurityRuleInvalidPortRange" : "SecurityRuleInvalidAddressPrefix",
                        $"Security rule {w.Id.Name} has invalid {(one.EndsWith("PortRange", StringComparison.Ordinal) ? "port range" : "address prefix")}. Value provided: {text}.");
                }
            }
        }

        WithLists(p);
    }

    public override void CheckAll(Writing w, IReadOnlyList<(ResourceId Id, JsonObject Model)> all)
    {
        var seen = new Dictionary<(string, int), string>();
        foreach (var (id, model) in all)
        {
            var p = model["properties"]!.AsObject();
            var at = (OptionalText(p, "direction")!, Whole(p, "priority")!.Value);
            if (!seen.TryAdd(at, id.Name))
            {
                throw JsonRead.Refuse("SecurityRuleConflict", $"Security rule {seen[at]} conflicts with rule {id.Name}. Rules cannot have the same Priority and Direction. To learn more about security rules, see aka.ms/nsgrules.");
            }
        }
    }

    /// <summary>With the lists that an answer has, empty or not.</summary>
    public static JsonObject WithLists(JsonObject properties)
    {
        foreach (var (_, several) in Pairs)
        {
            properties[KeyIn(properties, several)] ??= new JsonArray();
        }

        return properties;
    }

    private static string ApplicationGroups(string one) =>
        one.StartsWith("source", StringComparison.Ordinal) ? "sourceApplicationSecurityGroups" : "destinationApplicationSecurityGroups";

    private static string Choice(Writing w, string name, string[] allowed)
    {
        var text = OptionalText(w.Properties, name) ?? throw Required(name);
        return Array.Find(allowed, a => Is(text, a))
            ?? throw Invalid(name, $"The value '{text}' of parameter '{name}' is not valid. Allowed values are '{string.Join("', '", allowed)}'.");
    }

    private static bool IsPorts(string text)
    {
        if (text == "*")
        {
            return true;
        }

        var parts = text.Split('-');
        return parts.Length <= 2 && parts.All(p => ushort.TryParse(p, System.Globalization.NumberStyles.None, null, out _))
            && int.Parse(parts[0]) <= int.Parse(parts[^1]);
    }

    // A service tag may be given alone only; one of a region has a dot.
    private static bool IsPrefix(string text, bool alone) =>
        System.Net.IPAddress.TryParse(text, out _)
        || AddressRange.Parse(text).Problem is null
        || (alone && (Named.Contains(text, StringComparer.OrdinalIgnoreCase) || (text.Length > 2 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '.') && char.IsAsciiLetter(text[0]))));
}
