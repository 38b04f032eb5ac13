using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Acting.State;

/// <summary>Volumes that are there and that a claim without one could have.</summary>
/// <remarks>Each claim is looked at for itself: that two claims of one pod want two volumes is left to the scheduler.</remarks>
internal static class FreeVolumes
{
    /// <summary>One reserved for the claim alone, where there is one; else all that are large enough and of its kind.</summary>
    public static List<V1PersistentVolume> For(V1PersistentVolumeClaim claim, IEnumerable<V1PersistentVolume> volumes)
    {
        List<V1PersistentVolume> fitting =
            [.. volumes.Where(volume => volume.Metadata.DeletionTimestamp is null && IsLargeEnough(volume.Spec, claim.Spec))];
        var reserved = fitting.FindAll(volume => IsReservedFor(volume.Spec.ClaimRef, claim.Metadata));
        return reserved.Count > 0 ? reserved : fitting.FindAll(volume => IsFree(volume) && IsOfTheKind(volume, claim.Spec));
    }

    private static bool IsLargeEnough(V1PersistentVolumeSpec volume, V1PersistentVolumeClaimSpec claim) =>
        (volume.StorageClassName ?? "") == (claim.StorageClassName ?? "")
        && Amount(volume.Capacity) >= Amount(claim.Resources?.Requests)
        && (volume.VolumeMode ?? "Filesystem") == (claim.VolumeMode ?? "Filesystem");

    private static bool IsReservedFor(V1ObjectReference? reference, V1Meta claim) =>
        reference is not null
        && reference.Name == claim.Name
        && reference.Namespace == claim.Namespace
        && (reference.Uid is not { Length: > 0 } uid || uid == claim.Uid);

    private static bool IsFree(V1PersistentVolume volume) =>
        volume.Spec.ClaimRef is null && volume.Status?.Phase is not ("Released" or "Failed");

    private static bool IsOfTheKind(V1PersistentVolume volume, V1PersistentVolumeClaimSpec claim) =>
        (claim.AccessModes ?? []).All(mode => volume.Spec.AccessModes?.Contains(mode) == true)
        && (Selectors.Read(claim.Selector)?.Selects(LabelSet.From(volume.Metadata.Labels)) ?? true);

    private static long Amount(IReadOnlyDictionary<string, string>? amounts) =>
        amounts?.TryGetValue("storage", out var text) == true && Quantity.TryUnits(text, out var amount) ? amount : 0;
}
