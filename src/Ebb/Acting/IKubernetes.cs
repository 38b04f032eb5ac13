using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;

namespace Ebb.Acting;

/// <summary>What the loop asks of a cluster. Implemented by the API client, and by the simulator.</summary>
public interface IKubernetes
{
    /// <summary>
    /// Feeds <paramref name="into"/> with everything the planner looks at: per kind first the whole list, then each change
    /// in order, for ever. Heals itself; returns only by cancellation. Calls come one at a time.
    /// </summary>
    Task WatchAsync(IClusterSink into, CancellationToken ct);

    /// <summary>The pods that the API server has on this node now: never from a cache.</summary>
    Task<IReadOnlyList<V1Pod>> PodsOnAsync(string node, CancellationToken ct);

    /// <summary>The node as the API server has it now; null when there is none. Never from a cache.</summary>
    Task<V1Node?> NodeAsync(string node, CancellationToken ct);

    /// <summary>Changes taints and annotations that are ours, against the given version; see <see cref="NodeChange"/>.</summary>
    Task<ChangeResult> ChangeNodeAsync(string node, NodeChange change, CancellationToken ct);

    /// <summary>Deletes the Node object with this uid; one that is gone already is fine.</summary>
    Task DeleteNodeAsync(string node, string uid, CancellationToken ct);

    /// <summary>Asks the API server to evict the pod with this uid.</summary>
    Task<EvictResult> EvictAsync(string ns, string pod, string uid, CancellationToken ct);

    /// <summary>Writes an Event about an object; repeats of the same are counted, not written anew.</summary>
    Task TellAsync(V1ObjectReference about, bool warning, string reason, string message, CancellationToken ct);

    /// <summary>What Ebb noted down for itself (data of one ConfigMap); empty when there is none yet.</summary>
    Task<IReadOnlyDictionary<string, string>> RecallAsync(CancellationToken ct);

    /// <summary>Sets keys of that ConfigMap; a null value removes the key.</summary>
    Task RememberAsync(IReadOnlyDictionary<string, string?> notes, CancellationToken ct);

    /// <summary>
    /// The same cluster, written to only while <paramref name="term"/> holds. That is looked at before each single request, also of
    /// those that one call is made of. The Lease is no part of a term.
    /// </summary>
    /// <remarks>Writes throw <see cref="TermOverException"/> once the term is over.</remarks>
    IKubernetes Within(Leadership term);

    /// <summary>The leader's Lease; null when there is none yet.</summary>
    Task<V1Lease?> LeaseAsync(CancellationToken ct);

    /// <summary>Creates the Lease, or replaces it at the resource version that it carries; false when someone was faster.</summary>
    Task<bool> PutLeaseAsync(V1Lease lease, CancellationToken ct);
}

/// <summary>Takes what a cluster shows. Not to block: it notes the change and returns.</summary>
public interface IClusterSink
{
    /// <summary>How the cluster's scheduler decides; of one that nothing is told about, as the newest release.</summary>
    void Heed(SchedulerRules rules);

    /// <summary>The whole of one kind as of now: what is not in it is gone.</summary>
    void Replace<T>(IReadOnlyCollection<T> all)
        where T : V1Object;

    void Upsert<T>(T changed)
        where T : V1Object;

    void Remove<T>(T last)
        where T : V1Object;
}

/// <summary>A change to one node that leaves alone whatever is not ours.</summary>
public sealed record NodeChange
{
    /// <summary>The resource version that the node has to have still, or else the change fails as a conflict; null: any.</summary>
    public string? Version { get; init; }

    /// <summary>Effect of the taint <see cref="Marks.Retiring"/>: NoSchedule, PreferNoSchedule, empty for no taint; null: as it is.</summary>
    public string? Retiring { get; init; }

    /// <summary>Effect of the taint <see cref="Marks.Leaving"/>, likewise.</summary>
    public string? Leaving { get; init; }

    /// <summary>What <c>kubectl cordon</c> and <c>uncordon</c> set; null: as it is.</summary>
    public bool? Cordoned { get; init; }

    /// <summary>Annotations to set; a null value removes one.</summary>
    public IReadOnlyDictionary<string, string?> Annotations { get; init; } = new Dictionary<string, string?>();
}

public enum ChangeResult
{
    Changed,

    /// <summary>The object is gone.</summary>
    Gone,
}

public enum EvictResult
{
    Evicting,

    /// <summary>A disruption budget forbids it for now.</summary>
    BudgetForbids,

    Gone,
}
