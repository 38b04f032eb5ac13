using System.Collections.Immutable;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;

namespace Ebb.Acting.State;

/// <summary>Claims, volumes and storage classes, and what they say about where a pod can run.</summary>
internal sealed class Volumes
{
    private const string BindCompleted = "pv.kubernetes.io/bind-completed";
    private const string SelectedNode = "volume.kubernetes.io/selected-node";

    private static readonly string[] ZoneKeys =
    [
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
    ];

    public SchedulerRules Rules { get; set; } = SchedulerRules.Newest;

    public Dictionary<(string Namespace, string Name), V1PersistentVolumeClaim> Claims { get; } = [];

    public Dictionary<string, V1PersistentVolume> Persistent { get; } = [];

    public Dictionary<string, V1StorageClass> Classes { get; } = [];

    /// <summary>Names of the claims that a pod uses; empty for most.</summary>
    public static IEnumerable<string> ClaimsOf(V1Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (volume.PersistentVolumeClaim is { } claim)
            {
                yield return claim.ClaimName;
            }
            else if (volume.Ephemeral is not null)
            {
                yield return $"{pod.Metadata.Name}-{volume.Name}";
            }
        }
    }

    /// <summary>For each claim the terms of which one must hold; or why there is no place at all.</summary>
    public (ImmutableArray<ImmutableArray<NodeTerm>> Terms, string? Blocked) Of(V1Pod pod)
    {
        List<ImmutableArray<NodeTerm>>? terms = null;
        foreach (var name in ClaimsOf(pod))
        {
            if (!Claims.TryGetValue((pod.Metadata.Namespace, name), out var claim))
            {
                return ([], $"its volume claim {name} does not exist");
            }

            if (claim.Spec.VolumeName is { Length: > 0 } bound && claim.Metadata.Annotations?.ContainsKey(BindCompleted) == true)
            {
                if (!Persistent.TryGetValue(bound, out var volume))
                {
                    return ([], $"the volume {bound} of its claim {name} does not exist");
                }

                (terms ??= []).AddRange(Of(volume));
                continue;
            }

            var storage = claim.Spec.StorageClassName is { Length: > 0 } className ? Classes.GetValueOrDefault(className) : null;
            if (storage?.VolumeBindingMode != "WaitForFirstConsumer" || claim.Spec.VolumeName is { Length: > 0 })
            {
                return ([], $"its volume claim {name} is not bound yet");
            }

            if (claim.Metadata.Annotations?.TryGetValue(SelectedNode, out var node) == true)
            {
                // It is being made, for an earlier pod.
                (terms ??= []).Add([new NodeTerm([], [new Requirement("metadata.name", SelectorOperator.In, [node])])]);
            }

            if (Places(claim, storage) is not { } places)
            {
                continue;
            }

            if (places.IsEmpty)
            {
                return ([], $"no volume is free for its claim {name}, and nothing makes one");
            }

            (terms ??= []).Add(places);
        }

        return terms is null ? ([], null) : ([.. terms], null);
    }

    /// <summary>Where a claim gets a volume that is there, or one that can be made; null: everywhere.</summary>
    private ImmutableArray<NodeTerm>? Places(V1PersistentVolumeClaim claim, V1StorageClass storage)
    {
        var places = ImmutableArray.CreateBuilder<NodeTerm>();
        if (claim.Metadata.Annotations?.ContainsKey(SelectedNode) != true)
        {
            foreach (var volume in FreeVolumes.For(claim, Persistent.Values))
            {
                if (volume.Spec.NodeAffinity?.Required is not { } required)
                {
                    return null;
                }

                places.AddRange(Selectors.Read(required));
            }
        }

        if (storage.Provisioner is null or "" or "kubernetes.io/no-provisioner")
        {
            return places.ToImmutable();
        }

        if (storage.AllowedTopologies is not { Count: > 0 } allowed)
        {
            return null;
        }

        places.AddRange(allowed.Select(Of));
        return places.ToImmutable();
    }

    private IEnumerable<ImmutableArray<NodeTerm>> Of(V1PersistentVolume volume)
    {
        var affinity = Selectors.Read(volume.Spec.NodeAffinity?.Required);
        if (affinity.Length > 0)
        {
            yield return affinity;
        }

        foreach (var key in ZoneKeys)
        {
            // A volume in several zones names them joined by two underscores.
            if (volume.Metadata.Labels?.TryGetValue(key, out var zones) == true)
            {
                yield return [.. InZone(key, [.. zones.Split("__")])];
            }
        }
    }

    private IEnumerable<NodeTerm> InZone(string key, ImmutableArray<string> zones)
    {
        yield return new NodeTerm([new Requirement(key, SelectorOperator.In, zones)], []);
        var today = key.Replace("failure-domain.beta", "topology", StringComparison.Ordinal);
        if (today != key && !Rules.TellsOldZonesApart)
        {
            var unsaid = new Requirement(key, SelectorOperator.DoesNotExist, []);
            yield return new NodeTerm([unsaid, new Requirement(today, SelectorOperator.In, zones)], []);
        }

        // A cluster that does not say where its nodes are has no zones.
        yield return new NodeTerm([.. ZoneKeys.Select(other => new Requirement(other, SelectorOperator.DoesNotExist, []))], []);
    }

    private static NodeTerm Of(V1TopologySelectorTerm term) => new(
        [
            .. (term.MatchLabelExpressions ?? []).Select(
                expression => new Requirement(expression.Key, SelectorOperator.In, [.. expression.Values ?? []])),
        ],
        []);
}
