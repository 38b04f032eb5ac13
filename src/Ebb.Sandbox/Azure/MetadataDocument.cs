using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>What an instance is told about itself, as its metadata service's version shows it. All leaves are strings.</summary>
internal static class MetadataDocument
{
    /// <summary>All versions of the service, oldest first.</summary>
    public static readonly string[] Versions =
    [
        "2017-03-01", "2017-04-02", "2017-08-01", "2017-10-01", "2017-12-01", "2018-02-01", "2018-04-02", "2018-10-01", "2019-02-01",
        "2019-03-11", "2019-04-30", "2019-06-01", "2019-06-04", "2019-08-01", "2019-08-15", "2019-11-01", "2020-06-01", "2020-07-15",
        "2020-09-01", "2020-10-01", "2020-12-01", "2021-01-01", "2021-02-01", "2021-03-01", "2021-05-01", "2021-08-01", "2021-10-01",
        "2021-11-01", "2021-11-15", "2021-12-13", "2023-07-01", "2023-11-15", "2024-03-15", "2024-07-17", "2025-04-07",
    ];

    public static JsonObject Of(ScaleSet set, Instance instance, string version) => new()
    {
        ["compute"] = Compute(set, instance, version),
        ["network"] = Network(instance),
    };

    private static JsonObject Compute(ScaleSet set, Instance i, string version)
    {
        var profile = JsonRead.At(set.ModelOf(i), "properties", "virtualMachineProfile") as JsonObject ?? [];
        var os = profile["osProfile"] as JsonObject ?? [];
        var image = JsonRead.At(profile, "storageProfile", "imageReference") as JsonObject ?? [];
        var linux = os["linuxConfiguration"] as JsonObject ?? [];

        // Name and the version that it came with.
        var fields = new SortedDictionary<string, (string Since, JsonNode Value)>(StringComparer.Ordinal)
        {
            ["location"] = ("2017-04-02", set.Location),
            ["name"] = ("2017-04-02", i.Name),
            ["offer"] = ("2017-04-02", Text(image["offer"])),
            ["osType"] = ("2017-04-02", "Linux"),
            ["platformFaultDomain"] = ("2017-04-02", Text(i.FaultDomain)),
            ["platformUpdateDomain"] = ("2017-04-02", Text(i.Number % 5)),
            ["publisher"] = ("2017-04-02", Text(image["publisher"])),
            ["sku"] = ("2017-04-02", Text(image["sku"])),
            ["version"] = ("2017-04-02", Text(image["version"])),
            ["vmId"] = ("2017-04-02", i.VmId),
            ["vmSize"] = ("2017-04-02", i.Size),
            ["placementGroupId"] = ("2017-08-01", set.Standalone ? "" : set.PlacementGroupId),
            ["resourceGroupName"] = ("2017-08-01", i.Group),
            ["subscriptionId"] = ("2017-08-01", i.SubscriptionId),
            ["tags"] = ("2017-08-01", string.Join(';', i.Tags.Select(t => $"{t.Key}:{t.Value}"))),
            ["vmScaleSetName"] = ("2017-12-01", set.Standalone ? "" : i.Set),
            ["zone"] = ("2017-12-01", i.Zone),
            ["plan"] = ("2018-04-02", new JsonObject { ["name"] = "", ["product"] = "", ["publisher"] = "" }),
            ["publicKeys"] = ("2018-04-02", PublicKeys(linux)),
            ["azEnvironment"] = ("2018-10-01", "AzurePublicCloud"),
            ["provider"] = ("2018-10-01", "Microsoft.Compute"),
            ["customData"] = ("2019-02-01", ""),
            ["resourceId"] = ("2019-03-11", i.ResourceId),
            ["storageProfile"] = ("2019-06-01", Storage(set, i, image, JsonRead.At(profile, "storageProfile", "osDisk") as JsonObject ?? [], version)),
            ["tagsList"] = ("2019-06-04", new JsonArray([.. i.Tags.Select(t => (JsonNode)new JsonObject { ["name"] = t.Key, ["value"] = t.Value })])),
            ["isHostCompatibilityLayerVm"] = ("2020-06-01", "false"),
            ["securityProfile"] = ("2020-06-01", Security(version)),
            ["osProfile"] = ("2020-07-15", OsProfile(i, os, linux, version)),
            ["licenseType"] = ("2020-09-01", ""),
            ["evictionPolicy"] = ("2020-12-01", i.Priority == Priority.Spot ? set.Spec.EvictionPolicy.ToString() : ""),
            ["priority"] = ("2020-12-01", i.Priority == Priority.Spot ? "Spot" : ""),
            ["userData"] = ("2021-01-01", Text(profile["userData"])),
            ["extendedLocation"] = ("2021-03-01", new JsonObject { ["name"] = "", ["type"] = "" }),
            ["virtualMachineScaleSet"] = ("2021-03-01", new JsonObject { ["id"] = "" }),
            ["platformSubFaultDomain"] = ("2021-10-01", ""),
            ["additionalCapabilities"] = ("2021-11-01", new JsonObject { ["hibernationEnabled"] = "false" }),
            ["host"] = ("2021-11-15", new JsonObject { ["id"] = "" }),
            ["hostGroup"] = ("2021-11-15", new JsonObject { ["id"] = "" }),
            ["physicalZone"] = ("2023-11-15", i.Zone.Length > 0 ? $"{set.Location}-AZ0{i.Zone}" : ""),
        };
        return new JsonObject(fields.Where(f => Has(version, f.Value.Since)).Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value.Value)));
    }

    private static JsonObject Network(Instance i) => new()
    {
        ["interface"] = new JsonArray(new JsonObject
        {
            ["ipv4"] = new JsonObject
            {
                ["ipAddress"] = new JsonArray(new JsonObject { ["privateIpAddress"] = i.Address, ["publicIpAddress"] = i.PublicAddress }),
                ["subnet"] = new JsonArray(new JsonObject { ["address"] = i.Subnet.Split('/')[0], ["prefix"] = i.Subnet.Split('/')[1] }),
            },
            ["ipv6"] = new JsonObject { ["ipAddress"] = new JsonArray() },
            ["macAddress"] = i.MacAddress,
        }),
    };

    private static JsonArray PublicKeys(JsonObject linux) => new([.. ScaleSetJson.Items(linux["ssh"], "publicKeys")
        .Select(k => (JsonNode)new JsonObject { ["keyData"] = Text(k["keyData"]), ["path"] = Text(k["path"]) })]);

    private static JsonObject OsProfile(Instance i, JsonObject os, JsonObject linux, string version)
    {
        var json = new JsonObject { ["adminUsername"] = Text(os["adminUsername"]), ["computerName"] = i.ComputerName };
        if (Has(version, "2020-10-01"))
        {
            json["disablePasswordAuthentication"] = Text(linux["disablePasswordAuthentication"]) is { Length: > 0 } disabled ? disabled : "false";
        }

        return json;
    }

    private static JsonObject Security(string version)
    {
        var json = new JsonObject { ["secureBootEnabled"] = "false", ["virtualTpmEnabled"] = "false" };
        if (Has(version, "2021-11-01"))
        {
            json["encryptionAtHost"] = "false";
        }

        if (Has(version, "2021-12-13"))
        {
            json["securityType"] = "";
        }

        return json;
    }

    private static JsonObject Storage(ScaleSet set, Instance i, JsonObject image, JsonObject disk, string version)
    {
        var json = new JsonObject
        {
            ["dataDisks"] = new JsonArray(),
            ["imageReference"] = new JsonObject
            {
                ["id"] = Text(image["id"]),
                ["offer"] = Text(image["offer"]),
                ["publisher"] = Text(image["publisher"]),
                ["sku"] = Text(image["sku"]),
                ["version"] = Text(image["version"]),
            },
            ["osDisk"] = new JsonObject
            {
                ["caching"] = Text(disk["caching"]) is { Length: > 0 } caching ? caching : "None",
                ["createOption"] = "FromImage",
                ["diffDiskSettings"] = new JsonObject { ["option"] = Text(JsonRead.At(disk, "diffDiskSettings", "option")) },
                ["diskSizeGB"] = Text(disk["diskSizeGB"]) is { Length: > 0 } size ? size : "30",
                ["encryptionSettings"] = new JsonObject { ["enabled"] = "false" },
                ["image"] = new JsonObject { ["uri"] = "" },
                ["managedDisk"] = new JsonObject
                {
                    ["id"] = $"/subscriptions/{i.SubscriptionId}/resourceGroups/{i.Group}/providers/Microsoft.Compute/disks/{InstanceJson.DiskName(set, i)}",
                    ["storageAccountType"] = Text(JsonRead.At(disk, "managedDisk", "storageAccountType")) is { Length: > 0 } account ? account : "Standard_LRS",
                },
                ["name"] = InstanceJson.DiskName(set, i),
                ["osType"] = "Linux",
                ["vhd"] = new JsonObject { ["uri"] = "" },
                ["writeAcceleratorEnabled"] = "false",
            },
        };
        if (Has(version, "2021-02-01"))
        {
            json["resourceDisk"] = new JsonObject { ["size"] = Text(16L << 20) };
        }

        return json;
    }

    private static bool Has(string version, string since) => string.CompareOrdinal(version, since) >= 0;

    private static string Text(JsonNode? node) => node is JsonValue ? node.ToString() : "";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
