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

    /// <summary>Where the console's text and picture would be read; there is nothing to read before the machine has booted.</summary>
    public static ArmReply BootDiagnostics(ResourceStore store, Resource resource, ArmRequest r)
    {
        if (JsonRead.Bool(JsonRead.At(resource.Properties, "diagnosticsProfile", "bootDiagnostics") as JsonObject, "enabled") != true)
        {
            return ArmReply.Error(409, "OperationNotAllowed",
                $"Boot diagnostics is not enabled on the virtual machine '{resource.Name}'. Enable boot diagnostics and try again.");
        }

        var serial = $"{r.BaseUrl}/bootdiagnostics/{store.World.FindMachine(resource.Id.Group!, resource.Name)?.Machine.VmId}";
        return new ArmReply(200, new JsonObject
        {
            ["consoleScreenshotBlobUri"] = $"{serial}/screenshot.bmp",
            ["serialConsoleLogBlobUri"] = $"{serial}/serialconsole.log",
        });
    }
}
