using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Where the volumes of one pod can be reached from.</summary>
internal sealed class VolumeFilter
{
    private static readonly ImmutableArray<string> ZoneKeys =
    [
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
    ];

    private readonly List<ImmutableArray<NodeTerm>> _placed = [];
    private readonly List<(string Key, string[] Values)> _zones = [];
    private readonly List<ImmutableArray<NodeTerm>> _placeable = [];

    public VolumeFilter(PodView pod, ObjectStore store)
    {
        // That all claims exist is looked at before what becomes of any of them.
        var claims = new List<KubeObject>();
        foreach (var name in pod.Needs.Claims)
        {
            if (store.Get(Kinds.PersistentVolumeClaim, pod.Namespace, name) is not { } claim)
            {
                Problem = $"persistentvolumeclaim \"{name}\" not found";
                return;
            }

            if (claim.Deleting)
            {
                Problem = $"persistentvolumeclaim \"{name}\" is being deleted";
                return;
            }

            claims.Add(claim);
        }

        foreach (var claim in claims)
        {
            if (claim.Json["spec"].Text("volumeName") is { Length: > 0 } volumeName)
            {
                if (store.Get(Kinds.PersistentVolume, "", volumeName) is not { } volume)
                {
                    Problem = $"persistentvolume \"{volumeName}\" not found";
                    return;
                }

                Bound(volume.Json);
                continue;
            }

            var storageClass = StorageClasses.Of(claim.Json, store);
            if (!StorageClasses.WaitsForPod(storageClass))
            {
                Problem = Reasons.UnboundClaim;
                return;
            }

            UnboundToAnyOf(storageClass!.Json);
        }
    }

    /// <summary>What keeps the pod from every node; null when nothing does.</summary>
    public string? Problem { get; }

    public Verdict Check(NodeView node, Reasons? reasons)
    {
        // Of volumes that are there and of those to be made it tells both.
        var unreachable = _placed.Exists(terms => !terms.Any(term => term.Matches(node)));
        var unplaceable = _placeable.Exists(terms => !terms.Any(term => term.Matches(node)));
        if (unreachable)
        {
            reasons?.Add(Reasons.VolumeNode);
        }

        if (unplaceable)
        {
            reasons?.Add(Reasons.VolumeTopology);
        }

        if (unreachable || unplaceable)
        {
            return Verdict.Never;
        }

        if (!ZoneKeys.Any(node.Labels.ContainsKey))
        {
            // A cluster that does not say where its nodes are has no zones.
            return Verdict.Fits;
        }

        foreach (var (key, values) in _zones)
        {
            if (!values.Contains(ZoneOf(node, key)))
            {
                reasons?.Add(Reasons.VolumeZone);
                return Verdict.Never;
            }
        }

        return Verdict.Fits;
    }

    private void Bound(JsonObject volume)
    {
        if (volume["spec"].At("nodeAffinity", "required") is { } required)
        {
            _placed.Add(NodeSelection.Terms(required));
        }

        foreach (var (key, value) in volume["metadata"].Map("labels"))
        {
            if (ZoneKeys.Contains(key))
            {
                // A volume that reaches several zones lists them in one label.
                _zones.Add((key, value.Split("__")));
            }
        }
    }

    private void UnboundToAnyOf(JsonObject storageClass)
    {
        ImmutableArray<NodeTerm> topologies =
        [
            .. storageClass.Objects("allowedTopologies").Select(topology => new NodeTerm(
                [
                    .. topology.Objects("matchLabelExpressions")
                        .Select(e => new Requirement(e.Text("key") ?? "", "In", [.. e.Texts("values")])),
                ],
                [])),
        ];
        if (!topologies.IsEmpty)
        {
            _placeable.Add(topologies);
        }
    }

    /// <summary>Old volumes carry the labels that zones had before they were generally available.</summary>
    private static string? ZoneOf(NodeView node, string key) =>
        node.Labels.GetValueOrDefault(key)
        ?? node.Labels.GetValueOrDefault(key.Replace("failure-domain.beta", "topology", StringComparison.Ordinal));
}

/// <summary>The storage class of a claim.</summary>
internal static class StorageClasses
{
    public static KubeObject? Of(JsonObject claim, ObjectStore store) =>
        claim["spec"].Text("storageClassName") is { Length: > 0 } name ? store.Get(Kinds.StorageClass, "", name) : null;

    public static bool WaitsForPod(KubeObject? storageClass) =>
        storageClass?.Json.Text("volumeBindingMode") == "WaitForFirstConsumer";
}
