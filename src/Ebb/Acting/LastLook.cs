using Ebb.Healing;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Acting;

/// <summary>
/// The last look before a machine goes, from the API server itself and behind our cordon: never from a cache, and never
/// a guess about work.
/// </summary>
internal abstract record LastLook
{
    private LastLook()
    {
    }

    public static async Task<LastLook> AtAsync(
        IKubernetes kubernetes, string name, Departure departure, DateTimeOffset now, CancellationToken ct)
    {
        var machine = departure.Machine;

        // The node first: whatever its cordon let through before stands in the list of pods read after it.
        var node = await kubernetes.NodeAsync(name, ct);
        if (machine.State is MachineState.Deallocated or MachineState.Stopped)
        {
            // Without power nothing runs, whatever pods the cluster still shows; unless the cloud's word is old.
            return node is null || !node.IsReady() ? new Clear() : new Otherwise();
        }

        if (node is null || !IsOf(node, machine) || !IsCordoned(node) || (departure.Unready && node.IsReady()))
        {
            return new Otherwise();
        }

        var pods = await kubernetes.PodsOnAsync(name, ct);
        var work = pods.FirstOrDefault(pod => IsWork(pod, node, now));
        return work is null ? new Clear() : new Work($"{work.Metadata.Namespace}/{work.Metadata.Name}");
    }

    /// <summary>False when the node now belongs to another machine of the same cloud: a name can come back.</summary>
    private static bool IsOf(V1Node node, Machine machine)
    {
        var (ours, theirs) = (machine.ProviderId, node.Spec.ProviderID ?? "");
        return Scheme(ours) != Scheme(theirs) || string.Equals(ours, theirs, StringComparison.OrdinalIgnoreCase);

        static string Scheme(string id) => id[..Math.Max(0, id.IndexOf("://", StringComparison.Ordinal))].ToLowerInvariant();
    }

    private static bool IsCordoned(V1Node node) =>
        node.Spec.Taints?.Any(taint => taint is { Key: Marks.Retiring, Effect: "NoSchedule" }) == true;

    private static bool IsWork(V1Pod pod, V1Node node, DateTimeOffset now)
    {
        if (pod.Status?.Phase is "Succeeded" or "Failed"
            || pod.Metadata.Annotations?.ContainsKey("kubernetes.io/config.mirror") == true
            || pod.Metadata.OwnerReferences?.Any(owner => owner is { Kind: "DaemonSet", Controller: true }) == true)
        {
            return false;
        }

        return node.IsReady() || pod.Metadata.DeletionTimestamp is not { } end || now - end < Remains.DeadAfter;
    }

    /// <summary>Only DaemonSet, mirror and finished pods.</summary>
    public sealed record Clear : LastLook;

    /// <summary>A pod has slipped in; it wins.</summary>
    public sealed record Work(string Pod) : LastLook;

    /// <summary>The node is gone, another one, not behind our cordon, or ready again where it was to go for not being so.</summary>
    public sealed record Otherwise : LastLook;
}
