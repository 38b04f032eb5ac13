using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Network;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>Reads what a single machine is asked to be; every refusal in the cloud's own words.</summary>
internal static class MachineModel
{
    // 64 KiB in base64.
    private const int MostCustomData = 87_380;

    // What only answers have, in bodies that were read and are put back.
    private static readonly string[] ReadOnly = ["vmId", "provisioningState", "timeCreated", "instanceView", "resources"];

    public static void Complete(Writing w)
    {
        var properties = w.Properties;
        foreach (var name in ReadOnly)
        {
            properties.Remove(name);
        }

        w.Model.Remove("resources");
        var size = OptionalText(Object(properties, "hardwareProfile"), "vmSize") ?? throw Required("hardwareProfile");
        properties["hardwareProfile"] = new JsonObject { ["vmSize"] = SizeOf(w.World, size).Name };
        CompleteOs(w);
        CompleteStorage(w);
        if (Nics(properties).Count == 0)
        {
            throw Required("networkProfile");
        }

        CheckPlacement(w);
        CheckSame(w);
    }

    /// <summary>The ids of the interfaces, the primary one first.</summary>
    public static List<string> Nics(JsonObject properties) =>
        [.. ScaleSetJson.Items(properties["networkProfile"], "networkInterfaces")
            .OrderByDescending(n => Bool(Object(n, "properties"), "primary") ?? false)
            .Select(n => OptionalText(n, "id") ?? throw Required("networkInterfaces.id"))];

    /// <summary>The refusal when an interface is another machine's; else null.</summary>
    public static CloudError? NicTaken(Writing w)
    {
        foreach (var id in Nics(w.Properties).Select(ResourceId.Parse).OfType<ResourceId>())
        {
            var machine = w.Store.OfType(w.Id.FullType).FirstOrDefault(m => m.Id != w.Id && ResourceStore.Refers(m.Properties["networkProfile"], id));
            if (machine is not null)
            {
                return new CloudError(409, "NicInUse",
                    $"Network Interface {id} is used by existing resource {machine.Id}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.");
            }

            if ((w.Store.TypeOf(id.FullType) as Interfaces)?.Reserved(w.Store, id, w.Id.Text) is { } reserved)
            {
                return reserved;
            }
        }

        return null;
    }

    /// <summary>A machine that could not be made keeps its interfaces from others for a while.</summary>
    public static void ReserveNics(ResourceStore store, Resource machine)
    {
        foreach (var id in Nics(machine.Properties).Select(ResourceId.Parse).OfType<ResourceId>())
        {
            (store.TypeOf(id.FullType) as Interfaces)?.Reserve(store, id, machine.Id.Text);
        }
    }

    /// <summary>What the world is told.</summary>
    public static ScaleSetSpec Spec(Writing w)
    {
        var properties = w.Properties;
        var size = Text(properties["hardwareProfile"]!["vmSize"])!;
        return new ScaleSetSpec
        {
            Size = size,
            Capacity = 1,
            Tags = ScaleSetModel.ReadTags(w.Model),
            Zones = Texts(w.Model, "zones"),
            Priority = ReadPriority(properties),
            EvictionPolicy = Enumeration<EvictionPolicy>(properties, "evictionPolicy") ?? EvictionPolicy.Deallocate,
            EphemeralDisk = ScaleSetModel.IsEphemeral(properties, SizeOf(w.World, size)),
            ComputerNamePrefix = OptionalText(Object(properties, "osProfile"), "computerName") ?? w.Id.Name,
            Address = AddressOf(w.Store, Nics(properties)[0]),
            MacAddress = ResourceId.Parse(Nics(properties)[0]) is { } nic ? Interfaces.MacOf(nic) : null,
        };
    }

    /// <summary>The model in the form of a scale set's, which drivers and the metadata service read.</summary>
    public static JsonObject ForWorld(Writing w)
    {
        var model = w.Model.DeepClone().AsObject();
        var profile = model["properties"]!.DeepClone().AsObject();
        model["properties"] = new JsonObject(new JsonNodeOptions { PropertyNameCaseInsensitive = true }) { ["virtualMachineProfile"] = profile };
        return model;
    }

