using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>The interfaces and public addresses of a scale set's machines: nobody makes them, they follow from the set's model.</summary>
internal static class InstanceNics
{
    public const string PublicConfiguration = "publicIPAddressConfiguration";

    /// <summary>The interfaces that a set's model describes.</summary>
    public static IEnumerable<JsonObject> Models(ScaleSet set) =>
        ScaleSetJson.Items(At(set.Model, "properties", "virtualMachineProfile", "networkProfile"), "networkInterfaceConfigurations");

    /// <summary>A machine's interfaces, the one with its address first. A model that describes none gives one all the same.</summary>
    public static IEnumerable<JsonObject> Of(ScaleSet set, Instance i)
    {
        var models = Models(set).ToList();
        return models.Count == 0
            ? [Nic(i, "nic", [], first: true)]
            : models.Select((model, at) => Nic(i, Text(model["name"]) ?? "nic", model["properties"] as JsonObject ?? [], first: at == 0));
    }

    public static IEnumerable<JsonObject> Configurations(JsonObject nic) => ScaleSetJson.Items(nic["properties"], "ipConfigurations");

    public static IEnumerable<JsonObject> PublicAddresses(ScaleSet set, Instance i) => i.PublicAddress.Length == 0
        ? []
        : Of(set, i).Take(1).SelectMany(Configurations).Take(1).Select(c => Public(set, i, c));

    /// <summary>An interface, a configuration of it, or the public address of that, by the rest of a path.</summary>
    public static ArmReply Part(ScaleSet set, Instance i, string nicName, string[] part)
    {
        var nic = Of(set, i).FirstOrDefault(n => Is(Text(n["name"])!, nicName));
        if (nic is null || part is [] or ["ipconfigurations"])
        {
            return nic is null ? NotFound(i, nicName) : new ArmReply(200, part is [] ? nic : ScaleSetRoutes.Value(Configurations(nic).Select(c => c.DeepClone().AsObject())));
        }

        var configuration = part[0] == "ipconfigurations" ? Configurations(nic).FirstOrDefault(c => Is(Text(c["name"])!, part[1])) : null;
        var address = configuration is null ? null : PublicAddresses(set, i).FirstOrDefault(p => Is(Text(p["properties"]!["ipConfiguration"]!["id"])!, Text(configuration["id"])!));
        return (configuration, part[1..]) switch
        {
            ({ } found, [_]) => new ArmReply(200, found.DeepClone()),
            ({ }, [_, "publicipaddresses"]) => new ArmReply(200, ScaleSetRoutes.Value(address is null ? [] : [address])),
            ({ }, [_, "publicipaddresses", var name]) when address is not null && Is(Text(address["name"])!, name) => new ArmReply(200, address),
            _ => NotFound(i, $"{nicName}/{string.Join('/', part)}"),
        };
    }

    private static JsonObject Nic(Instance i, string name, JsonObject model, bool first)
    {
        var id = $"{i.ResourceId}/networkInterfaces/{name}";
        var configurations = ScaleSetJson.Items(model, "ipConfigurations").ToList();
        if (configurations.Count == 0)
        {
            configurations.Add(new JsonObject { ["name"] = "ip" });
        }

        var properties = new JsonObject
        {
            ["provisioningState"] = "Succeeded",
            ["primary"] = first,
            ["enableAcceleratedNetworking"] = model["enableAcceleratedNetworking"]?.DeepClone() ?? false,
            ["enableIPForwarding"] = model["enableIPForwarding"]?.DeepClone() ?? false,
            ["ipConfigurations"] = new JsonArray([.. configurations.Select((c, at) => (JsonNode)Configuration(i, id, c, first && at == 0))]),
            ["virtualMachine"] = new JsonObject { ["id"] = i.ResourceId },
        };
        if (first)
        {
            properties["macAddress"] = string.Join('-', i.MacAddress.Chunk(2).Select(c => new string(c)));
        }

        if (model["networkSecurityGroup"] is { } group)
        {
            properties["networkSecurityGroup"] = group.DeepClone();
        }

        return new JsonObject { ["name"] = name, ["id"] = id, ["etag"] = $"W/\"{Principals.PrincipalOf($"etag {id}")}\"", ["properties"] = properties };
    }

    /// <summary>Only the first one of the first interface has an address here.</summary>
    private static JsonObject Configuration(Instance i, string nic, JsonObject model, bool first)
    {
        var name = Text(model["name"]) ?? "ip";
        var id = $"{nic}/ipConfigurations/{name}";
        var properties = new JsonObject
        {
            ["provisioningState"] = "Succeeded",
            ["privateIPAllocationMethod"] = "Dynamic",
            ["primary"] = first,
            ["privateIPAddressVersion"] = "IPv4",
        };
        if (first)
        {
            properties["privateIPAddress"] = i.Address;
        }

        foreach (var kept in (ReadOnlySpan<string>)["subnet", "loadBalancerBackendAddressPools", "loadBalancerInboundNatPools"])
        {
            if (At(model, "properties", kept) is { } value)
            {
                properties[kept] = value.DeepClone();
            }
        }

        if (first && i.PublicAddress.Length > 0)
        {
            properties["publicIPAddress"] = new JsonObject { ["id"] = $"{id}/publicIPAddresses/{PublicName(model)}" };
        }

        return new JsonObject { ["name"] = name, ["id"] = id, ["properties"] = properties };
    }

    private static JsonObject Public(ScaleSet set, Instance i, JsonObject configuration)
    {
        var id = Text(configuration["properties"]!["publicIPAddress"]!["id"])!;
        var model = At(Models(set).SelectMany(m => ScaleSetJson.Items(m["properties"], "ipConfigurations")).First(), "properties", PublicConfiguration, "properties");
        var properties = new JsonObject
        {
            ["provisioningState"] = "Succeeded",
            ["ipAddress"] = i.PublicAddress,
            ["publicIPAddressVersion"] = "IPv4",
            ["publicIPAllocationMethod"] = "Dynamic",
            ["idleTimeoutInMinutes"] = At(model, "idleTimeoutInMinutes")?.DeepClone() ?? 4,
            ["ipConfiguration"] = new JsonObject { ["id"] = configuration["id"]!.DeepClone() },
        };
        if (Text(At(model, "dnsSettings", "domainNameLabel")) is { } label)
        {
            properties["dnsSettings"] = new JsonObject { ["domainNameLabel"] = $"vm{i.Number}.{label}", ["fqdn"] = $"vm{i.Number}.{label}.{set.Location}.cloudapp.azure.com" };
        }

        return new JsonObject { ["name"] = id[(id.LastIndexOf('/') + 1)..], ["id"] = id, ["location"] = set.Location, ["properties"] = properties };
    }

    private static string PublicName(JsonObject configuration) => Text(At(configuration, "properties", PublicConfiguration, "name")) ?? "public";

    private static ArmReply NotFound(Instance i, string what) =>
        ArmReply.Error(404, "NotFound", $"Resource {i.ResourceId}/networkInterfaces/{what} not found.");
}
