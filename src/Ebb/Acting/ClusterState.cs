using System.Collections.Immutable;
using Ebb.Acting.State;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Acting;

/// <summary>
/// The cluster as the watches have shown it, changed in place. A snapshot shares with the one before all that has not
/// changed, down to the single node.
/// </summary>
/// <remarks>May be fed by one thread and read by another.</remarks>
public sealed class ClusterState : IClusterSink
{
    private readonly Lock _lock = new();
    private readonly HashSet<Type> _awaited = [.. Watched];
    private readonly Interning _interned = new();
    private readonly Volumes _volumes = new();
    private readonly PodReading _podReading;
    private readonly Dictionary<(string Namespace, string Name), Pod> _pods = [];
    private readonly Dictionary<(string Namespace, string Name), Pod> _pending = [];

    /// <summary>Pods with claims as they came: what their claims mean may change later.</summary>
    private readonly Dictionary<(string Namespace, string Name), V1Pod> _claimants = [];
    private readonly Dictionary<string, Place> _places = [];
    private readonly Dictionary<(string Namespace, string Name), V1DaemonSet> _daemonSets = [];
    private readonly Dictionary<(string Namespace, string Name), DisruptionBudget> _budgets = [];
    private ImmutableDictionary<string, LabelSet> _namespaces = ImmutableDictionary<string, LabelSet>.Empty;
    private ImmutableArray<Node> _nodes = [];
    private ImmutableArray<Pod> _pendingArray = [];
    private ImmutableArray<DaemonSet> _daemonSetArray = [];
    private ImmutableArray<DisruptionBudget> _budgetArray = [];
    private readonly HashSet<Place> _changed = [];
    private bool _nodesCameOrWent;
    private bool _pendingChanged;
    private bool _othersChanged;
    private long _version;

    public ClusterState() => _podReading = new PodReading(_interned, _volumes);

    /// <summary>The kinds that must have been listed once before anything is decided.</summary>
    public static IReadOnlyList<Type> Watched { get; } =
    [
        typeof(V1Node), typeof(V1Pod), typeof(V1Namespace), typeof(V1PodDisruptionBudget), typeof(V1DaemonSet),
        typeof(V1PersistentVolumeClaim), typeof(V1PersistentVolume), typeof(V1StorageClass),
    ];

    /// <summary>Every kind's first list has come: what is not here does not exist.</summary>
    public bool Synced
    {
        get
        {
            lock (_lock)
            {
                return _awaited.Count == 0;
            }
        }
    }

    /// <summary>Changes whenever something that the planner looks at has; heartbeats leave it alone.</summary>
    public long Version
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    public void Replace<T>(IReadOnlyCollection<T> all)
        where T : V1Object
    {
        lock (_lock)
        {
            HashSet<(string, string)> named = [.. all.Select(Key)];
            foreach (var key in KeysOf(typeof(T)).Where(key => !named.Contains(key)).ToList())
            {
                Drop(typeof(T), key);
            }

            foreach (var one in all)
            {
                Put(one);
            }

            if (_awaited.Remove(typeof(T)))
            {
                _version++;
            }
        }
    }

    public void Upsert<T>(T changed)
        where T : V1Object
    {
        lock (_lock)
        {
            Put(changed);
        }
    }

    public void Remove<T>(T last)
        where T : V1Object
    {
        lock (_lock)
        {
            Drop(typeof(T), Key(last));
        }
    }

    /// <summary>The picture of this instant. Costs what changed since the last one.</summary>
    public Snapshot Take(
        DateTimeOffset now,
        CloudView cloud,
        ImmutableDictionary<string, string> notes,
        ImmutableHashSet<string>? departing = null)
    {
        lock (_lock)
        {
            BringUpToDate();
            return new Snapshot
            {
                Now = now,
                Cloud = cloud,
                Nodes = _nodes,
                Pending = _pendingArray,
                Notes = notes,
                DaemonSets = _daemonSetArray,
                Budgets = _budgetArray,
                Namespaces = _namespaces,
                Departing = departing ?? ImmutableHashSet.Create<string>(StringComparer.OrdinalIgnoreCase),
            };
        }
    }

    private static (string Namespace, string Name) Key(V1Object one) => (one.Metadata.Namespace, one.Metadata.Name);

