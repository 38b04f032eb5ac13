using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>Load balancers. Their parts refer to each other by ids that follow from the balancer's own.</summary>
internal sealed class LoadBalancers(BackendPools pools, InboundNatRules natRules) : ParentType("loadBalancers")
{
    private const string FrontEnds = "frontendIPConfigurations";

    private static readonly string[] PartLists = [FrontEnds, "probes", "loadBalancingRules", "inboundNatPools", "outboundRules"];

    protected override ImmutableArray<(string List, ChildType Type)> Lists =>
        [("backendAddressPools", pools), ("inboundNatRules", natRules)];

    protected override void CompleteOwn(Writing w)
    {
        var p = w.Properties;
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var list in PartLists)
        {
            var parts = Parts(p, list);
            var key = KeyIn(p, list);
            if (key != list)
            {
                p.Remove(key);
            }

            p[list] = new JsonArray([.. parts.Select(x => (JsonNode)x.DeepClone())]);
        }

        foreach (var frontEnd in ScaleSetJson.Items(p, FrontEnds))
        {
            CompleteFrontEnd(w, frontEnd, taken);
        }

        CheckPorts(p);
        CheckOwnParts(w);
        var sku = OptionalText(Object(w.Model, "sku"), "name") ?? "Basic";
        w.Model["sku"] = new JsonObject { ["name"] = Is(sku, "Standard") ? "Standard" : "Basic", ["tier"] = OptionalText(Object(w.Model, "sku"), "tier") ?? "Regional" };
        p["resourceGuid"] = StableId(w.Id, "balancer");
    }

    protected override void WrittenOwn(Writing w, Resource resource) => PublicAddresses.Refresh(w.Store);

    protected internal override void Deleted(ResourceStore store, Resource resource) => PublicAddresses.Refresh(store);

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => users.Count == 0
        ? null
        : new CloudError(400, "LoadBalancerInUse", $"Load balancer {resource.Id} is in use by {users[0]} and cannot be deleted.");

    protected override void ShowOwn(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = json["properties"]!.AsObject();
        foreach (var list in PartLists)
        {
            ShowParts(resource, properties, list);
        }

        foreach (var frontEnd in ScaleSetJson.Items(properties, FrontEnds))
        {
            ShowUsers(properties, frontEnd, "loadBalancingRules", "frontendIPConfiguration");
            ShowUsers(properties, frontEnd, "inboundNatRules", "frontendIPConfiguration");
            ShowUsers(properties, frontEnd, "inboundNatPools", "frontendIPConfiguration");
        }

        foreach (var probe in ScaleSetJson.Items(properties, "probes"))
        {
            ShowUsers(properties, probe, "loadBalancingRules", "probe");
        }
    }

    private static void CompleteFrontEnd(Writing w, JsonObject frontEnd, HashSet<string> taken)
    {
        var self = w.Id.Child(FrontEnds, Text(frontEnd["name"])!);
        var properties = Object(frontEnd, "properties");
        if (Object(properties, "publicIPAddress") is not null)
        {
            PublicAddresses.CheckFree(w, self, frontEnd);
            properties!.Remove("privateIPAddress");
            properties["privateIPAllocationMethod"] = "Dynamic";
            return;
        }

        if (Object(properties, "subnet") is null && Object(properties, "publicIPPrefix") is null)
        {
            throw JsonRead.Refuse("LoadBalancerFrontendIPConfigMissingSubnetOrPublicIPAddress", $"Frontend IP configuration {self} must have a subnet or a public IP address.");
        }

        if (Object(properties, "subnet") is not null)
        {
            var before = w.Old is null
                ? null
                : ScaleSetJson.Items(w.Old.Properties, FrontEnds)
                    .Where(f => self.Name.Equals(Text(f["name"]), StringComparison.OrdinalIgnoreCase))
                    .Select(f => Text(At(f, "properties", "privateIPAddress")))
                    .FirstOrDefault();
            Addresses.Assign(w, self, frontEnd, before, taken);
        }
    }

    /// <summary>Two rules of one front end may not take the same port.</summary>
    private static void CheckPorts(JsonObject p)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var list in (ReadOnlySpan<string>)["loadBalancingRules", "inboundNatRules"])
        {
            foreach (var rule in ScaleSetJson.Items(p, KeyIn(p, list)))
            {
                var properties = Object(rule, "properties") ?? throw Required($"{list}.properties");
                var name = Text(rule["name"]);
                var port = Whole(properties, "frontendPort") ?? throw Required("frontendPort");
                if (port is < 0 or > 65535)
                {
                    throw Invalid("frontendPort", $"The value '{port}' of parameter 'frontendPort' is not valid: 0 to 65535.");
                }

                var key = $"{Text(At(properties, "frontendIPConfiguration", "id"))} {port} {OptionalText(properties, "protocol") ?? "Tcp"}";
                if (!seen.TryAdd(key, name ?? ""))
                {
                    throw JsonRead.Refuse("RulesUseSameFrontendPortProtocolAndIPConfig", $"Load balancer rules {seen[key]} and {name} use the same frontend port, protocol and IP configuration.");
                }
            }
        }
    }

    /// <summary>What a part refers to within the balancer must be in the same body.</summary>
    private void CheckOwnParts(Writing w)
    {
        var own = w.Id.Text + "/";
        var there = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var list in PartLists.Concat(Lists.Select(l => l.List)))
        {
            there.UnionWith(Members(w, list).Select(n => $"{own}{list}/{n}"));
        }

        foreach (var (_, id) in References.In(w.Properties).Where(x => x.Id.StartsWith(own, StringComparison.OrdinalIgnoreCase)))
        {
            if (!there.Contains(id))
            {
                throw JsonRead.Refuse("InvalidResourceReference", $"Resource {id} referenced by resource {w.Id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.");
            }
        }
    }

    private static IEnumerable<string> Members(Writing w, string list) => w.Properties[KeyIn(w.Properties, list)] is JsonArray items
        ? items.Select(i => i is JsonObject part ? Text(part["name"]) ?? "" : Text(i) ?? "")
        : w.Old?.Properties[list] is JsonArray names ? names.Select(n => Text(n) ?? "") : [];

    private static void ShowUsers(JsonObject properties, JsonObject part, string list, string member)
    {
        var id = Text(part["id"]);
        var users = ScaleSetJson.Items(properties, list)
            .Where(u => id is not null && id.Equals(Text(At(u, "properties", member, "id")), StringComparison.OrdinalIgnoreCase))
            .Select(u => (JsonNode)new JsonObject { ["id"] = Text(u["id"]) })
            .ToArray();
        if (users.Length > 0)
        {
            ScaleSetJson.Child(part, "properties")[list] = new JsonArray(users);
        }
    }
}

