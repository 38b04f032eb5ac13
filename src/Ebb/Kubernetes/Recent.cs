namespace Ebb.Kubernetes;

/// <summary>Remembers the <paramref name="capacity"/> entries that were used last. Not for several threads at once.</summary>
internal sealed class Recent<TKey, TValue>(int capacity)
    where TKey : notnull
    where TValue : class
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _entries = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _order = new();

    public TValue? Find(TKey key) => _entries.TryGetValue(key, out var entry) ? entry.Value.Value : null;

    public void Set(TKey key, TValue value)
    {
        if (_entries.Remove(key, out var before))
        {
            _order.Remove(before);
        }
        else if (_entries.Count == capacity)
        {
            _entries.Remove(_order.First!.Value.Key);
            _order.RemoveFirst();
        }

        _entries[key] = _order.AddLast((key, value));
    }
}
