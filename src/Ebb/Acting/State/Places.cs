using System.Collections.Immutable;
using Ebb.Scheduling;

namespace Ebb.Acting.State;

/// <summary>Nodes with what is bound to them, and the pods bound to none.</summary>
internal sealed class Places
{
    private readonly Dictionary<(string Namespace, string Name), Pod> _pods = [];
    private readonly Dictionary<(string Namespace, string Name), Pod> _pending = [];
    private readonly Dictionary<string, Place> _places = [];
    private readonly HashSet<Place> _changed = [];
    private bool _nodesCameOrWent;
    private bool _pendingChanged;

    public IReadOnlyCollection<(string Namespace, string Name)> PodNames => _pods.Keys;

    public IReadOnlyCollection<Pod> AllPods => _pods.Values;

    public IEnumerable<string> NodeNames => _places.Values.Where(place => place.Node is not null).Select(place => place.Name);

    /// <summary>By name, as of the last <see cref="BringUpToDate"/>.</summary>
    public ImmutableArray<Node> Nodes { get; private set; } = [];

    /// <summary>Pods without a node, as of the last <see cref="BringUpToDate"/>.</summary>
    public ImmutableArray<Pod> Pending { get; private set; } = [];

    /// <returns>Whether that changed anything.</returns>
    public bool Put(Pod pod)
    {
        var key = (pod.Namespace, pod.Name);
        if (_pods.TryGetValue(key, out var before))
        {
            if (before == pod)
            {
                return false;
            }

            Detach(key, before);
        }

        _pods[key] = pod;
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

        return true;
    }

    public bool DropPod((string Namespace, string Name) key)
    {
        if (!_pods.Remove(key, out var pod))
        {
            return false;
        }

        Detach(key, pod);
        return true;
    }

    public bool Put(Node node)
    {
        var place = PlaceOf(node.Name);
        if (place.Node is { } before && NodeReading.Same(before, node))
        {
            return false;
        }

        _nodesCameOrWent |= place.Node is null;
        place.Node = node;
        _changed.Add(place);
        return true;
    }

    public bool DropNode(string name)
    {
        if (!_places.TryGetValue(name, out var place) || place.Node is null)
        {
            return false;
        }

        place.Node = null;
        _nodesCameOrWent = true;
        Tidy(place);
        return true;
    }

    /// <summary>Builds anew only the nodes that changed.</summary>
    public void BringUpToDate()
    {
        if (_nodesCameOrWent)
        {
            Place[] places = [.. _places.Values.Where(place => place.Node is not null)];
            Array.Sort(places, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            var nodes = ImmutableArray.CreateBuilder<Node>(places.Length);
            for (var i = 0; i < places.Length; i++)
            {
                places[i].Index = i;
                nodes.Add(_changed.Contains(places[i]) || places[i].Built is not { } built ? places[i].Build() : built);
            }

            Nodes = nodes.MoveToImmutable();
        }
        else if (_changed.Count > 0)
        {
            var nodes = Nodes.ToBuilder();
            foreach (var place in _changed)
            {
                if (place.Node is not null)
                {
                    nodes[place.Index] = place.Build();
                }
            }

            // Of no nodes a builder has more room than it needs, and those that have gone may still have pods that change.
            Nodes = nodes.DrainToImmutable();
        }

        if (_pendingChanged)
        {
            Pending = [.. _pending.Values];
        }

        _changed.Clear();
        _nodesCameOrWent = _pendingChanged = false;
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