/// <summary>The pools of a balancer: who is in them is said by interfaces and scale sets, or by addresses.</summary>
internal sealed class BackendPools() : ChildType("loadBalancers/backendAddressPools", "backendAddressPools")
{
    public override void CompleteOne(Writing w)
    {
        foreach (var shown in (ReadOnlySpan<string>)["backendIPConfigurations", "loadBalancingRules", "outboundRules", "inboundNatRules"])
        {
            w.Properties.Remove(shown);
        }

        Parts(w.Properties, "loadBalancerBackendAddresses");
        w.Properties[KeyIn(w.Properties, "loadBalancerBackendAddresses")] ??= new JsonArray();
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => users.Count == 0
        ? null
        : new CloudError(400, "LoadBalancerBackendPoolInUse", $"Load balancer backend pool {resource.Id} is in use by {users[0]} and cannot be deleted.");

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        json.Remove("tags");
        var properties = json["properties"]!.AsObject();
        var members = Members(store, resource.Id).ToList();
        if (members.Count == 0)
        {
            return;
        }

        properties["backendIPConfigurations"] = new JsonArray([.. members.Select(m => (JsonNode)new JsonObject { ["id"] = m.Id })]);
        var addresses = (JsonArray)properties["loadBalancerBackendAddresses"]!;
        foreach (var (id, name) in members)
        {
            addresses.Add(new JsonObject
            {
                ["name"] = name,
                ["properties"] = new JsonObject { ["networkInterfaceIPConfiguration"] = new JsonObject { ["id"] = id } },
            });
        }
    }

    private static IEnumerable<(string Id, string Name)> Members(ResourceStore store, ResourceId pool)
    {
        foreach (var nic in store.OfType(Addresses.Interfaces))
        {
            foreach (var part in ScaleSetJson.Items(nic.Properties, "ipConfigurations").Where(p => ResourceStore.Refers(p, pool)))
            {
                var name = Text(part["name"]) ?? "";
                yield return (nic.Id.Child("ipConfigurations", name).Text, $"{pool.Names[0]}_{nic.Name}{name}");
            }
        }

        foreach (var set in store.World.ScaleSets.Where(s => ResourceStore.Refers(s.Model, pool)))
        {
            foreach (var instance in set.Instances.Values)
            {
                foreach (var configuration in InstanceNics.Of(set, instance).SelectMany(InstanceNics.Configurations).Where(c => ResourceStore.Refers(c["properties"]!["loadBalancerBackendAddressPools"], pool)))
                {
                    yield return (configuration["id"]!.GetValue<string>(), $"{pool.Names[0]}_{instance.Name}");
                }
            }
        }
    }
}

/// <summary>Ports of a balancer that lead to one machine each.</summary>
internal sealed class InboundNatRules() : ChildType("loadBalancers/inboundNatRules", "inboundNatRules")
{
    public override void CompleteOne(Writing w)
    {
        w.Properties.Remove("backendIPConfiguration");
        w.Properties["enableFloatingIP"] = Bool(w.Properties, "enableFloatingIP") ?? false;
        w.Properties["idleTimeoutInMinutes"] = Whole(w.Properties, "idleTimeoutInMinutes") ?? 4;
        w.Properties[KeyIn(w.Properties, "protocol")] ??= "Tcp";
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => users.Count == 0
        ? null
        : new CloudError(400, "InboundNatRuleInUse", $"Inbound NAT rule {resource.Id} is in use by {users[0]} and cannot be deleted.");

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        json.Remove("tags");
        var user = store.OfType(Addresses.Interfaces)
            .SelectMany(n => ScaleSetJson.Items(n.Properties, "ipConfigurations").Select(p => (n.Id, Part: p)))
            .FirstOrDefault(p => ResourceStore.Refers(p.Part, resource.Id));
        if (user.Part is not null)
        {
            json["properties"]!.AsObject()["backendIPConfiguration"] =
                new JsonObject { ["id"] = user.Id.Child("ipConfigurations", Text(user.Part["name"]) ?? "").Text };
        }
    }
}
