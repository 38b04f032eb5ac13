using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Volumes that are there and that a claim without one could have.</summary>
internal static class FreeVolumes
{
    /// <summary>One reserved for the claim alone, where there is one; else all that are large enough and of its kind.</summary>
    public static IReadOnlyList<KubeObject> For(KubeObject claim, ObjectStore store)
    {
        List<KubeObject> fitting =
        [
            .. store.List(Kinds.PersistentVolume).Where(volume => !volume.Deleting && IsLargeEnough(volume.Json["spec"], claim.Json["spec"])),
        ];
        var reserved = fitting.FindAll(volume => IsReservedFor(volume, claim));
        return reserved.Count > 0 ? reserved : fitting.FindAll(volume => IsFree(volume) && IsOfTheKind(volume, claim));
    }

    /// <summary>Whether a volume can be reached from a node.</summary>
    public static bool Reaches(KubeObject volume, NodeView node) =>
        volume.Json["spec"].At("nodeAffinity", "required") is not { } required
        || NodeSelection.Terms(required).Any(term => term.Matches(node));

    private static bool IsLargeEnough(JsonNode? volume, JsonNode? claim) =>
        ClassOf(volume) == ClassOf(claim)
        && Amount(volume.At("capacity", "storage")) >= Amount(claim.At("resources", "requests").At("storage"))
        && (volume.Text("volumeMode") ?? "Filesystem") == (claim.Text("volumeMode") ?? "Filesystem");

    private static bool IsReservedFor(KubeObject volume, KubeObject claim)
    {
        var reference = volume.Json["spec"].At("claimRef");
        return reference.Text("name") == claim.Name
            && reference.Text("namespace") == claim.Namespace
            && (reference.Text("uid") is not { Length: > 0 } uid || uid == claim.Uid);
    }

    private static bool IsFree(KubeObject volume) =>
        volume.Json["spec"].At("claimRef") is null && volume.Json["status"].Text("phase") is not ("Released" or "Failed");

    private static bool IsOfTheKind(KubeObject volume, KubeObject claim) =>
        claim.Json["spec"].Texts("accessModes").All(volume.Json["spec"].Texts("accessModes").Contains)
        && (Selector.Read(claim.Json["spec"].At("selector"))?.Matches(volume.Metadata.Map("labels")) ?? true);

    private static string ClassOf(JsonNode? spec) => spec.Text("storageClassName") ?? "";

    private static long Amount(JsonNode? amount) => Quantity.Units(Quantity.TextOf(amount)) ?? 0;
}
