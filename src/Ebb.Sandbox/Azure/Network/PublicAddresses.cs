using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>Public addresses: a static one has its address at once, a dynamic one while somebody holds it.</summary>
internal sealed partial class PublicAddresses() : NetworkType("publicIPAddresses")
{
    /// <summary>The usage under which they are counted.</summary>
    public const string Usage = "PublicIPAddresses";

    protected internal override void Complete(Writing w)
    {
        var p = w.Properties;
        var sku = OptionalText(Object(w.Model, "sku"), "name") ?? "Basic";
        var standard = Is(sku, "Standard");
        if (!standard && !Is(sku, "Basic"))
        {
            throw Invalid("sku", $"The value '{sku}' of parameter 'sku' is not valid. Allowed values are 'Basic', 'Standard'.");
        }

        var method = OptionalText(p, "publicIPAllocationMethod") ?? "Dynamic";
        var fixedAddress = Is(method, "Static");
        if (!fixedAddress && !Is(method, "Dynamic"))
        {
            throw Invalid("publicIPAllocationMethod", $"The value '{method}' of parameter 'publicIPAllocationMethod' is not valid. Allowed values are 'Static', 'Dynamic'.");
        }

        if (standard && !fixedAddress)
        {
            throw JsonRead.Refuse("StandardSkuPublicIPAddressesMustBeStatic", $"Standard sku publicIp {w.Id} must have AllocationMethod set to Static.");
        }

        if (w.Old is null)
        {
            var (count, limit) = NetworkUsages.Of(w.Store, Usage);
            if (count >= limit)
            {
                throw JsonRead.Refuse("PublicIPCountLimitReached", $"Cannot create more than {limit} public IP addresses for this subscription in this region.");
            }
        }

        CheckLabel(w);
        w.Model["sku"] = new JsonObject { ["name"] = standard ? "Standard" : "Basic", ["tier"] = OptionalText(Object(w.Model, "sku"), "tier") ?? "Regional" };
        p["publicIPAllocationMethod"] = fixedAddress ? "Static" : "Dynamic";
        p["publicIPAddressVersion"] = Is(OptionalText(p, "publicIPAddressVersion") ?? "IPv4", "IPv6") ? "IPv6" : "IPv4";
        p["idleTimeoutInMinutes"] = Whole(p, "idleTimeoutInMinutes") ?? 4;
        p[KeyIn(p, "ipTags")] ??= new JsonArray();
        p[KeyIn(p, "ddosSettings")] ??= new JsonObject { ["protectionMode"] = "VirtualNetworkInherited" };
        p["resourceGuid"] = StableId(w.Id, "address");
        p.Remove("ipConfiguration");
        p.Remove("ipAddress");
        var kept = w.Old is null ? null : OptionalText(w.Old.Properties, "ipAddress");
        if (kept is not null || fixedAddress)
        {
            p["ipAddress"] = kept ?? Addresses.NextPublic(w.Store, Text(p["publicIPAddressVersion"]) == "IPv6");
        }
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => users.Count == 0
        ? null
        : new CloudError(400, "PublicIPAddressCannotBeDeleted",
            $"Public IP address {resource.Id} can not be deleted since it is still allocated to resource {Addresses.HolderOf(store, resource.Id) ?? users[0]}. " +
            "In order to delete the public IP, disassociate/detach the Public IP address from the resource.  To learn how to do this, see aka.ms/deletepublicip.");

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = json["properties"]!.AsObject();
        if (Addresses.HolderOf(store, resource.Id) is { } holder)
        {
            properties["ipConfiguration"] = new JsonObject { ["id"] = holder };
        }
    }

    protected internal override ArmReply? Elsewhere(ResourceStore store, ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("GET", ["subscriptions", _, "providers", "microsoft.network", "locations", _, "checkdnsnameavailability"]) => CheckName(store, r),
        ("GET", ["subscriptions", _, "providers", "microsoft.network", "locations", _, "usages"]) => ArmReply.From(
            store.World.Serve<JsonObject>(CallKind.GetResource, null, FullName, () => NetworkUsages.All(store)), all => new ArmReply(200, all)),
        _ => null,
    };

    /// <summary>An address was attached or let go: what is dynamic gets one, or gives it back.</summary>
    public static void Refresh(ResourceStore store)
    {
        foreach (var resource in store.OfType(Addresses.Public).Where(p => OptionalText(p.Properties, "publicIPAllocationMethod") == "Dynamic").ToList())
        {
            var held = Addresses.HolderOf(store, resource.Id) is not null;
            if (held == (OptionalText(resource.Properties, "ipAddress") is not null))
            {
                continue;
            }

            var model = resource.Model.DeepClone().AsObject();
            var properties = model["properties"]!.AsObject();
            properties.Remove("ipAddress");
            if (held)
            {
                properties["ipAddress"] = Addresses.NextPublic(store, Text(properties["publicIPAddressVersion"]) == "IPv6");
            }

            store.Change(resource.Id, now => now with { Model = model, Version = now.Version + 1 });
        }
    }

    /// <summary>Refuses to give one that another configuration holds.</summary>
    public static void CheckFree(Writing w, ResourceId self, JsonObject part)
    {
        var id = OptionalText(Object(Object(part, "properties"), "publicIPAddress"), "id");
        if (id is not null && ResourceId.Parse(id) is { } address && Addresses.HolderOf(w.Store, address) is { } holder
            && !holder.Equals(self.Text, StringComparison.OrdinalIgnoreCase))
        {
            throw JsonRead.Refuse("PublicIPAddressInUse", $"Resource {self} is referencing public IP address {address} that is already allocated to resource {holder}.");
        }
    }

    private static void CheckLabel(Writing w)
    {
        var settings = Object(w.Properties, "dnsSettings");
        if (OptionalText(settings, "domainNameLabel") is not { } label)
        {
            return;
        }

        if (!LabelPattern().IsMatch(label))
        {
            throw JsonRead.Refuse("InvalidDomainNameLabel", $"The domain name label {label} is invalid. It must conform to the following regular expression: ^[a-z][a-z0-9-]{{1,61}}[a-z0-9]$.");
        }

        var name = NameOf(w.Store, label);
        if (HolderOf(w.Store, label) is { } holder && holder.Id != w.Id)
        {
            throw JsonRead.Refuse("DnsRecordInUse", $"DNS record {name} is already used by another public IP.");
        }

        settings!["fqdn"] = name;
    }

    private static ArmReply CheckName(ResourceStore store, ArmRequest r)
    {
        var label = r.Query["domainNameLabel"].ToString();
        return !LabelPattern().IsMatch(label)
            ? ArmReply.Error(400, "InvalidDomainNameLabel", $"The domain name label {label} is invalid. It must conform to the following regular expression: ^[a-z][a-z0-9-]{{1,61}}[a-z0-9]$.")
            : ArmReply.From(
                store.World.Serve<JsonObject>(CallKind.GetResource, label, Addresses.Public, () => new JsonObject { ["available"] = HolderOf(store, label) is null }),
                json => new ArmReply(200, json));
    }

    private static Resource? HolderOf(ResourceStore store, string label) => store.OfType(Addresses.Public)
        .FirstOrDefault(p => label.Equals(Text(At(p.Properties, "dnsSettings", "domainNameLabel")), StringComparison.OrdinalIgnoreCase));

    private static string NameOf(ResourceStore store, string label) => $"{label}.{store.World.Options.Location}.cloudapp.azure.com";

    [GeneratedRegex(@"^[a-z][a-z0-9-]{1,61}[a-z0-9]\z")]
    private static partial Regex LabelPattern();
}
