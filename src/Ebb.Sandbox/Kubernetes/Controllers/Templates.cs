using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Makes the objects that controllers create.</summary>
internal static class Templates
{
    /// <summary>A pod after a workload's template, owned by it.</summary>
    public static JsonObject Pod(KubeObject owner, JsonNode? template)
    {
        var metadata = new JsonObject
        {
            ["namespace"] = owner.Namespace,
            ["labels"] = template.At("metadata", "labels")?.DeepClone() ?? new JsonObject(),
            ["annotations"] = template.At("metadata", "annotations")?.DeepClone() ?? new JsonObject(),
            ["ownerReferences"] = new JsonArray(OwnedBy(owner)),
        };
        if (template.At("metadata", "finalizers") is { } finalizers)
        {
            metadata["finalizers"] = finalizers.DeepClone();
        }

        return new JsonObject { ["metadata"] = metadata, ["spec"] = template.At("spec")?.DeepClone() ?? new JsonObject() };
    }

    public static JsonObject OwnedBy(KubeObject owner) => new()
    {
        ["apiVersion"] = owner.Kind.ApiVersion,
        ["kind"] = owner.Kind.Name,
        ["name"] = owner.Name,
        ["uid"] = owner.Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    /// <summary>Names generated from an object's name leave room for a suffix.</summary>
    public static string Prefix(string name) => (name.Length > 57 ? name[..57] : name) + "-";

    /// <summary>The pods that an object controls.</summary>
    public static IEnumerable<KubeObject> PodsOf(this ObjectStore store, KubeObject owner) =>
        store.OwnedBy(owner.Uid).Where(item => item.Kind == Kinds.Pod && PodView.Of(item).Owner?.Uid == owner.Uid);

    /// <summary>
    /// Creates what a controller wants; what is refused (a quota, a namespace that is going, a template that no longer
    /// passes) is told as an event and tried again later.
    /// </summary>
    public static KubeObject? TryCreate(this ControllerContext context, Kind kind, JsonObject json, KubeObject about)
    {
        try
        {
            return context.Store.Create(kind, json);
        }
        catch (ApiException e)
        {
            context.Events.Warning(about, ControllerContext.Component(about), "FailedCreate", $"Error creating: {e.Message}");
            return null;
        }
    }
}
