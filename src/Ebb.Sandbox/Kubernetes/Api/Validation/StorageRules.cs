using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What claims, volumes and classes must look like.</summary>
internal static class StorageRules
{
    private const long MostOfUsers = 1_000_000_000;
    private static readonly string[] Modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    public static void CheckClaim(JsonNode? spec, Problems problems)
    {
        CheckModes(spec, "at least 1 access mode is required", problems);
        if (spec.At("resources", "requests", "storage") is not { } storage)
        {
            problems.Add(Problem.Required("spec.resources[storage]"));
        }
        else if (Quantity.ValueOf(storage) <= 0)
        {
            problems.Add(Problem.Invalid("spec.resources[storage]", storage.DeepClone(), "must be greater than zero"));
        }
    }

    public static void CheckVolume(JsonNode? spec, Problems problems)
    {
        CheckModes(spec, "", problems);
        if (spec.Object("capacity") is not { Count: > 0 } capacity)
        {
            problems.Add(Problem.Required("spec.capacity"));
        }
        else if (!capacity.ContainsKey("storage"))
        {
            problems.Add(Problem.Unsupported("spec.capacity", capacity.DeepClone(), "storage"));
        }

        if (spec is JsonObject json && !json.Any(part => part.Value is JsonObject && part.Key is not ("capacity" or "claimRef" or "nodeAffinity")))
        {
            problems.Add(Problem.Required("spec", "must specify a volume type"));
        }
    }

    public static void CheckStorageClass(JsonObject json, Problems problems)
    {
        if (string.IsNullOrEmpty(json.Text("provisioner")))
        {
            problems.Add(Problem.Required("provisioner"));
        }
    }

    public static void CheckStorageClassChange(KubeObject stored, JsonObject json, Problems problems)
    {
        foreach (var part in new[] { "parameters", "provisioner", "reclaimPolicy", "volumeBindingMode" })
        {
            if (!JsonNode.DeepEquals(stored.Json[part], json[part]))
            {
                problems.Add(Problem.Forbidden(part, $"updates to {part} are forbidden."));
            }
        }
    }

    public static void CheckPriorityClass(JsonObject json, Problems problems)
    {
        var name = json.Text("metadata", "name") ?? "";
        if (name.StartsWith("system-", StringComparison.Ordinal))
        {
            if (name is not ("system-node-critical" or "system-cluster-critical"))
            {
                problems.Add(Problem.Forbidden(
                    "metadata.name",
                    $"priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class"));
            }
        }
        else if (json.Whole("value") > MostOfUsers)
        {
            problems.Add(Problem.Forbidden("value", $"maximum allowed value of a user defined priority is {MostOfUsers}"));
        }
    }

    private static void CheckModes(JsonNode? spec, string none, Problems problems)
    {
        if (spec.Array("accessModes") is not { Count: > 0 })
        {
            problems.Add(Problem.Required("spec.accessModes", none));
        }

        foreach (var mode in spec.Texts("accessModes").Where(mode => !Modes.Contains(mode)))
        {
            problems.Add(Problem.Unsupported("spec.accessModes", mode, Modes));
        }
    }
}