    private static (string Address, string Subnet)? AddressOf(ResourceStore store, string nic)
    {
        var configurations = ScaleSetJson.Items(store.Find(nic)?.Properties, "ipConfigurations").ToList();
        var primary = configurations.Find(c => Bool(Object(c, "properties"), "primary") == true) ?? configurations.FirstOrDefault();
        return Text(At(primary, "properties", "privateIPAddress")) is { } address && store.Find(Text(At(primary, "properties", "subnet", "id"))) is { } subnet
            ? (address, Subnets.RangesOf(subnet.Model).First(r => r.IsV4).ToString())
            : null;
    }

    private static Size SizeOf(CloudWorld world, string name) =>
        world.Options.Sizes.FirstOrDefault(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw Invalid("vmSize", $"The value {name} provided for the VM size is not valid. The valid sizes in the current region are: {string.Join(',', world.Options.Sizes.Select(s => s.Name))}.");

    private static Priority ReadPriority(JsonObject properties) => OptionalText(properties, "priority") switch
    {
        null => Priority.Regular,
        { } text when Is(text, "Regular") => Priority.Regular,
        { } text when Is(text, "Spot", "Low") => Priority.Spot,
        { } text => throw Invalid("priority", $"The value '{text}' of parameter 'priority' is not valid. Allowed values are 'Regular', 'Low', 'Spot'."),
    };

    private static void CompleteOs(Writing w)
    {
        var os = Object(w.Properties, "osProfile");
        if (os is null)
        {
            // A disk that already has its system comes without.
            return;
        }

        os["computerName"] = OptionalText(os, "computerName") ?? throw Required("osProfile.computerName");
        if (Text(os["computerName"]) is not { Length: >= 1 and <= 64 } host || !host.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') || host[^1] is '-' or '.')
        {
            throw Invalid("computerName", $"The computer name '{Text(os["computerName"])}' is not valid. It must have 1 to 64 letters, digits, hyphens or periods, and end with a letter or digit.");
        }

        _ = OptionalText(os, "adminUsername") ?? throw Required("osProfile.adminUsername");
        var custom = OptionalText(os, "customData");
        if (custom is not null && (custom.Length > MostCustomData || !Convert.TryFromBase64String(custom, new byte[custom.Length], out _)))
        {
            throw Invalid("customData", $"Custom data in OSProfile must be in Base64 encoding and with a maximum length of {MostCustomData} characters.");
        }

        var password = OptionalText(os, "adminPassword") is not null || w.Old is not null;
        var keys = ScaleSetJson.Items(At(os, "linuxConfiguration", "ssh"), "publicKeys").Any();
        if (!password && !keys)
        {
            throw Invalid("linuxConfiguration.ssh.publicKeys", "Authentication using either SSH or by user name and password must be enabled in Linux profile.");
        }

        os.Remove("adminPassword");
        ScaleSetJson.CompleteOsKept(os);
    }

    private static void CompleteStorage(Writing w)
    {
        var storage = Object(w.Properties, "storageProfile") ?? throw Required("storageProfile");
        var disk = Object(storage, "osDisk");
        if (disk is null)
        {
            storage["osDisk"] = disk = Writing.Empty();
        }

        var create = OptionalText(disk, "createOption") ?? "FromImage";
        if (Is(create, "FromImage") && Object(storage, "imageReference") is null)
        {
            throw Required("imageReference");
        }

        if (Object(storage, "imageReference") is { } image && OptionalText(image, "id") is null)
        {
            Images.Check(w.World, image);
        }

        disk["createOption"] = create;
        disk["osType"] = OptionalText(disk, "osType") ?? "Linux";
        disk["name"] = OptionalText(disk, "name") ?? $"{w.Id.Name}_OsDisk_1_{w.World.NewId().Replace("-", "", StringComparison.Ordinal)}";
        disk["caching"] = OptionalText(disk, "caching") ?? "ReadWrite";
        disk["diskSizeGB"] = Whole(disk, "diskSizeGB") ?? 30;
        disk["deleteOption"] = OptionalText(disk, "deleteOption") ?? "Detach";
        var managed = ScaleSetJson.Child(disk, "managedDisk");
        managed["storageAccountType"] = OptionalText(managed, "storageAccountType") ?? "Premium_LRS";
        storage["dataDisks"] ??= new JsonArray();
        foreach (var data in ScaleSetJson.Items(storage, "dataDisks"))
        {
            var lun = Whole(data, "lun") ?? throw Required("dataDisks.lun");
            data["name"] = OptionalText(data, "name") ?? $"{w.Id.Name}_disk{lun + 2}_{w.World.NewId().Replace("-", "", StringComparison.Ordinal)}";
            data["caching"] = OptionalText(data, "caching") ?? "None";
            data["deleteOption"] = OptionalText(data, "deleteOption") ?? "Detach";
            CheckManaged(data);
        }

        CheckManaged(disk);
        foreach (var nic in ScaleSetJson.Items(w.Properties["networkProfile"], "networkInterfaces"))
        {
            _ = OptionalText(Object(nic, "properties"), "deleteOption");
            _ = Bool(Object(nic, "properties"), "primary");
        }
    }

    /// <summary>What is read again when the machine is there, or goes, must not be found wrong only then.</summary>
    private static void CheckManaged(JsonObject disk)
    {
        var managed = Object(disk, "managedDisk");
        _ = OptionalText(managed, "id");
        _ = OptionalText(managed, "storageAccountType");
        _ = Whole(disk, "diskSizeGB");
    }

    private static void CheckPlacement(Writing w)
    {
        var properties = w.Properties;
        var zones = Texts(w.Model, "zones");
        if (zones.Length > 1)
        {
            throw Refuse("InvalidParameter", "Only one zone may be given for a virtual machine.");
        }

        foreach (var zone in zones.Where(z => !w.World.Options.Zones.Contains(z)))
        {
            throw Refuse("InvalidAvailabilityZone", $"The zone(s) '{zone}' for resource 'Microsoft.Compute/virtualMachines/{w.Id.Name}' is not supported. The supported zones for location '{w.World.Options.Location}' are '{string.Join(',', w.World.Options.Zones)}'");
        }

        var spot = ReadPriority(properties) == Priority.Spot;
        var eviction = Enumeration<EvictionPolicy>(properties, "evictionPolicy");
        if (eviction is not null && !spot)
        {
            throw Refuse("EvictionPolicyCanBeSetOnlyOnAzureSpotVirtualMachines", "Eviction policy can be set only on Azure Spot Virtual Machines.");
        }

        if (Object(properties, "availabilitySet") is not null)
        {
            if (spot)
            {
                throw Refuse("AzureSpotVMNotSupportedInAvailabilitySet", "Azure Spot Virtual Machine is not supported in Availability Set.");
            }

            if (zones.Length > 0)
            {
                throw Refuse("AvailabilitySetAndZonesSpecified", "Availability set and availability zones cannot both be specified for a virtual machine.");
            }
        }

        var size = SizeOf(w.World, Text(properties["hardwareProfile"]!["vmSize"])!);
        if (spot && size.SpotPrice is null)
        {
            throw Refuse("AzureSpotIsNotSupportedForThisVMSize", $"Azure spot is not supported for this VM size {size.Name}.");
        }

        _ = ScaleSetModel.IsEphemeral(properties, size);
    }

    private static readonly ImmutableArray<string> Fixed =
    [
        "osProfile.computerName", "osProfile.adminUsername", "osProfile.customData", "osProfile.linuxConfiguration", "storageProfile.imageReference",
        "storageProfile.osDisk.name", "availabilitySet", "priority",
    ];

    private static void CheckSame(Writing w)
    {
        if (w.Old is not { } old)
        {
            return;
        }

        if (!Texts(old.Model, "zones").Order().SequenceEqual(Texts(w.Model, "zones").Order()))
        {
            throw new ModelException(CloudErrors.PropertyChange("zones"));
        }

        foreach (var path in Fixed)
        {
            if (!Same(At(old.Properties, path.Split('.')), At(w.Properties, path.Split('.'))))
            {
                throw new ModelException(CloudErrors.PropertyChange(path));
            }
        }
    }

    // Ids come back in other casings than they were sent in.
    private static bool Same(JsonNode? a, JsonNode? b) => a is JsonObject && b is JsonObject
        ? string.Equals(a.ToJsonString(), b.ToJsonString(), StringComparison.OrdinalIgnoreCase) || JsonNode.DeepEquals(a, b)
        : string.Equals(Text(a), Text(b), StringComparison.Ordinal);
}
