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

        if (claims.Exists(claim => !IsBound(claim) && !MayWait(claim, store)))
        {
            Problem = Reasons.UnboundClaim;
            return;
        }

        foreach (var claim in claims)
        {
            if (!IsBound(claim))
            {
                Unbound(claim, StorageClasses.Of(claim.Json, store)!, store);
                continue;
            }

            var name = claim.Json["spec"].Text("volumeName")!;
            if (store.Get(Kinds.PersistentVolume, "", name) is not { } volume)
            {
                Problem = $"persistentvolume \"{name}\" not found";
                return;
            }

            Bound(volume.Json);
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

    private static bool IsBound(KubeObject claim) =>
        claim.Json["spec"].Text("volumeName") is { Length: > 0 } && claim.Metadata.At("annotations").Text(StorageClasses.Bound) is not null;

    private static bool MayWait(KubeObject claim, ObjectStore store) =>
        string.IsNullOrEmpty(claim.Json["spec"].Text("volumeName")) && StorageClasses.WaitsForPod(StorageClasses.Of(claim.Json, store));

    /// <summary>It gets a volume that is there, or one that can be made for the node.</summary>
    private void Unbound(KubeObject claim, KubeObject storageClass, ObjectStore store)
    {
        var places = new List<NodeTerm>();
        var anywhere = false;
        if (claim.Metadata.At("annotations").Text(StorageClasses.SelectedNode) is { } node)
        {
            // It is being made, for an earlier pod.
            _placeable.Add([new NodeTerm([], [new Requirement("metadata.name", "In", [node])])]);
        }
        else
        {
            foreach (var volume in FreeVolumes.For(claim, store))
            {
                var required = volume.Json["spec"].At("nodeAffinity", "required");
                anywhere |= required is null;
                places.AddRange(NodeSelection.Terms(required));
            }
        }

        if (StorageClasses.MakesVolumes(storageClass))
        {
            var topologies = storageClass.Json.Objects("allowedTopologies").Select(Term).ToList();
            anywhere |= topologies.Count == 0;
            places.AddRange(topologies);
        }

        if (!anywhere)
        {
            _placeable.Add([.. places]);
        }
    }

    private static NodeTerm Term(JsonObject topology) => new(
        [
            .. topology.Objects("matchLabelExpressions").Select(e => new Requirement(e.Text("key") ?? "", "In", [.. e.Texts("values")])),
        ],
        []);

    /// <summary>Old volumes carry the labels that zones had before they were generally available.</summary>
    private static string? ZoneOf(NodeView node, string key) =>
        node.Labels.GetValueOrDefault(key)
        ?? node.Labels.GetValueOrDefault(key.Replace("failure-domain.beta", "topology", StringComparison.Ordinal));
}

/// <summary>The storage class of a claim.</summary>
internal static class StorageClasses
{
    /// <summary>The annotation of a claim that is bound, and nothing is left to be done about it.</summary>
    public const string Bound = "pv.kubernetes.io/bind-completed";

    /// <summary>The annotation of a claim with the node of its first pod.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    public static KubeObject? Of(JsonObject claim, ObjectStore store) =>
        claim["spec"].Text("storageClassName") is { Length: > 0 } name ? store.Get(Kinds.StorageClass, "", name) : null;

    public static bool WaitsForPod(KubeObject? storageClass) =>
        storageClass?.Json.Text("volumeBindingMode") == "WaitForFirstConsumer";

    /// <summary>Whether there is someone who makes volumes of this class; of local disks there is not.</summary>
    public static bool MakesVolumes(KubeObject? storageClass) =>
        storageClass?.Json.Text("provisioner") is not (null or "" or "kubernetes.io/no-provisioner");
}
