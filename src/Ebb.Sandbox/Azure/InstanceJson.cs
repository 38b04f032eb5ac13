using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Network;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>An instance, its view and its network interface as resource manager shows them.</summary>
internal static class InstanceJson
{
    public static JsonObject Of(ScaleSet set, Instance i, bool view)
    {
        var profile = (JsonRead.At(set.ModelOf(i), "properties", "virtualMachineProfile") as JsonObject ?? []).DeepClone().AsObject();
        var os = ScaleSetJson.Child(profile, "osProfile");
        os.Remove("computerNamePrefix");
        os["computerName"] = i.ComputerName;
        ScaleSetJson.CompleteOs(os);
        var storage = ScaleSetJson.Child(profile, "storageProfile");
        var disk = ScaleSetJson.Child(storage, "osDisk");
        disk["osType"] ??= "Linux";
        disk["name"] = DiskName(set, i);
        storage["dataDisks"] ??= new JsonArray();

        var properties = new JsonObject
        {
            ["latestModelApplied"] = i.ModelVersion == set.ModelVersion,
            ["modelDefinitionApplied"] = "VirtualMachineScaleSet",
            ["vmId"] = i.VmId,
            ["provisioningState"] = i.Provisioning.ToString(),
            ["timeCreated"] = ScaleSetJson.Time(i.CreatedAt),
            ["resilientVMDeletionStatus"] = "Disabled",
            ["hardwareProfile"] = new JsonObject { ["vmSize"] = i.Size },
            ["osProfile"] = os.DeepClone(),
            ["storageProfile"] = storage.DeepClone(),
            ["networkProfile"] = new JsonObject { ["networkInterfaces"] = new JsonArray([.. InstanceNics.Of(set, i).Select(n => (JsonNode)new JsonObject { ["id"] = n["id"]!.DeepClone() })]) },
            ["networkProfileConfiguration"] = JsonRead.At(set.Model, "properties", "virtualMachineProfile", "networkProfile")?.DeepClone() ?? new JsonObject(),
            ["protectionPolicy"] = new JsonObject
            {
                ["protectFromScaleIn"] = i.ProtectedFromScaleIn,
                ["protectFromScaleSetActions"] = i.ProtectedFromSetActions,
            },
        };
        if (view)
        {
            properties["instanceView"] = View(set, i);
        }

        var json = new JsonObject
        {
            ["name"] = i.Name,
            ["instanceId"] = i.Id,
            ["id"] = i.ResourceId,
            ["type"] = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
            ["location"] = set.Location,
            ["tags"] = ScaleSetJson.Tags(set),
            ["sku"] = new JsonObject { ["name"] = i.Size, ["tier"] = set.Spec.Tier },
            ["etag"] = i.ETagText,
            ["properties"] = properties,
        };
        if (i.Zone.Length > 0)
        {
            json["zones"] = new JsonArray(i.Zone);
        }

        return json;
    }

    public static JsonObject View(ScaleSet set, Instance i)
    {
        var time = ScaleSetJson.Time(i.CreatedAt);
        var provisioning = Status(ProvisioningCode(i), ProvisioningText(i));
        provisioning["level"] = i.Provisioning == ProvisioningState.Failed ? "Error" : "Info";
        provisioning["time"] = time;
        if (i.Failure is { } failure)
        {
            provisioning["message"] = failure.Message;
        }

        var view = new JsonObject
        {
            ["placementGroupId"] = set.PlacementGroupId,
            ["platformUpdateDomain"] = i.Number % 5,
            ["platformFaultDomain"] = i.FaultDomain,
            ["computerName"] = i.ComputerName,
            ["osName"] = "debian",
            ["osVersion"] = "12",
            ["hyperVGeneration"] = "V2",
            ["vmAgent"] = i.GuestUp
                ? Agent("ProvisioningState/succeeded", "Ready", "Guest Agent is running", time)
                : Agent("ProvisioningState/Unavailable", "Not Ready", "VM status blob is found but not yet populated.", time),
            ["disks"] = new JsonArray(new JsonObject
            {
                ["name"] = DiskName(set, i),
                ["statuses"] = new JsonArray(Timed(Status("ProvisioningState/succeeded", "Provisioning succeeded"), time)),
            }),
            ["statuses"] = new JsonArray(provisioning, Status(PowerCode(i), $"VM {i.Power.ToString().ToLowerInvariant()}")),
        };
        if (set.Standalone)
        {
            view.Remove("placementGroupId");
        }

        return view;
    }

    public static string ProvisioningCode(Instance i) =>
        $"ProvisioningState/{i.Provisioning.ToString().ToLowerInvariant()}" + (i.Failure is { } failure ? $"/{failure.Code}" : "");

    public static string PowerCode(Instance i) => $"PowerState/{i.Power.ToString().ToLowerInvariant()}";

    public static string DiskName(ScaleSet set, Instance i) => set.Standalone
        ? JsonRead.Text(JsonRead.At(set.Model, "properties", "virtualMachineProfile", "storageProfile", "osDisk", "name")) ?? $"{i.Name}_OsDisk"
        : $"{i.Set}_{i.Name}_OS__1_{i.VmId.Replace("-", "", StringComparison.Ordinal)}";

    private static string ProvisioningText(Instance i) => i.Provisioning switch
    {
        ProvisioningState.Creating => "Creating",
        ProvisioningState.Updating => "Updating",
        ProvisioningState.Deleting => "Deleting",
        ProvisioningState.Failed => "Provisioning failed",
        _ => "Provisioning succeeded",
    };

    private static JsonObject Agent(string code, string display, string message, string time)
    {
        var status = Timed(Status(code, display), time);
        status["message"] = message;
        return new JsonObject { ["vmAgentVersion"] = "2.9.1.1", ["statuses"] = new JsonArray(status) };
    }

    private static JsonObject Status(string code, string display) =>
        new() { ["code"] = code, ["level"] = "Info", ["displayStatus"] = display };

    private static JsonObject Timed(JsonObject status, string time)
    {
        status["time"] = time;
        return status;
    }
}
