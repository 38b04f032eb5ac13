using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>Sizes and quota usage of Microsoft.Compute.</summary>
internal sealed partial class ComputeRoutes(CloudWorld world)
{
    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r)
    {
        if (r.Method != "GET")
        {
            return null;
        }

        return r.Lower switch
        {
            ["subscriptions", _, "providers", "microsoft.compute", "skus"] => Skus(r),
            ["subscriptions", _, "providers", "microsoft.compute", "locations", var l, "usages"] => InLocation(l, Usages),
            ["subscriptions", _, "providers", "microsoft.compute", "locations", var l, "vmsizes"] => InLocation(l, Sizes),
            _ => null,
        };
    }

    private ArmReply InLocation(string location, Func<ArmReply> answer) => IsHere(location)
        ? answer()
        : ArmReply.Error(400, "NoRegisteredProviderFound", $"No registered resource provider found for location '{location}' and type 'locations'. The supported locations are '{world.Options.Location}'.");

    private bool IsHere(string location) =>
        location.Replace(" ", "", StringComparison.Ordinal).Equals(world.Options.Location, StringComparison.OrdinalIgnoreCase);

    private ArmReply Skus(ArmRequest r)
    {
        var filter = r.Query["$filter"].ToString();
        var here = true;
        if (filter.Length > 0)
        {
            if (LocationFilter().Match(filter) is not { Success: true } match)
            {
                return ArmReply.Error(400, "InvalidParameter", $"The filter '{filter}' is not supported; the only one is: location eq '<region>'.");
            }

            here = IsHere(match.Groups["location"].Value);
        }

        return ArmReply.From(
            world.Read<IEnumerable<Size>>(CallKind.ListSizes, () => new Outcome<IEnumerable<Size>> { Value = here ? world.Options.Sizes : [] }),
            sizes => new ArmReply(200, ScaleSetRoutes.Value(sizes.Select(Sku))));
    }

    private JsonObject Sku(Size size)
    {
        var location = world.Options.Location;
        var zones = new JsonArray([.. world.Options.Zones.Select(z => (JsonNode)z)]);
        var capabilities = new (string Name, string Value)[]
        {
            ("vCPUs", Text(size.VCpus)),
            ("vCPUsAvailable", Text(size.VCpus)),
            ("MemoryGB", size.MemoryGiB.ToString(CultureInfo.InvariantCulture)),
            ("CpuArchitectureType", size.Architecture),
            ("LowPriorityCapable", size.SpotPrice is null ? "False" : "True"),
            ("MaxResourceVolumeMB", Text(size.TempDiskGiB * 1024)),
            ("MaxDataDiskCount", Text(size.MaxDataDisks)),
            ("HyperVGenerations", "V1,V2"),
            ("PremiumIO", "True"),
            ("EphemeralOSDiskSupported", size.TempDiskGiB > 30 ? "True" : "False"),
            ("AcceleratedNetworkingEnabled", size.AcceleratedNetworking ? "True" : "False"),
            ("MaxNetworkInterfaces", "2"),
        }.ToList();
        if (size.Gpus > 0)
        {
            capabilities.Add(("GPUs", Text(size.Gpus)));
        }

        return new JsonObject
        {
            ["resourceType"] = "virtualMachines",
            ["name"] = size.Name,
            ["tier"] = "Standard",
            ["size"] = size.Name[(size.Name.IndexOf('_') + 1)..],
            ["family"] = size.Family,
            ["locations"] = new JsonArray(location),
            ["locationInfo"] = new JsonArray(new JsonObject { ["location"] = location, ["zones"] = zones, ["zoneDetails"] = new JsonArray() }),
            ["capabilities"] = new JsonArray([.. capabilities.Select(c => (JsonNode)new JsonObject { ["name"] = c.Name, ["value"] = c.Value })]),
            ["restrictions"] = new JsonArray(),
        };
    }

    private ArmReply Usages() => ArmReply.From(world.ListUsages(), listing => new ArmReply(200, ScaleSetRoutes.Value(listing.Items.Select(u => new JsonObject
    {
        ["unit"] = "Count",
        ["currentValue"] = u.Current,
        ["limit"] = u.Limit,
        ["name"] = new JsonObject { ["value"] = u.Name, ["localizedValue"] = Localized(u.Name) },
    }))));

    private ArmReply Sizes() => ArmReply.From(
        world.Read<IEnumerable<Size>>(CallKind.ListSizes, () => new Outcome<IEnumerable<Size>> { Value = world.Options.Sizes }),
        sizes => new ArmReply(200, ScaleSetRoutes.Value(sizes.Select(SizeJson))));

    /// <summary>A size as lists of those that a region, or a machine, can have show it.</summary>
    internal static JsonObject SizeJson(Size size) => new()
    {
        ["name"] = size.Name,
        ["numberOfCores"] = size.VCpus,
        ["osDiskSizeInMB"] = 1047552,
        ["resourceDiskSizeInMB"] = size.TempDiskGiB * 1024,
        ["memoryInMB"] = (int)(size.MemoryGiB * 1024),
        ["maxDataDiskCount"] = size.MaxDataDisks,
    };

    private static string Localized(string name) => name switch
    {
        "cores" => "Total Regional vCPUs",
        "lowPriorityCores" => "Total Regional Low-priority vCPUs",
        "virtualMachines" => "Virtual Machines",
        "virtualMachineScaleSets" => "Virtual Machine Scale Sets",
        "availabilitySets" => "Availability Sets",
        _ => $"{name} vCPUs",
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*location\s+eq\s+'(?<location>[^']*)'\s*\z", RegexOptions.IgnoreCase)]
    private static partial Regex LocationFilter();
}
