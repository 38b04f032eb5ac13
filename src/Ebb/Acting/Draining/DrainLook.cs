using System.Collections.Immutable;
using Ebb.Acting.State;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;

namespace Ebb.Acting.Draining;

/// <summary>What keeps a node from being empty: pods to ask to leave, and pods to wait for.</summary>
/// <param name="ToEvict">Something starts them again elsewhere. Their budgets are the API server's to heed.</param>
/// <param name="ToWaitFor">Must not be interrupted, or are leaving already.</param>
public sealed record DrainLook(ImmutableArray<V1Pod> ToEvict, ImmutableArray<V1Pod> ToWaitFor)
{
    /// <summary>Whether pods may come to the node meanwhile: somebody has uncordoned it.</summary>
    public bool Uncordoned { get; init; }

    public bool IsEmpty => ToEvict.IsEmpty && ToWaitFor.IsEmpty;

    /// <summary>For people: what is waited for, one pod by name.</summary>
    public string Describe()
    {
        var first = ToWaitFor.Concat(ToEvict).FirstOrDefault();
        var others = ToWaitFor.Length + ToEvict.Length - 1;
        return first is null ? "nothing" : $"pod {first.Metadata.Namespace}/{first.Metadata.Name}{(others > 0 ? $" and {others} more" : "")}";
    }

    /// <param name="pods">All that are bound to the node.</param>
    public static DrainLook Of(IReadOnlyList<V1Pod> pods)
    {
        var work = pods.Where(IsWork).ToLookup(pod => pod.Metadata.DeletionTimestamp is null && MayMove(pod));
        return new DrainLook([.. work[true]], [.. work[false]]);
    }

    internal static bool IsWork(V1Pod pod) =>
        pod.Status?.Phase is not ("Succeeded" or "Failed")
        && pod.Metadata.Annotations?.ContainsKey("kubernetes.io/config.mirror") != true
        && Controller(pod) is not "DaemonSet";

    // The same rule as the planner's, see Pod.IsProtected.
    internal static bool MayMove(V1Pod pod) => PodReading.Protection(pod.Metadata.Annotations) switch
    {
        Protection.Never => false,
        Protection.Allowed => true,
        _ => Controller(pod) is "ReplicaSet" or "StatefulSet" or "ReplicationController",
    };

    private static string? Controller(V1Pod pod) => pod.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true)?.Kind;
}