    private IEnumerable<(string Namespace, string Name)> KeysOf(Type kind) =>
        kind == typeof(V1Pod) ? _pods.Keys
        : kind == typeof(V1Node) ? _places.Values.Where(place => place.Node is not null).Select(place => ("", place.Name))
        : kind == typeof(V1Namespace) ? _namespaces.Keys.Select(name => ("", name))
        : kind == typeof(V1DaemonSet) ? _daemonSets.Keys
        : kind == typeof(V1PodDisruptionBudget) ? _budgets.Keys
        : kind == typeof(V1PersistentVolumeClaim) ? _volumes.Claims.Keys
        : kind == typeof(V1PersistentVolume) ? _volumes.Persistent.Keys.Select(name => ("", name))
        : kind == typeof(V1StorageClass) ? _volumes.Classes.Keys.Select(name => ("", name))
        : [];

    private void Put(V1Object one)
    {
        switch (one)
        {
            case V1Pod pod:
                PutPod(pod);
                break;
            case V1Node node:
                PutNode(node);
                break;
            case V1Namespace ns:
                var labels = _interned.Labels(ns.Metadata.Labels);
                if (_namespaces.GetValueOrDefault(ns.Metadata.Name) != labels)
                {
                    _namespaces = _namespaces.SetItem(ns.Metadata.Name, labels);
                    _version++;
                }

                break;
            case V1DaemonSet set:
                _daemonSets[Key(set)] = set;
                OthersChanged();
                break;
            case V1PodDisruptionBudget budget:
                var read = new DisruptionBudget(
                    budget.Metadata.Namespace, budget.Metadata.Name, Selectors.Read(budget.Spec.Selector), Allowed(budget));
                _budgets[Key(budget)] = read;
                OthersChanged();
                break;
            case V1PersistentVolumeClaim claim:
                _volumes.Claims[Key(claim)] = claim;
                ReadClaimants(claim.Metadata.Namespace, claim.Metadata.Name);
                break;
            case V1PersistentVolume volume:
                _volumes.Persistent[volume.Metadata.Name] = volume;
                ReadClaimants(null, null);
                break;
            case V1StorageClass storage:
                _volumes.Classes[storage.Metadata.Name] = storage;
                ReadClaimants(null, null);
                break;
        }
    }

    private void Drop(Type kind, (string Namespace, string Name) key)
    {
        if (kind == typeof(V1Pod))
        {
            DropPod(key);
        }
        else if (kind == typeof(V1Node))
        {
            DropNode(key.Name);
        }
        else if (kind == typeof(V1Namespace))
        {
            _namespaces = _namespaces.Remove(key.Name);
            _version++;
        }
        else if (kind == typeof(V1DaemonSet))
        {
            _daemonSets.Remove(key);
            OthersChanged();
        }
        else if (kind == typeof(V1PodDisruptionBudget))
        {
            _budgets.Remove(key);
            OthersChanged();
        }
        else if (kind == typeof(V1PersistentVolumeClaim))
        {
            _volumes.Claims.Remove(key);
            ReadClaimants(key.Namespace, key.Name);
        }
        else if (kind == typeof(V1PersistentVolume))
        {
            _volumes.Persistent.Remove(key.Name);
            ReadClaimants(null, null);
        }
        else if (kind == typeof(V1StorageClass))
        {
            _volumes.Classes.Remove(key.Name);
            ReadClaimants(null, null);
        }
    }

    /// <summary>While the controller of budgets has not seen the newest change, its count is not to be trusted.</summary>
    private static int Allowed(V1PodDisruptionBudget budget) =>
        budget.Status is { } status && (status.ObservedGeneration is not { } seen || seen >= budget.Metadata.Generation)
            ? status.DisruptionsAllowed
            : 0;

    private void PutPod(V1Pod raw)
    {
        var key = Key(raw);
        if (Volumes.ClaimsOf(raw).Any())
        {
            _claimants[key] = raw;
        }
        else
        {
            _claimants.Remove(key);
        }

        var pod = _podReading.Read(raw);
        if (_pods.TryGetValue(key, out var before))
        {
            if (before == pod)
            {
                return;
            }

            Detach(key, before);
        }

        _pods[(pod.Namespace, pod.Name)] = pod;
        Attach(key, pod);
        _version++;
    }

