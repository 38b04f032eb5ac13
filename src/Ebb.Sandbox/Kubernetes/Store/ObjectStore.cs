using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>
/// What etcd and the storage layer of an API server do: objects of all kinds under one counter of resource versions, with
/// the rules for generation, finalizers and grace. All under the agenda's gate; the same calls give the same store. Longer
/// than most files: creating, updating and deleting share one counter and one history, which no second file should touch.
/// </summary>
public sealed class ObjectStore(Agenda agenda, Random random)
{
    // A watch that resumes after a short break must find where it was; a longer history only costs memory.
    private const int Window = 5_000;

    // Trees of the latest versions are asked for again soon (controllers react to events); older ones rarely.
    private const int TreesKept = 1_000;

    private readonly Dictionary<Kind, KindStore> _kinds = [];
    private readonly Index _byOwner = new();
    private readonly Index _byNode = new();
    private readonly Encoder _encoder = new();
    private readonly Broadcast _broadcast = new(agenda.Gate);
    private readonly Queue<KubeObject> _withTree = new();

    public Agenda Agenda => agenda;

    /// <summary>The resource version of the newest write.</summary>
    public long ResourceVersion { get; private set; } = 1;

    /// <summary>Runs on every object about to be created: fills in defaults, refuses what is wrong by <see cref="ApiException"/>.</summary>
    public Action<Kind, JsonObject>? Admission { get; set; }

    public KubeObject? Get(Kind kind, string ns, string name)
    {
        lock (agenda.Gate)
        {
            return Of(kind).Get(kind.Namespaced ? ns : "", name);
        }
    }

    /// <summary>Those there are now, ordered by namespace and name; changes made while enumerating do not show.</summary>
    public IEnumerable<KubeObject> List(Kind kind, string? ns = null)
    {
        lock (agenda.Gate)
        {
            return Of(kind).List(kind.Namespaced ? ns : null);
        }
    }

    public int Count(Kind kind)
    {
        lock (agenda.Gate)
        {
            return Of(kind).Count;
        }
    }

    /// <summary>All whose ownerReferences name this uid, ordered by kind, namespace and name.</summary>
    public IReadOnlyCollection<KubeObject> OwnedBy(string ownerUid)
    {
        lock (agenda.Gate)
        {
            return _byOwner.Under(ownerUid);
        }
    }

    /// <summary>All pods bound to a node, finished ones too.</summary>
    public IReadOnlyCollection<KubeObject> PodsOn(string node)
    {
        lock (agenda.Gate)
        {
            return _byNode.Under(node);
        }
    }

    /// <summary>
    /// Adds an object; <paramref name="json"/> is copied. Gives it uid, creationTimestamp, generation, resource version,
    /// and a name when it has only a generateName.
    /// </summary>
    /// <exception cref="ApiException">409 when the name is taken, 403 while its namespace is being deleted.</exception>
    public KubeObject Create(Kind kind, JsonObject json, bool dryRun = false)
    {
        lock (agenda.Gate)
        {
            json = _encoder.Copy(json);
            Birth.Prepare(kind, json, agenda.Now, random, taken: (ns, name) => Of(kind).Get(ns, name) is not null);
            Admission?.Invoke(kind, json);
            var metadata = json["metadata"]!.AsObject();
            var ns = kind.Namespaced ? (string)metadata["namespace"]! : "";
            var name = (string)metadata["name"]!;
            RefuseIfEnding(kind, ns, name);
            if (Of(kind).Get(ns, name) is { } there)
            {
                throw ApiException.AlreadyExists(kind.Resource, name, there.Deleting);
            }

            if (dryRun)
            {
                // What is kept nowhere has no version.
                metadata.Remove("resourceVersion");
                return new KubeObject(kind, json, _encoder.Encode(json), ResourceVersion);
            }

            var added = Encode(kind, json, ResourceVersion + 1);
            Commit(new StoreEvent(StoreEventType.Added, added, null));
            return added;
        }
    }

    /// <summary>Gives a name to what has only the beginning of one.</summary>
    internal void NameIt(Kind kind, JsonObject json)
    {
        if (json["metadata"] is JsonObject metadata && !string.IsNullOrEmpty(metadata.Text("generateName")))
        {
            Birth.NameIt(
                metadata,
                kind.Namespaced ? metadata.Text("namespace") ?? "" : "",
                random,
                taken: (ns, name) => Of(kind).Get(ns, name) is not null);
        }
    }

    /// <summary>All as they were at an earlier resource version; null when that is too long ago to know.</summary>
    internal IReadOnlyList<KubeObject>? ListAt(Kind kind, string ns, long resourceVersion) =>
        Of(kind).ListAt(ns, resourceVersion);

    /// <summary>
    /// Changes a copy of <paramref name="current"/> and stores it. A change that changes nothing keeps the resource version.
    /// What has a deletionTimestamp, no grace left and no finalizer afterwards is removed.
    /// </summary>
    /// <exception cref="ApiException">409 when <paramref name="current"/> is no longer current, 404 when it is gone.</exception>
    public KubeObject Update(KubeObject current, Action<JsonObject> change, bool dryRun = false)
    {
        lock (agenda.Gate)
        {
            var kind = current.Kind;
            var stored = Of(kind).Get(current.Namespace, current.Name);
            if (stored is null || stored.Uid != current.Uid)
            {
                throw ApiException.NotFound(kind.Resource, current.Name);
            }

            if (stored.ResourceVersion != current.ResourceVersion)
            {
                throw ApiException.Conflict(kind.Resource, current.Name);
            }

            var json = stored.Json.DeepClone().AsObject();
            change(json);
            return Replace(stored, json, dryRun);
        }
    }

