using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>Managed disks. Those that machines were made with appear and, where their machine says so, go with them.</summary>
internal sealed class Disks() : ResourceType("Microsoft.Compute", "disks")
{
    public const string Type = "Microsoft.Compute/disks";

    public override NameRule Names => NameRule.Machine;

    // Clients take no other for one that is there at once.
    public override int CreatedStatus => 200;

    /// <summary>The disk that a machine's profile means.</summary>
    public static ResourceId IdOf(Resource machine, JsonObject disk) =>
        OptionalText(Object(disk, "managedDisk"), "id") is { } id && ResourceId.Parse(id) is { } given
            ? given
            : ResourceId.Of(machine.Id.Scope, "Microsoft.Compute", "disks", OptionalText(disk, "name") ?? machine.Name);

    /// <summary>Makes the disks of a machine that are not there, and says whose all of them are.</summary>
    public static void MakeFor(Writing w, Resource machine)
    {
        var type = w.Store.TypeOf(Type)!;
        foreach (var disk in Profiles(machine))
        {
            var id = IdOf(machine, disk);
            if (w.Store.Find(id) is { } existing)
            {
                w.Store.Change(id, d => d with { Model = Owned(existing.Model, machine.Id.Text) });
                continue;
            }

            var model = Writing.Empty();
            model["location"] = w.World.Options.Location;
            model["sku"] = new JsonObject { ["name"] = OptionalText(Object(disk, "managedDisk"), "storageAccountType") ?? "Premium_LRS" };
            model["properties"] = new JsonObject
            {
                ["osType"] = disk["osType"]?.DeepClone(),
                ["diskSizeGB"] = Whole(disk, "diskSizeGB") ?? 30,
                ["creationData"] = new JsonObject { ["createOption"] = OptionalText(disk, "createOption") },
            };
            w.Store.Put(new Resource
            {
                Id = id,
                Type = type,
                Model = Owned(model, machine.Id.Text),
                CreatedAt = w.World.Agenda.Now,
                ChangedAt = w.World.Agenda.Now,
            });
        }
    }

    /// <summary>Deletes those disks and interfaces of a machine that go with it, and frees the others.</summary>
    public static void ReleaseFrom(ResourceStore store, Resource machine)
    {
        foreach (var disk in Profiles(machine))
        {
            var id = IdOf(machine, disk);
            if (Goes(disk))
            {
                store.Remove(id);
            }
            else
            {
                store.Change(id, d => d with { Model = Owned(d.Model, null) });
            }
        }

        foreach (var nic in ScaleSetJson.Items(machine.Properties["networkProfile"], "networkInterfaces").Where(n => Goes(Object(n, "properties"))))
        {
            if (store.Find(OptionalText(nic, "id")) is { } found)
            {
                store.Remove(found.Id);
                found.Type.Deleted(store, found);
            }
        }
    }

    protected internal override void Complete(Writing w)
    {
        var properties = w.Properties;
        var create = OptionalText(Object(properties, "creationData"), "createOption") ?? throw Required("creationData.createOption");
        if (Is(create, "Empty") && Whole(properties, "diskSizeGB") is null)
        {
            throw Required("disk.diskSizeGB");
        }

        if (w.Old is { } old && Whole(old.Properties, "diskSizeGB") is { } was && Whole(properties, "diskSizeGB") is { } now && now < was)
        {
            throw new ModelException(new CloudError(409, "OperationNotAllowed", $"Disk size cannot be reduced: '{was}' to '{now}' GB."));
        }

        w.Model[KeyIn(w.Model, "sku")] = new JsonObject { ["name"] = OptionalText(Object(w.Model, "sku"), "name") ?? "Standard_LRS" };
        if (w.Old?.Model["managedBy"] is { } owner)
        {
            w.Model["managedBy"] = owner.DeepClone();
        }
    }

    protected internal override Outcome<Operation?> Write(Writing w) =>
        w.Old is { } old && Whole(old.Properties, "diskSizeGB") != Whole(w.Properties, "diskSizeGB") && OwnerOf(w.Store, old) is { } owner
            && w.World.FindMachine(owner.Id.Group!, owner.Name) is (_, { Power: not PowerState.Deallocated })
            ? new CloudError(409, "OperationNotAllowed", $"Cannot resize disk {w.Id.Name} while it is attached to running VM {owner.Id}. Resizing a disk of an Azure Virtual Machine requires the virtual machine to be deallocated. Please stop your VM and retry the operation.")
            : new Outcome<Operation?>();

    // Its machine shows how large it is.
    protected internal override void Written(Writing w, Resource resource)
    {
        if (OwnerOf(w.Store, resource) is { } owner && owner.Properties["storageProfile"]?["osDisk"] is JsonObject profile && IdOf(owner, profile) == resource.Id)
        {
            w.Store.Change(owner.Id, machine =>
            {
                var model = machine.Model.DeepClone().AsObject();
                model["properties"]!["storageProfile"]!["osDisk"]!["diskSizeGB"] = Whole(resource.Properties, "diskSizeGB");
                return machine with { Model = model };
            });
        }
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) =>
        Text(resource.Model["managedBy"]) is { } owner && store.Find(owner) is not null
            ? new CloudError(409, "OperationNotAllowed", $"Disk {resource.Name} is attached to VM {owner}.")
            : null;

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = ScaleSetJson.Child(json, "properties");
        var size = Whole(resource.Properties, "diskSizeGB") ?? 30;
        properties["diskSizeBytes"] = (long)size << 30;
        properties["timeCreated"] = ScaleSetJson.Time(resource.CreatedAt);
        properties["uniqueId"] = Principals.PrincipalOf($"disk {resource.Id.Key} {resource.CreatedAt.Ticks}");
        properties["diskState"] = resource.Model["managedBy"] is null ? "Unattached" : "Attached";
        ScaleSetJson.Child(json, "sku")["tier"] = Text(At(json, "sku", "name"))!.StartsWith("Premium", StringComparison.OrdinalIgnoreCase) ? "Premium" : "Standard";
    }

    private static IEnumerable<JsonObject> Profiles(Resource machine)
    {
        var storage = machine.Properties["storageProfile"] as JsonObject;
        return storage?["osDisk"] is JsonObject os ? ScaleSetJson.Items(storage, "dataDisks").Prepend(os) : [];
    }

    private static Resource? OwnerOf(ResourceStore store, Resource disk) => Text(disk.Model["managedBy"]) is { } owner ? store.Find(owner) : null;

    private static bool Goes(JsonObject? options) => "Delete".Equals(OptionalText(options, "deleteOption"), StringComparison.OrdinalIgnoreCase);

    private static JsonObject Owned(JsonObject model, string? owner)
    {
        var owned = model.DeepClone().AsObject();
        owned.Remove("managedBy");
        if (owner is not null)
        {
            owned["managedBy"] = owner;
        }

        return owned;
    }
}
