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
    private readonly Dictionary<Type, Shelf> _shelves;
    private readonly HashSet<Type> _awaited = [.. Watched];
    private readonly Interning _interned = new();
    private readonly Volumes _volumes = new();
    private readonly Places _places = new();
    private readonly PodReading _podReading;

    /// <summary>Pods with claims as they came: what their claims mean may change later.</summary>
    private readonly Dictionary<(string Namespace, string Name), V1Pod> _claimants = [];
    private readonly Dictionary<(string Namespace, string Name), V1DaemonSet> _daemonSets = [];
    private readonly Dictionary<(string Namespace, string Name), DisruptionBudget> _budgets = [];
    private ImmutableDictionary<string, LabelSet> _namespaces = ImmutableDictionary<string, LabelSet>.Empty;
    private ImmutableArray<DaemonSet> _daemonSetArray = [];
    private ImmutableArray<DisruptionBudget> _budgetArray = [];
    private SchedulerRules _rules = SchedulerRules.Newest;
    private bool _othersChanged;
    private long _version;

    public ClusterState()
    {
        _podReading = new PodReading(_interned, _volumes);
        _shelves = new Dictionary<Type, Shelf>
        {
            [typeof(V1Pod)] = new(() => _places.PodNames, one => PutPod((V1Pod)one), DropPod),
            [typeof(V1Node)] = new(
                () => InCluster(_places.NodeNames),
                one => Changed(_places.Put(NodeReading.Read((V1Node)one))),
                key => Changed(_places.DropNode(key.Name))),
            [typeof(V1Namespace)] = new(() => InCluster(_namespaces.Keys), one => PutNamespace((V1Namespace)one), DropNamespace),
            [typeof(V1DaemonSet)] = new(() => _daemonSets.Keys, one => OthersChanged(_daemonSets[Key(one)] = (V1DaemonSet)one), DropDaemonSet),
            [typeof(V1PodDisruptionBudget)] = new(() => _budgets.Keys, one => OthersChanged(_budgets[Key(one)] = Read((V1PodDisruptionBudget)one)), DropBudget),
            [typeof(V1PersistentVolumeClaim)] = new(() => _volumes.Claims.Keys, one => PutClaim((V1PersistentVolumeClaim)one), DropClaim),
            [typeof(V1PersistentVolume)] = new(
                () => InCluster(_volumes.Persistent.Keys),
                one => ClaimsMayMeanOther(_volumes.Persistent[one.Metadata.Name] = (V1PersistentVolume)one),
                key => ClaimsMayMeanOther(_volumes.Persistent.Remove(key.Name))),
            [typeof(V1StorageClass)] = new(
                () => InCluster(_volumes.Classes.Keys),
                one => ClaimsMayMeanOther(_volumes.Classes[one.Metadata.Name] = (V1StorageClass)one),
                key => ClaimsMayMeanOther(_volumes.Classes.Remove(key.Name))),
        };
    }

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

    public void Heed(SchedulerRules rules)
    {
        lock (_lock)
        {
            if (_rules != rules)
            {
                _rules = _volumes.Rules = rules;
                _version++;
                ClaimsMayMeanOther(rules);
            }
        }
    }

    public void Replace<T>(IReadOnlyCollection<T> all)
        where T : V1Object
    {
        lock (_lock)
        {
            if (!_shelves.TryGetValue(typeof(T), out var shelf))
            {
                return;
            }

            HashSet<(string, string)> named = [.. all.Select(Key)];
            foreach (var key in shelf.Keys().Where(key => !named.Contains(key)).ToList())
            {
                shelf.Drop(key);
            }

            foreach (var one in all)
            {
                shelf.Put(one);
            }

            Changed(_awaited.Remove(typeof(T)));
        }
    }

    public void Upsert<T>(T changed)
        where T : V1Object
    {
        lock (_lock)
        {
            if (_shelves.TryGetValue(typeof(T), out var shelf))
            {
                shelf.Put(changed);
            }
        }
    }

    public void Remove<T>(T last)
        where T : V1Object
    {
        lock (_lock)
        {
            if (_shelves.TryGetValue(typeof(T), out var shelf))
            {
                shelf.Drop(Key(last));
            }
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
            // A pod brings about four things to share; far more than that is what is left of pods long gone.
            if (_interned.Count > (8 * _places.AllPods.Count) + 4096)
            {
                _interned.Forget(_places.AllPods);
            }

            _places.BringUpToDate();
            BringOthersUpToDate();
            return new Snapshot
            {
                Now = now,
                Cloud = cloud,
                Nodes = _places.Nodes,
                Pending = _places.Pending,
                Notes = notes,
                DaemonSets = _daemonSetArray,
                Budgets = _budgetArray,
                Namespaces = _namespaces,
                Rules = _rules,
                Departing = departing ?? ImmutableHashSet.Create<string>(StringComparer.OrdinalIgnoreCase),
            };
        }
    }

    private static (string Namespace, string Name) Key(V1Object one) => (one.Metadata.Namespace, one.Metadata.Name);

    private static IEnumerable<(string Namespace, string Name)> InCluster(IEnumerable<string> names) => names.Select(name => ("", name));

    private void Changed(bool changed) => _version += changed ? 1 : 0;

    private void PutPod(V1Pod raw)
    {
        if (Volumes.ClaimsOf(raw).Any())
        {
            _claimants[Key(raw)] = raw;
        }
        else
        {
            _claimants.Remove(Key(raw));
        }

        Changed(_places.Put(_podReading.Read(raw)));
    }

    private void DropPod((string Namespace, string Name) key)
    {
        _claimants.Remove(key);
        Changed(_places.DropPod(key));
    }

    private void PutNamespace(V1Namespace ns)
    {
        var labels = _interned.Labels(ns.Metadata.Labels);
        Changed(_namespaces.GetValueOrDefault(ns.Metadata.Name)?.Equals(labels) != true);
        _namespaces = _namespaces.SetItem(ns.Metadata.Name, labels);
    }

    private void DropNamespace((string Namespace, string Name) key)
    {
        _namespaces = _namespaces.Remove(key.Name);
        Changed(true);
    }

    private void DropDaemonSet((string Namespace, string Name) key) => OthersChanged(_daemonSets.Remove(key));

    private void DropBudget((string Namespace, string Name) key) => OthersChanged(_budgets.Remove(key));

    private static DisruptionBudget Read(V1PodDisruptionBudget budget)
    {
        // While the controller of budgets has not seen the newest change, its count is not to be trusted.
        var allowed = budget.Status is { } status && (status.ObservedGeneration is not { } seen || seen >= budget.Metadata.Generation)
            ? status.DisruptionsAllowed
            : 0;
        return new DisruptionBudget(budget.Metadata.Namespace, budget.Metadata.Name, Selectors.Read(budget.Spec.Selector), allowed);
    }

    private void PutClaim(V1PersistentVolumeClaim claim)
    {
        _volumes.Claims[Key(claim)] = claim;
        ReadClaimantsOf(Key(claim));
    }

    private void DropClaim((string Namespace, string Name) key)
    {
        _volumes.Claims.Remove(key);
        ReadClaimantsOf(key);
    }

    private void ReadClaimantsOf((string Namespace, string Name) claim)
    {
        foreach (var pod in _claimants.Values.Where(pod => pod.Metadata.Namespace == claim.Namespace && Volumes.ClaimsOf(pod).Contains(claim.Name)).ToList())
        {
            PutPod(pod);
        }
    }

    /// <summary>Takes, for brevity above, what was put or whether something was dropped.</summary>
    private void ClaimsMayMeanOther(object _)
    {
        foreach (var pod in _claimants.Values.ToList())
        {
            PutPod(pod);
        }
    }

    private void OthersChanged(object _)
    {
        _othersChanged = true;
        _version++;
    }

    private void BringOthersUpToDate()
    {
        if (!_othersChanged)
        {
            return;
        }

        _daemonSetArray =
        [
            .. from set in _daemonSets.Values
               orderby set.Metadata.Namespace, set.Metadata.Name
               select new DaemonSet(set.Metadata.Namespace, set.Metadata.Name, set.Metadata.Uid, _podReading.Class(set)),
        ];
        _budgetArray = [.. _budgets.Values.OrderBy(budget => budget.Namespace).ThenBy(budget => budget.Name)];
        _othersChanged = false;
    }

    /// <summary>What is done with objects of one kind.</summary>
    private sealed record Shelf(
        Func<IEnumerable<(string Namespace, string Name)>> Keys,
        Action<V1Object> Put,
        Action<(string Namespace, string Name)> Drop);
}
