namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>One change of the store.</summary>
/// <param name="Object">After the change; of a deletion its last state, under the resource version of the deletion.</param>
/// <param name="Before">Null for what was added.</param>
public readonly record struct StoreEvent(StoreEventType Type, KubeObject Object, KubeObject? Before);

public enum StoreEventType
{
    Added,
    Modified,
    Deleted,
}