    private void DropPod((string Namespace, string Name) key)
    {
        if (_pods.Remove(key, out var pod))
        {
            _claimants.Remove(key);
            Detach(key, pod);
            _version++;
        }
    }

    private void Attach((string Namespace, string Name) key, Pod pod)
    {
        if (pod.Node.Length > 0)
        {
            var place = PlaceOf(pod.Node);
            place.Pods.Add(pod);
            _changed.Add(place);
        }
        else if (!pod.Finished)
        {
            _pending[key] = pod;
            _pendingChanged = true;
        }
    }

    private void Detach((string Namespace, string Name) key, Pod pod)
    {
        if (pod.Node.Length > 0)
        {
            var place = PlaceOf(pod.Node);
            place.Pods.Remove(pod);
            _changed.Add(place);
            Tidy(place);
        }
        else if (_pending.Remove(key))
        {
            _pendingChanged = true;
        }
    }

    private void PutNode(V1Node raw)
    {
        var node = NodeReading.Read(raw);
        var place = PlaceOf(node.Name);
        if (place.Node is { } before && NodeReading.Same(before, node))
        {
            return;
        }

        _nodesCameOrWent |= place.Node is null;
        place.Node = node;
        _changed.Add(place);
        _version++;
    }

    private void DropNode(string name)
    {
        if (_places.TryGetValue(name, out var place) && place.Node is not null)
        {
            place.Node = null;
            _nodesCameOrWent = true;
            Tidy(place);
            _version++;
        }
    }

    private Place PlaceOf(string node)
    {
        if (!_places.TryGetValue(node, out var place))
        {
            _places[node] = place = new Place(node);
        }

        return place;
    }

    private void Tidy(Place place)
    {
        if (place.Node is null && place.Pods.Count == 0)
        {
            _places.Remove(place.Name);
            _changed.Remove(place);
        }
    }

    private void ReadClaimants(string? ns, string? claim)
    {
        foreach (var pod in _claimants.Values.ToList())
        {
            if (ns is null || (pod.Metadata.Namespace == ns && Volumes.ClaimsOf(pod).Contains(claim)))
            {
                PutPod(pod);
            }
        }
    }

    private void OthersChanged()
    {
        _othersChanged = true;
        _version++;
    }

    private void BringUpToDate()
    {
        // A pod brings about four things to share; far more than that is what is left of pods long gone.
        if (_interned.Count > (8 * _pods.Count) + 4096)
        {
            _interned.Forget(_pods.Values);
        }

        if (_nodesCameOrWent)
        {
            Place[] places = [.. _places.Values.Where(place => place.Node is not null)];
            Array.Sort(places, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            var nodes = new Node[places.Length];
            for (var i = 0; i < places.Length; i++)
            {
                places[i].Index = i;
                nodes[i] = _changed.Contains(places[i]) || places[i].Built is not { } built ? places[i].Build() : built;
            }

            _nodes = [.. nodes];
        }
        else if (_changed.Count > 0)
        {
            var nodes = _nodes.ToBuilder();
            foreach (var place in _changed)
            {
                if (place.Node is not null)
                {
                    nodes[place.Index] = place.Build();
                }
            }

            _nodes = nodes.MoveToImmutable();
        }

        if (_pendingChanged)
        {
            _pendingArray = [.. _pending.Values];
        }

        if (_othersChanged)
        {
            _daemonSetArray =
            [
                .. from set in _daemonSets.Values
                   orderby set.Metadata.Namespace, set.Metadata.Name
                   select new DaemonSet(set.Metadata.Namespace, set.Metadata.Name, set.Metadata.Uid, _podReading.Class(set)),
            ];
            _budgetArray = [.. _budgets.Values.OrderBy(budget => budget.Namespace).ThenBy(budget => budget.Name)];
        }

        _changed.Clear();
        _nodesCameOrWent = _pendingChanged = _othersChanged = false;
    }

    /// <summary>A node by name with what is bound to it; pods may be seen before their node is.</summary>
    private sealed class Place(string name)
    {
        public string Name { get; } = name;

        /// <summary>As last sent, without pods; null while there is none.</summary>
        public Node? Node { get; set; }

        public List<Pod> Pods { get; } = [];

        public int Index { get; set; }

        public Node? Built { get; private set; }

        public Node Build() => Built = Node! with { Pods = [.. Pods] };
    }
}
