namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>Objects ordered by kind, namespace and name, ordinally, as etcd orders its keys.</summary>
internal sealed class SortedObjects
{
    private readonly List<KubeObject> _items = [];
    private KubeObject[]? _snapshot;

    public int Count => _items.Count;

    public void Put(KubeObject item)
    {
        var at = Find(item.Kind, item.Namespace, item.Name);
        if (at >= 0)
        {
            _items[at] = item;
        }
        else
        {
            _items.Insert(~at, item);
        }

        _snapshot = null;
    }

    public void Remove(KubeObject item)
    {
        var at = Find(item.Kind, item.Namespace, item.Name);
        if (at >= 0)
        {
            _items.RemoveAt(at);
            _snapshot = null;
        }
    }

    public KubeObject? Get(Kind kind, string ns, string name)
    {
        var at = Find(kind, ns, name);
        return at >= 0 ? _items[at] : null;
    }

    /// <summary>All as they are now; later changes do not show.</summary>
    public KubeObject[] All() => _snapshot ??= [.. _items];

    /// <summary>Those of one namespace as they are now. For a list of one kind.</summary>
    public KubeObject[] In(Kind kind, string ns)
    {
        var from = Find(kind, ns, "");
        from = from < 0 ? ~from : from;
        // No character sorts between the end of a namespace and U+0001 appended to it.
        var to = ~Find(kind, ns + "\u0001", "");
        return [.. _items[from..to]];
    }

    private int Find(Kind kind, string ns, string name)
    {
        int low = 0, high = _items.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Compare(_items[middle], kind, ns, name);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }

    private static int Compare(KubeObject item, Kind kind, string ns, string name)
    {
        if (!ReferenceEquals(item.Kind, kind) && !item.Kind.Equals(kind))
        {
            return string.CompareOrdinal(item.Kind.Resource, kind.Resource);
        }

        var order = string.CompareOrdinal(item.Namespace, ns);
        return order != 0 ? order : string.CompareOrdinal(item.Name, name);
    }
}
