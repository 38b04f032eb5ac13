using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Gives new namespaces what each has, and empties those that are being deleted.</summary>
internal sealed class Namespaces
{
    private readonly ObjectStore _store;
    private readonly HashSet<string> _ending = new(StringComparer.Ordinal);
    private readonly HashSet<Kind> _kinds = [.. Kinds.BuiltIn.Where(kind => kind.Namespaced)];
    private Agenda.Entry? _sweep;

    public Namespaces(ObjectStore store)
    {
        _store = store;
        store.Subscribe(Follow);
    }

    /// <summary>Goes into the ConfigMap kube-root-ca.crt of each namespace.</summary>
    public string AuthorityPem { get; set; } = "";

    /// <summary>Gives a namespace what each has, where it does not have it yet.</summary>
    public void Furnish(string ns)
    {
        Put(Kinds.ServiceAccount, ns, "default", []);
        Put(Kinds.ConfigMap, ns, "kube-root-ca.crt", new JsonObject
        {
            ["data"] = new JsonObject { ["ca.crt"] = AuthorityPem },
        });
    }

    private void Follow(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind.Equals(Kinds.Namespace))
        {
            if (change.Type is StoreEventType.Added)
            {
                Furnish(item.Name);
            }
            else if (change.Type is StoreEventType.Modified && item.Deleting && _ending.Add(item.Name))
            {
                SweepSoon();
            }
            else if (change.Type is StoreEventType.Deleted)
            {
                _ending.Remove(item.Name);
            }
        }
        else if (item.Kind.Namespaced)
        {
            // Custom kinds become known by their objects.
            _kinds.Add(item.Kind);
            if (change.Type is StoreEventType.Deleted && _ending.Contains(item.Namespace))
            {
                SweepSoon();
            }
        }
    }

    private void Put(Kind kind, string ns, string name, JsonObject json)
    {
        if (_store.Get(kind, ns, name) is null)
        {
            json["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns };
            _store.Create(kind, json);
        }
    }

    private void SweepSoon()
    {
        // One sweep for however many objects have gone at this instant.
        if (_sweep is null or { Cancelled: true })
        {
            _sweep = _store.Agenda.In(TimeSpan.Zero, Sweep);
        }
    }

    private void Sweep()
    {
        foreach (var ns in _ending.ToList())
        {
            var left = false;
            foreach (var item in _kinds.SelectMany(kind => _store.List(kind, ns)).ToList())
            {
                left |= item.Deleting
                    ? _store.Get(item.Kind, ns, item.Name) is not null
                    : _store.Get(item.Kind, ns, item.Name) is not null
                        && !_store.Delete(item.Kind, ns, item.Name, DeleteOptions.Default).Gone;
            }

            if (!left && _store.Get(Kinds.Namespace, "", ns) is { } ending)
            {
                _store.Update(ending, json => json.Ensure("spec").Remove("finalizers"));
            }
        }
    }
}
