using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>A topology spread constraint of a pod.</summary>
/// <param name="Hard">DoNotSchedule; else it only counts for the score.</param>
internal sealed record SpreadConstraint(
    string TopologyKey,
    int MaxSkew,
    bool Hard,
    int MinDomains,
    Selector? Labels,
    ImmutableArray<string> MatchLabelKeys,
    bool HonorAffinity,
    bool HonorTaints)
{
    public static SpreadConstraint Read(JsonObject json) => new(
        json.Text("topologyKey") ?? "",
        (int)(json.Number("maxSkew") ?? 1),
        json.Text("whenUnsatisfiable") != "ScheduleAnyway",
        (int)(json.Number("minDomains") ?? 1),
        Selector.Read(json.At("labelSelector")),
        [.. json.Texts("matchLabelKeys")],
        json.Text("nodeAffinityPolicy") != "Ignore",
        json.Text("nodeTaintsPolicy") == "Honor");

    /// <summary>The selector of this pod's constraint: the written one and the pod's own values of the match label keys.</summary>
    public Selector? SelectorFor(PodView pod) => MatchLabelKeys.IsEmpty || Labels is null
        ? Labels
        : Labels.And(MatchLabelKeys
            .Where(pod.Labels.ContainsKey)
            .Select(key => new Requirement(key, "In", [pod.Labels[key]])));

    /// <summary>Is this node one over which the pod is spread?</summary>
    public bool Counts(PodView pod, NodeView node) =>
        (!HonorAffinity || pod.Needs.Nodes.Accepts(node))
        && (!HonorTaints || node.Untolerated(pod.Needs.Tolerations) is null);
}
