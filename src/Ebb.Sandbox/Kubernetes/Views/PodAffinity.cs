using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>How a pod wants to stand to other pods.</summary>
internal sealed record PodAffinity(
    ImmutableArray<PodTerm> Near,
    ImmutableArray<PodTerm> Apart,
    ImmutableArray<(int Weight, PodTerm Term)> Preferred)
{
    private const string Hard = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Soft = "preferredDuringSchedulingIgnoredDuringExecution";

    public bool IsEmpty => Near.IsEmpty && Apart.IsEmpty && Preferred.IsEmpty;

    public static PodAffinity Read(JsonNode? affinity)
    {
        var near = affinity.At("podAffinity");
        var apart = affinity.At("podAntiAffinity");
        return new PodAffinity(
            [.. near.Objects(Hard).Select(PodTerm.Read)],
            [.. apart.Objects(Hard).Select(PodTerm.Read)],
            [
                .. near.Objects(Soft).Select(p => (Weight(p), PodTerm.Read(p.At("podAffinityTerm")))),
                .. apart.Objects(Soft).Select(p => (-Weight(p), PodTerm.Read(p.At("podAffinityTerm")))),
            ]);
    }

    private static int Weight(JsonObject preferred) => (int)(preferred.Number("weight") ?? 0);
}

/// <summary>Other pods (by labels and namespaces) within a topology domain.</summary>
/// <param name="NamespaceSelector">Null: only <paramref name="Namespaces"/>, or the pod's own when there are none.</param>
internal sealed record PodTerm(
    string TopologyKey,
    Selector? Labels,
    ImmutableArray<string> Namespaces,
    Selector? NamespaceSelector,
    ImmutableArray<string> MatchLabelKeys,
    ImmutableArray<string> MismatchLabelKeys)
{
    public static PodTerm Read(JsonNode? json) => new(
        json.Text("topologyKey") ?? "",
        Selector.Read(json.At("labelSelector")),
        [.. json.Texts("namespaces")],
        Selector.Read(json.At("namespaceSelector")),
        [.. json.Texts("matchLabelKeys")],
        [.. json.Texts("mismatchLabelKeys")]);

    /// <summary>Does the term, standing in <paramref name="of"/>, speak of <paramref name="other"/>?</summary>
    public bool SpeaksOf(PodView of, PodView other, Func<string, IReadOnlyDictionary<string, string>> namespaceLabels)
    {
        if (Labels is null || !Labels.Matches(other.Labels))
        {
            return false;
        }

        foreach (var key in MatchLabelKeys)
        {
            if (of.Labels.TryGetValue(key, out var value) && other.Labels.GetValueOrDefault(key) != value)
            {
                return false;
            }
        }

        foreach (var key in MismatchLabelKeys)
        {
            if (of.Labels.TryGetValue(key, out var value) && other.Labels.GetValueOrDefault(key) == value)
            {
                return false;
            }
        }

        if (Namespaces.IsEmpty && NamespaceSelector is null)
        {
            return other.Namespace == of.Namespace;
        }

        return Namespaces.Contains(other.Namespace)
            || (NamespaceSelector is not null && NamespaceSelector.Matches(namespaceLabels(other.Namespace)));
    }
}