    /// <summary>Deletes an object, or marks it as being deleted while it has a grace period or finalizers.</summary>
    /// <exception cref="ApiException">404 when there is none, 409 when a precondition does not hold.</exception>
    public Deletion Delete(Kind kind, string ns, string name, DeleteOptions options)
    {
        lock (agenda.Gate)
        {
            var stored = Of(kind).Get(kind.Namespaced ? ns : "", name)
                ?? throw ApiException.NotFound(kind.Resource, name);
            Ending.CheckPreconditions(stored, options);
            var marked = Ending.Mark(stored, options, agenda.Now);
            if (marked is null)
            {
                return new Deletion(stored, Gone: false);
            }

            if (Ending.IsOver(kind, marked))
            {
                return new Deletion(Remove(stored, marked, options.DryRun), Gone: true);
            }

            return new Deletion(Replace(stored, marked, options.DryRun), Gone: false);
        }
    }

    /// <summary>
    /// Calls <paramref name="onEvent"/> for every change from now on, in order, under the gate. A write made inside it is
    /// done at once but told of after the event at hand has reached everyone.
    /// </summary>
    public IDisposable Subscribe(Action<StoreEvent> onEvent) => _broadcast.Subscribe(onEvent);

    /// <summary>What happened to a kind after a resource version; null when that is too long ago to know.</summary>
    public IReadOnlyList<StoreEvent>? Since(Kind kind, long resourceVersion)
    {
        lock (agenda.Gate)
        {
            return Of(kind).Since(resourceVersion);
        }
    }

    /// <summary>Forgets the history of all kinds: watches from before now are answered 410.</summary>
    public void Compact()
    {
        lock (agenda.Gate)
        {
            foreach (var kind in _kinds.Values)
            {
                kind.Compact(ResourceVersion);
            }
        }
    }

    /// <summary>The oldest resource version from which a kind can still be watched.</summary>
    internal long ForgottenUpTo(Kind kind) => Of(kind).ForgottenUpTo;

    /// <summary>Stores <paramref name="json"/>, which becomes the store's own, as the next version of what is stored now.</summary>
    internal KubeObject Replace(KubeObject stored, JsonObject json, bool dryRun)
    {
        var kind = stored.Kind;
        if (stored.Deleting && Ending.IsOver(kind, json))
        {
            // Whoever watches sees it as it was stored; whoever wrote, what they wrote.
            Remove(stored, stored.Json.DeepClone().AsObject(), dryRun);
            return Encode(kind, json, ResourceVersion);
        }

        var metadata = json["metadata"]!.AsObject();
        metadata["resourceVersion"] = (ResourceVersion + 1).ToString();
        var encoded = _encoder.Encode(json);
        if (stored.SameAs(encoded))
        {
            return stored;
        }

        if (kind.HasGeneration && !stored.SameSpecAs(encoded))
        {
            metadata["generation"] = ((long?)stored.Metadata["generation"] ?? 0) + 1;
            encoded = _encoder.Encode(json);
        }

        var changed = new KubeObject(kind, json, encoded, ResourceVersion + 1);
        if (!dryRun)
        {
            Commit(new StoreEvent(StoreEventType.Modified, changed, stored));
        }

        return changed;
    }

    private KubeObject Remove(KubeObject stored, JsonObject last, bool dryRun)
    {
        var removed = Encode(stored.Kind, last, ResourceVersion + 1);
        if (!dryRun)
        {
            Commit(new StoreEvent(StoreEventType.Deleted, removed, stored));
        }

        return removed;
    }

    private KubeObject Encode(Kind kind, JsonObject json, long resourceVersion)
    {
        json["metadata"]!["resourceVersion"] = resourceVersion.ToString();
        return new KubeObject(kind, json, _encoder.Encode(json), resourceVersion);
    }

    private void Commit(StoreEvent change)
    {
        ResourceVersion = change.Object.ResourceVersion;
        Of(change.Object.Kind).Apply(change);
        UpdateIndexes(change);
        _withTree.Enqueue(change.Object);
        if (_withTree.Count > TreesKept)
        {
            _withTree.Dequeue().LetTreeGo();
        }

        _broadcast.Tell(change);
    }

    private void UpdateIndexes(StoreEvent change)
    {
        if (change.Before is { } before)
        {
            foreach (var owner in before.OwnerUids)
            {
                _byOwner.Remove(owner, before);
            }

            if (before.NodeName.Length > 0)
            {
                _byNode.Remove(before.NodeName, before);
            }
        }

        if (change.Type != StoreEventType.Deleted)
        {
            foreach (var owner in change.Object.OwnerUids)
            {
                _byOwner.Put(owner, change.Object);
            }

            if (change.Object.NodeName.Length > 0)
            {
                _byNode.Put(change.Object.NodeName, change.Object);
            }
        }
    }

    private void RefuseIfEnding(Kind kind, string ns, string name)
    {
        if (kind.Namespaced && Of(Kinds.Namespace).Get("", ns) is { Deleting: true })
        {
            var details = ApiException.Of(kind.Resource, name);
            details["causes"] = new JsonArray(new JsonObject
            {
                ["reason"] = "NamespaceTerminating",
                ["message"] = $"namespace {ns} is being terminated",
                ["field"] = "metadata.namespace",
            });
            throw new ApiException(
                403,
                "Forbidden",
                $"{kind.Resource} \"{name}\" is forbidden: unable to create new content in namespace {ns} " +
                "because it is being terminated")
            { Details = details };
        }
    }

    private KindStore Of(Kind kind)
    {
        if (!_kinds.TryGetValue(kind, out var found))
        {
            _kinds[kind] = found = new KindStore(kind, Window);
        }

        return found;
    }
}
