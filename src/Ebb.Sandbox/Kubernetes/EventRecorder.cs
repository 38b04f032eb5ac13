using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes;

/// <summary>Writes Events of the control plane's parts; the same about the same object is counted, and old ones go.</summary>
/// <param name="capacity">How many of its own it keeps: thousands of pods make tens of thousands. 0: it writes none.</param>
internal sealed class EventRecorder(ObjectStore store, int capacity)
{
    // As the real server: an Event lives an hour.
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    // The same event again within this time would only make watchers busy.
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(10);

    private readonly Queue<(string Key, string Namespace, string Name, DateTimeOffset At)> _written = new();
    private readonly Dictionary<string, (string Name, DateTimeOffset Last)> _byContent = new(StringComparer.Ordinal);

    public void Normal(KubeObject about, string component, string reason, string message, string host = "") =>
        Write(about, "Normal", component, reason, message, host);

    public void Warning(KubeObject about, string component, string reason, string message, string host = "") =>
        Write(about, "Warning", component, reason, message, host);

    private void Write(KubeObject about, string type, string component, string reason, string message, string host)
    {
        if (capacity == 0)
        {
            return;
        }

        var ns = about.Namespace.Length == 0 ? "default" : about.Namespace;
        var key = $"{about.Uid}/{component}/{reason}/{message}";
        var now = store.Agenda.Now;
        if (_byContent.TryGetValue(key, out var known) && store.Get(Kinds.Event, ns, known.Name) is { } earlier)
        {
            if (now - known.Last >= RepeatAfter)
            {
                _byContent[key] = known with { Last = now };
                store.Update(earlier, json =>
                {
                    json["count"] = (json.Number("count") ?? 1) + 1;
                    json["lastTimestamp"] = Timestamps.Seconds(now);
                });
            }

            return;
        }

        if (store.Get(Kinds.Namespace, "", ns) is null or { Deleting: true })
        {
            // Nobody can be told in a namespace that is going.
            return;
        }

        var name = $"{about.Name}.{about.ResourceVersion:x16}";
        Add(key, ns, Unique(ns, name), about, type, component, reason, message, host, now);
    }

    private string Unique(string ns, string name)
    {
        var candidate = name;
        for (var i = 1; store.Get(Kinds.Event, ns, candidate) is not null; i++)
        {
            candidate = $"{name}{i:x}";
        }

        return candidate;
    }

    private void Add(
        string key, string ns, string name, KubeObject about, string type, string component, string reason, string message,
        string host, DateTimeOffset now)
    {
        store.Create(Kinds.Event, EventObject.New(name, ns, about, type, component, reason, message, host, now));
        _byContent[key] = (name, now);
        _written.Enqueue((key, ns, name, now));
        Expire(now);
    }

    private void Expire(DateTimeOffset now)
    {
        while (_written.TryPeek(out var oldest)
            && (_written.Count > capacity || now - oldest.At > Lifetime))
        {
            _written.Dequeue();
            _byContent.Remove(oldest.Key);
            if (store.Get(Kinds.Event, oldest.Namespace, oldest.Name) is not null)
            {
                store.Delete(Kinds.Event, oldest.Namespace, oldest.Name, DeleteOptions.Now);
            }
        }
    }
}
