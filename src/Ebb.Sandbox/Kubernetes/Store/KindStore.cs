namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>The objects of one kind and what happened to them lately.</summary>
internal sealed class KindStore(Kind kind, int window)
{
    private readonly Dictionary<(string Namespace, string Name), KubeObject> _byName = [];
    private readonly SortedObjects _sorted = new();
    private readonly Queue<StoreEvent> _history = new();

    public Kind Kind => kind;

    public int Count => _sorted.Count;

    /// <summary>The newest resource version that the history no longer holds: a watch may start from here on.</summary>
    public long ForgottenUpTo { get; private set; }

    public KubeObject? Get(string ns, string name) => _byName.GetValueOrDefault((ns, name));

    public KubeObject[] List(string? ns) => string.IsNullOrEmpty(ns) ? _sorted.All() : _sorted.In(kind, ns);

    public void Apply(StoreEvent change)
    {
        var item = change.Object;
        if (change.Type == StoreEventType.Deleted)
        {
            _byName.Remove((item.Namespace, item.Name));
            _sorted.Remove(item);
        }
        else
        {
            _byName[(item.Namespace, item.Name)] = item;
            _sorted.Put(item);
        }

        _history.Enqueue(change);
        if (_history.Count > window)
        {
            ForgottenUpTo = _history.Dequeue().Object.ResourceVersion;
        }
    }

    /// <summary>What happened after <paramref name="resourceVersion"/>; null when that is too long ago.</summary>
    public List<StoreEvent>? Since(long resourceVersion) => resourceVersion < ForgottenUpTo
        ? null
        : [.. _history.SkipWhile(change => change.Object.ResourceVersion <= resourceVersion)];

    /// <summary>What there was at <paramref name="resourceVersion"/>; null when that is too long ago.</summary>
    public IReadOnlyList<KubeObject>? ListAt(string ns, long resourceVersion)
    {
        if (Since(resourceVersion) is not { } since)
        {
            return null;
        }

        var then = new SortedObjects();
        foreach (var item in List(null))
        {
            then.Put(item);
        }

        foreach (var change in Enumerable.Reverse(since))
        {
            if (change.Before is { } before)
            {
                then.Put(before);
            }
            else
            {
                then.Remove(change.Object);
            }
        }

        return ns.Length == 0 ? then.All() : then.In(kind, ns);
    }

    /// <summary>Forgets all history, as a compaction does.</summary>
    public void Compact(long resourceVersion)
    {
        _history.Clear();
        ForgottenUpTo = resourceVersion;
    }
}
