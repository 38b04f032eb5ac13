using System.Collections.Immutable;
using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>Keeps what an informer tells, changed in place, for those who want the objects as they are.</summary>
public sealed class InformerStore<T>
    where T : V1Object
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Namespace, string Name), T> _objects = [];

    /// <summary>To be handed to the informer.</summary>
    public InformerSink<T> Sink => new(Replace, Upsert, Remove);

    /// <summary>What is known now; does not change afterwards. Empty until the informer is synced.</summary>
    public ImmutableArray<T> View()
    {
        lock (_lock)
        {
            return [.. _objects.Values];
        }
    }

    /// <summary>The object as last told; null when there is none.</summary>
    /// <param name="ns">Empty for objects of the whole cluster.</param>
    public T? Find(string ns, string name)
    {
        lock (_lock)
        {
            return _objects.GetValueOrDefault((ns, name));
        }
    }

    private void Replace(IReadOnlyCollection<T> all)
    {
        lock (_lock)
        {
            _objects.Clear();
            _objects.EnsureCapacity(all.Count);
            foreach (var item in all)
            {
                _objects[KeyOf(item)] = item;
            }
        }
    }

    private void Upsert(T changed)
    {
        lock (_lock)
        {
            _objects[KeyOf(changed)] = changed;
        }
    }

    private void Remove(T last)
    {
        lock (_lock)
        {
            _objects.Remove(KeyOf(last));
        }
    }

    private static (string Namespace, string Name) KeyOf(T item) => (item.Metadata.Namespace, item.Metadata.Name);
}
