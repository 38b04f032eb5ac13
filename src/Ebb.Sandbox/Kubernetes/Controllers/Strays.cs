using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Objects that no controller owns and that one may adopt, by kind and namespace.</summary>
internal sealed class Strays(ObjectStore store)
{
    private readonly Dictionary<(Kind Kind, string Namespace), HashSet<string>> _names = [];

    /// <summary>Before any controller sees the change.</summary>
    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind != Kinds.Pod && item.Kind != Kinds.ReplicaSet && item.Kind != Kinds.ControllerRevision)
        {
            return;
        }

        var place = (item.Kind, item.Namespace);
        if (change.Type is not StoreEventType.Deleted && !item.Deleting && OwnerOf(item) is null)
        {
            if (!_names.TryGetValue(place, out var names))
            {
                _names[place] = names = new HashSet<string>(StringComparer.Ordinal);
            }

            names.Add(item.Name);
        }
        else if (_names.TryGetValue(place, out var names) && names.Remove(item.Name) && names.Count == 0)
        {
            _names.Remove(place);
        }
    }

    /// <summary>Ordered by name.</summary>
    public List<KubeObject> In(Kind kind, string ns) => _names.TryGetValue((kind, ns), out var names)
        ? [.. names.Order(StringComparer.Ordinal).Select(name => store.Get(kind, ns, name)).OfType<KubeObject>()]
        : [];

    /// <summary>Workloads that may want a stray, after a change that lets them: it came, lost its owner, or has other labels.</summary>
    public IEnumerable<KubeObject> SuitorsOf(StoreEvent change, Kind workload)
    {
        var item = change.Object;
        if (change.Type is StoreEventType.Deleted || OwnerOf(item) is not null || store.Count(workload) == 0)
        {
            return [];
        }

        var labels = LabelsOf(item);
        if (change.Before is { } before && OwnerOf(before) is null && Same(LabelsOf(before), labels))
        {
            return [];
        }

        return store.List(workload, item.Namespace).Where(candidate => SelectorOf(candidate)?.Matches(labels) == true);
    }

    public static OwnerRef? OwnerOf(KubeObject item) =>
        item.Kind == Kinds.Pod ? PodView.Of(item).Owner : OwnerRef.ControllerOf(item.Metadata);

    public static IReadOnlyDictionary<string, string> LabelsOf(KubeObject item) =>
        item.Kind == Kinds.Pod ? PodView.Of(item).Labels : item.Metadata.Map("labels");

    public static Selector? SelectorOf(KubeObject workload) => workload.Kind == Kinds.ReplicationController
        ? Selector.Of(workload.Json["spec"].Map("selector"))
        : Selector.Read(workload.Json["spec"].At("selector"));

    private static bool Same(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
        a.Count == b.Count && a.All(label => b.GetValueOrDefault(label.Key) == label.Value);
}
