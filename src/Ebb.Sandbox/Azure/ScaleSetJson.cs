using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>A scale set as resource manager shows it: what was put, with what the server adds.</summary>
internal static class ScaleSetJson
{
    public static JsonObject Of(ResourceStore store, ScaleSet set, bool userData = false)
    {
        var json = set.Model.DeepClone().AsObject();
        json["id"] = set.ResourceId;
        json["name"] = set.Name;
        json["type"] = "Microsoft.Compute/virtualMachineScaleSets";
        json["location"] = set.Location;
        json["etag"] = set.ETagText;
        json["tags"] = Tags(set);
        json["sku"] = new JsonObject { ["name"] = set.Size, ["tier"] = set.Spec.Tier, ["capacity"] = set.Capacity };
        if (json["identity"] is JsonObject identity)
        {
            IdentityJson.Fill(store, set.ResourceId, identity);
        }

        var properties = Child(json, "properties");
        properties["provisioningState"] = set.Provisioning.ToString();
        properties["uniqueId"] = set.UniqueId;
        properties["timeCreated"] = Time(set.CreatedAt);
        properties["orchestrationMode"] = "Uniform";
        properties["overprovision"] = set.Spec.Overprovision;
        properties["singlePlacementGroup"] = set.Spec.SinglePlacementGroup;
        properties["platformFaultDomainCount"] = set.Spec.FaultDomains;
        properties["doNotRunExtensionsOnOverprovisionedVMs"] ??= false;
        Child(properties, "upgradePolicy")["mode"] = set.Spec.Upgrade.ToString();

        var profile = Child(properties, "virtualMachineProfile");
        profile["timeCreated"] = Time(set.CreatedAt);
        if (set.Priority == Priority.Spot)
        {
            profile["priority"] = "Spot";
            profile["evictionPolicy"] = set.Spec.EvictionPolicy.ToString();
        }

        if (!userData)
        {
            profile.Remove("userData");
        }

        var os = Child(profile, "osProfile");
        os["computerNamePrefix"] = set.Spec.ComputerNamePrefix ?? set.Name;
        CompleteOs(os);
        Child(Child(profile, "storageProfile"), "osDisk")["osType"] ??= "Linux";
        foreach (var nic in Items(profile["networkProfile"], "networkInterfaceConfigurations"))
        {
            var nicProperties = Child(nic, "properties");
            nicProperties["dnsSettings"] ??= new JsonObject { ["dnsServers"] = new JsonArray() };
            nicProperties["disableTcpStateTracking"] ??= false;
            foreach (var ip in Items(nicProperties, "ipConfigurations"))
            {
                Child(ip, "properties")["privateIPAddressVersion"] ??= "IPv4";
            }
        }

        return json;
    }

    public static JsonObject View(ScaleSet set)
    {
        var counts = set.Instances.Values
            .SelectMany(i => new[] { InstanceJson.ProvisioningCode(i), InstanceJson.PowerCode(i) })
            .GroupBy(c => c.Split('/') is [var kind, var state, ..] ? $"{kind}/{state}" : c)
            .OrderByDescending(g => g.Key, StringComparer.Ordinal)
            .Select(g => (JsonNode)new JsonObject { ["code"] = g.Key, ["count"] = g.Count() });
        return new JsonObject
        {
            ["virtualMachine"] = new JsonObject { ["statusesSummary"] = new JsonArray([.. counts]) },
            ["statuses"] = new JsonArray(new JsonObject
            {
                ["code"] = $"ProvisioningState/{set.Provisioning.ToString().ToLowerInvariant()}",
                ["level"] = set.Provisioning == ProvisioningState.Failed ? "Error" : "Info",
                ["displayStatus"] = $"Provisioning {set.Provisioning.ToString().ToLowerInvariant()}",
                ["time"] = Time(set.CreatedAt),
            }),
            ["orchestrationServices"] = new JsonArray(),
        };
    }

    public static JsonObject Tags(ScaleSet set) => new(set.Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffff+00:00");

    /// <summary>What the server adds to an osProfile, and takes away.</summary>
    public static void CompleteOs(JsonObject os)
    {
        // What may hold secrets is never given back.
        os.Remove("customData");
        os.Remove("adminPassword");
        CompleteOsKept(os);
    }

    /// <summary>What the server adds to an osProfile when it is put.</summary>
    public static void CompleteOsKept(JsonObject os)
    {
        os["secrets"] ??= new JsonArray();
        os["allowExtensionOperations"] ??= true;
        os["requireGuestProvisionSignal"] ??= true;
    }

    /// <summary>A member that is an object, made when absent or of another kind.</summary>
    public static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject child)
        {
            return child;
        }

        var made = new JsonObject();
        parent[name] = made;
        return made;
    }

    public static IEnumerable<JsonObject> Items(JsonNode? parent, string name) =>
        parent is JsonObject o && o[name] is JsonArray array ? array.OfType<JsonObject>() : [];
}
