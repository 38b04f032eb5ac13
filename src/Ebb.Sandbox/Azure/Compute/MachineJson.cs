using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>A single machine as resource manager shows it.</summary>
internal static class MachineJson
{
    public static void Show(ResourceStore store, Resource resource, JsonObject json, string expand, bool statusOnly)
    {
        var properties = ScaleSetJson.Child(json, "properties");
        if (!expand.Contains("userData", StringComparison.OrdinalIgnoreCase))
        {
            properties.Remove("userData");
        }

        if (properties["osProfile"] is JsonObject os)
        {
            ScaleSetJson.CompleteOs(os);
        }

        var storage = ScaleSetJson.Child(properties, "storageProfile");
        var disk = ScaleSetJson.Child(storage, "osDisk");
        ScaleSetJson.Child(disk, "managedDisk")["id"] = Disks.IdOf(resource, disk).Text;
        foreach (var data in ScaleSetJson.Items(storage, "dataDisks"))
        {
            ScaleSetJson.Child(data, "managedDisk")["id"] ??= Disks.IdOf(resource, data).Text;
        }

        properties["timeCreated"] = ScaleSetJson.Time(resource.CreatedAt);
        if (store.World.FindMachine(resource.Id.Group!, resource.Name) is not var (set, machine))
        {
            return;
        }

        properties["vmId"] = machine.VmId;
        if (resource.Provisioning != ProvisioningState.Deleting)
        {
            properties["provisioningState"] = machine.Provisioning.ToString();
        }

        if (statusOnly || expand.Contains("instanceView", StringComparison.OrdinalIgnoreCase))
        {
            properties["instanceView"] = InstanceJson.View(set, machine);
        }
    }

    public static JsonObject View(ResourceStore store, Resource resource) =>
        store.World.FindMachine(resource.Id.Group!, resource.Name) is var (set, machine) ? InstanceJson.View(set, machine) : [];

    /// <summary>Where the console's text is read.</summary>
    public static ArmReply BootDiagnostics(ResourceStore store, Resource resource, ConsoleLogs consoles, ArmRequest r)
    {
        if (JsonRead.Bool(JsonRead.At(resource.Properties, "diagnosticsProfile", "bootDiagnostics") as JsonObject, "enabled") != true)
        {
            return ArmReply.Error(409, "OperationNotAllowed",
                $"Boot diagnostics is not enabled on the virtual machine '{resource.Name}'. Enable boot diagnostics and try again.");
        }

        return store.World.FindMachine(resource.Id.Group!, resource.Name) is var (_, machine)
            ? new ArmReply(200, consoles.Addresses(machine, r.BaseUrl))
            : ArmReply.Error(ResourceRoutes.NotFound(resource.Id));
    }
}
