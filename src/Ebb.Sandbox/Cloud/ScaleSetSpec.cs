using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

/// <summary>What a scale set is asked to be, as far as the world acts on it.</summary>
public sealed record ScaleSetSpec
{
    public required string Size { get; init; }

    public string Tier { get; init; } = "Standard";

    public int Capacity { get; init; }

    public ImmutableSortedDictionary<string, string> Tags { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase);

    public ImmutableArray<string> Zones { get; init; } = [];

    public Priority Priority { get; init; }

    public EvictionPolicy EvictionPolicy { get; init; } = EvictionPolicy.Deallocate;

    public ScaleIn ScaleIn { get; init; }

    /// <summary>Whether more machines than asked for are started, and those in excess dropped.</summary>
    public bool Overprovision { get; init; }

    /// <summary>Whether the set stays within one placement group: at most 100 machines instead of 1,000.</summary>
    public bool SinglePlacementGroup { get; init; }

    public UpgradeMode Upgrade { get; init; }

    /// <summary>Null: the set's name. Of a machine that stands alone, its whole host name.</summary>
    public string? ComputerNamePrefix { get; init; }

    /// <summary>The address of a machine that stands alone, and the range that it lies in; null: as for a scale set's machines.</summary>
    internal (string Address, string Subnet)? Address { get; init; }

    /// <summary>That of the interface of a machine that stands alone; null: any.</summary>
    internal string? MacAddress { get; init; }

    /// <summary>How long a machine is warned before it is deleted; null: not at all.</summary>
    public TimeSpan? TerminateNotice { get; init; }

    public int FaultDomains { get; init; } = 5;

    /// <summary>Whether the system's disk is the host's own, and lost when the machine moves to another.</summary>
    public bool EphemeralDisk { get; init; }

    /// <summary>The body of a request that creates exactly this, for callers without a protocol.</summary>
    public JsonObject ToModel(string location)
    {
        var profile = new JsonObject
        {
            ["priority"] = Priority.ToString(),
            ["osProfile"] = new JsonObject { ["computerNamePrefix"] = ComputerNamePrefix, ["adminUsername"] = "cluster" },
            ["storageProfile"] = new JsonObject
            {
                ["imageReference"] = new JsonObject { ["publisher"] = "Debian", ["offer"] = "debian-12", ["sku"] = "12-gen2", ["version"] = "latest" },
                ["osDisk"] = new JsonObject { ["createOption"] = "FromImage", ["diskSizeGB"] = 30 },
            },
            ["networkProfile"] = new JsonObject { ["networkInterfaceConfigurations"] = new JsonArray() },
        };
        if (Priority == Priority.Spot)
        {
            profile["evictionPolicy"] = EvictionPolicy.ToString();
            profile["billingProfile"] = new JsonObject { ["maxPrice"] = -1 };
        }

        if (EphemeralDisk)
        {
            profile["storageProfile"]!["osDisk"]!["caching"] = "ReadOnly";
            profile["storageProfile"]!["osDisk"]!["diffDiskSettings"] = new JsonObject { ["option"] = "Local" };
        }

        if (TerminateNotice is { } notice)
        {
            profile["scheduledEventsProfile"] = new JsonObject
            {
                ["terminateNotificationProfile"] = new JsonObject { ["enable"] = true, ["notBeforeTimeout"] = System.Xml.XmlConvert.ToString(notice) },
            };
        }

        var model = new JsonObject
        {
            ["location"] = location,
            ["sku"] = new JsonObject { ["name"] = Size, ["tier"] = Tier, ["capacity"] = Capacity },
            ["tags"] = new JsonObject(Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))),
            ["properties"] = new JsonObject
            {
                ["orchestrationMode"] = "Uniform",
                ["overprovision"] = Overprovision,
                ["singlePlacementGroup"] = SinglePlacementGroup,
                ["platformFaultDomainCount"] = FaultDomains,
                ["upgradePolicy"] = new JsonObject { ["mode"] = Upgrade.ToString() },
                ["scaleInPolicy"] = new JsonObject { ["rules"] = new JsonArray(ScaleIn.ToString()), ["forceDeletion"] = false },
                ["virtualMachineProfile"] = profile,
            },
        };
        if (Zones.Length > 0)
        {
            model["zones"] = new JsonArray([.. Zones.Select(z => (JsonNode)z)]);
        }

        return model;
    }
}
