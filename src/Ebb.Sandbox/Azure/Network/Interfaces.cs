using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Compute;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>Network interfaces of machines outside scale sets.</summary>
internal sealed class Interfaces() : NetworkType("networkInterfaces")
{
    private const string Configurations = "ipConfigurations";
    private const string Machines = "Microsoft.Compute/virtualMachines";

    // How long an interface stays with a machine that could not be made.
    private static readonly TimeSpan Reservation = TimeSpan.FromSeconds(180);

    private readonly Dictionary<string, (string Machine, DateTimeOffset Until)> _reserved = [];

    /// <summary>Answered as done: an interface is there with its answer.</summary>
    protected internal override Latency? WriteTakes(Writing w) => null;

    protected internal override void Complete(Writing w)
    {
        var p = w.Properties;
        foreach (var shown in (ReadOnlySpan<string>)["macAddress", "virtualMachine", "primary", "nicType", "hostedWorkloads", "tapConfigurations"])
        {
            p.Remove(shown);
        }

        var parts = Parts(p, Configurations);
        if (parts.Count == 0)
        {
            throw JsonRead.Refuse("NetworkInterfaceMustHaveAtLeastOneIpConfiguration", $"Network interface {w.Id} must have at least one ip configuration.");
        }

        if (parts.Count(x => Bool(Object(x, "properties"), "primary") == true) is var primary && primary > 1)
        {
            throw JsonRead.Refuse("MultiplePrimaryIpConfigurationsOnNic", $"Network interface {w.Id} has more than one primary ip configuration.");
        }

        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            var self = w.Id.Child(Configurations, Text(part["name"])!);
            PublicAddresses.CheckFree(w, self, part);
            Addresses.Assign(w, self, part, Before(w.Old, self.Name), taken);
            var properties = part["properties"]!.AsObject();
            properties["primary"] = primary == 0 ? part == parts[0] : Bool(properties, "primary") ?? false;
        }

        p["enableAcceleratedNetworking"] = Bool(p, "enableAcceleratedNetworking") ?? false;
        p["enableIPForwarding"] = Bool(p, "enableIPForwarding") ?? false;
        p["disableTcpStateTracking"] = Bool(p, "disableTcpStateTracking") ?? false;
        p["nicType"] = "Standard";
        p["resourceGuid"] = StableId(w.Id, "interface");
        w.Model["kind"] = "Regular";
        var dns = ScaleSetJson.Child(p, "dnsSettings");
        dns[KeyIn(dns, "dnsServers")] ??= new JsonArray();
        dns["appliedDnsServers"] = new JsonArray();
        dns["internalDomainNameSuffix"] = $"{StableId(w.Id, "dns").Replace("-", "", StringComparison.Ordinal)[..26]}.bx.internal.cloudapp.net";
    }

    protected internal override Outcome<Operation?> Write(Writing w) =>
        Holder(w.Store, w.Id) is { } machine && Acceleration.RefusalOfCard(w, machine) is { } refused ? refused : base.Write(w);

    protected internal override void Written(Writing w, Resource resource) => PublicAddresses.Refresh(w.Store);

    protected internal override void Deleted(ResourceStore store, Resource resource)
    {
        _reserved.Remove(resource.Id.Key);
        PublicAddresses.Refresh(store);
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users)
    {
        if (users.Count > 0)
        {
            return new CloudError(400, "NicInUse", $"Network Interface {resource.Id} is used by existing resource {users[0]}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.");
        }

        return Reserved(store, resource.Id, null);
    }

    /// <summary>A machine that has it could not be made: nobody else gets it for a while, and it cannot be deleted.</summary>
    public void Reserve(ResourceStore store, ResourceId id, string machine) =>
        _reserved[id.Key] = (machine, store.World.Agenda.Now + Reservation);

    /// <summary>Why a machine may not have an interface, or nobody may delete it; null when it is free.</summary>
    public CloudError? Reserved(ResourceStore store, ResourceId id, string? machine)
    {
        if (_reserved.TryGetValue(id.Key, out var reserved) && reserved.Until > store.World.Agenda.Now
            && !reserved.Machine.Equals(machine, StringComparison.OrdinalIgnoreCase))
        {
            return new CloudError(400, "NicReservedForAnotherVm",
                $"Nic(s) in request is reserved for another Virtual Machine for 180 seconds. Please provide another nic(s) or retry after 180 seconds. Reserved VM: {reserved.Machine}");
        }

        return null;
    }

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = json["properties"]!.AsObject();
        ShowParts(resource, properties, Configurations);
        if (Holder(store, resource.Id) is { } holder)
        {
            properties["virtualMachine"] = new JsonObject { ["id"] = holder.Id.Text };
            properties["primary"] = IsPrimary(holder, resource.Id);
            properties["macAddress"] = string.Join('-', MacOf(resource.Id).Chunk(2).Select(c => new string(c)));
        }
    }

    /// <summary>Twelve hexadecimal digits, the same as long as the interface is called the same.</summary>
    public static string MacOf(ResourceId id) => $"000D3A{StableId(id, "mac")[..6].ToUpperInvariant()}";

    private static Resource? Holder(ResourceStore store, ResourceId id) =>
        store.OfType(Machines).FirstOrDefault(m => ResourceStore.Refers(m.Properties["networkProfile"], id));

    private static bool IsPrimary(Resource machine, ResourceId id)
    {
        var all = ScaleSetJson.Items(machine.Properties["networkProfile"], "networkInterfaces").ToList();
        var own = all.Find(n => id.Text.Equals(Text(n["id"]), StringComparison.OrdinalIgnoreCase));
        return Bool(own?["properties"] as JsonObject, "primary") ?? all.Count == 1;
    }

    private static string? Before(Resource? old, string name) => old is null
        ? null
        : ScaleSetJson.Items(old.Properties, Configurations)
            .Where(p => name.Equals(Text(p["name"]), StringComparison.OrdinalIgnoreCase))
            .Select(p => Text(At(p, "properties", "privateIPAddress")))
            .FirstOrDefault();
}
