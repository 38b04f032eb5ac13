using Ebb.Acting;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Simulation.Kubernetes;

/// <summary>A kind that is watched, with its type of ours.</summary>
internal abstract class WatchedKind
{
    public static IReadOnlyList<WatchedKind> All { get; } =
    [
        new WatchedKind<V1Namespace>(Kinds.Namespace),
        new WatchedKind<V1Node>(Kinds.Node),
        new WatchedKind<V1PodDisruptionBudget>(Kinds.PodDisruptionBudget),
        new WatchedKind<V1DaemonSet>(Kinds.DaemonSet),
        new WatchedKind<V1PersistentVolumeClaim>(Kinds.PersistentVolumeClaim),
        new WatchedKind<V1PersistentVolume>(Kinds.PersistentVolume),
        new WatchedKind<V1StorageClass>(Kinds.StorageClass),
        new WatchedKind<V1Pod>(Kinds.Pod),
    ];

    public abstract Kind Kind { get; }

    public abstract void Replace(IClusterSink into, ObjectStore store);

    public abstract void Feed(IClusterSink into, StoreEvent change);

    public static T Read<T>(KubeObject found)
        where T : class => KubeJson.Read<T>(found.Utf8.Span);
}

internal sealed class WatchedKind<T>(Kind kind) : WatchedKind
    where T : V1Object
{
    public override Kind Kind => kind;

    public override void Replace(IClusterSink into, ObjectStore store) => into.Replace([.. store.List(kind).Select(Read<T>)]);

    public override void Feed(IClusterSink into, StoreEvent change)
    {
        var read = Read<T>(change.Object);
        if (change.Type == StoreEventType.Deleted)
        {
            into.Remove(read);
        }
        else
        {
            into.Upsert(read);
        }
    }
}
