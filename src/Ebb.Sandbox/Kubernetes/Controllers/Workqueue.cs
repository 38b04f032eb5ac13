namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>
/// Keys of objects to look at: however often one is added, it is reconciled once, shortly after, together with all others
/// that were added meanwhile.
/// </summary>
internal sealed class Workqueue<TKey>(Agenda agenda, TimeSpan delay, Action<TKey> reconcile)
    where TKey : notnull
{
    private readonly Dictionary<TKey, (DateTimeOffset At, Agenda.Entry Entry)> _later = [];
    private HashSet<TKey> _known = [];
    private List<TKey> _order = [];
    private bool _due;

    public void Add(TKey key)
    {
        if (!_known.Add(key))
        {
            return;
        }

        _order.Add(key);
        if (!_due)
        {
            _due = true;
            agenda.In(delay, Run);
        }
    }

    /// <summary>Adds the key later; of several such calls the earliest counts.</summary>
    public void AddIn(TKey key, TimeSpan wait)
    {
        var at = agenda.Now + wait;
        if (_later.TryGetValue(key, out var waiting))
        {
            if (waiting.At <= at)
            {
                return;
            }

            waiting.Entry.Cancel();
        }

        _later[key] = (at, agenda.In(wait, () =>
        {
            _later.Remove(key);
            Add(key);
        }));
    }

    private void Run()
    {
        _due = false;
        var order = _order;
        _order = [];
        _known = [];
        foreach (var key in order)
        {
            reconcile(key);
        }
    }
}

/// <summary>The name of a namespaced object; a namespace of "" is for cluster-wide ones.</summary>
internal readonly record struct ObjectKey(string Namespace, string Name)
{
    public static ObjectKey Of(Store.KubeObject item) => new(item.Namespace, item.Name);
}
