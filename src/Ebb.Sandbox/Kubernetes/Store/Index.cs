namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>Objects under a key that each may have none, one or several of.</summary>
internal sealed class Index
{
    private readonly Dictionary<string, SortedObjects> _byKey = new(StringComparer.Ordinal);

    public IReadOnlyCollection<KubeObject> Under(string key) =>
        _byKey.TryGetValue(key, out var found) ? found.All() : [];

    public void Put(string key, KubeObject item)
    {
        if (!_byKey.TryGetValue(key, out var under))
        {
            _byKey[key] = under = new SortedObjects();
        }

        under.Put(item);
    }

    public void Remove(string key, KubeObject item)
    {
        if (_byKey.TryGetValue(key, out var under))
        {
            under.Remove(item);
            if (under.Count == 0)
            {
                _byKey.Remove(key);
            }
        }
    }
}
