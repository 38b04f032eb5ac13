using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>One term of node affinity: all its requirements hold.</summary>
internal sealed record NodeTerm(ImmutableArray<Requirement> Labels, ImmutableArray<Requirement> Fields)
{
    public static NodeTerm Read(JsonNode? json) => new(
        [.. json.Objects("matchExpressions").Select(Requirement.Read)],
        [.. json.Objects("matchFields").Select(Requirement.Read)]);

    /// <summary>A term without requirements matches no node.</summary>
    public bool Matches(NodeView node) =>
        (Labels.Length > 0 || Fields.Length > 0)
        && Labels.All(requirement => requirement.Matches(node.Labels.GetValueOrDefault(requirement.Key)))
        && Fields.All(requirement => requirement.Key == "metadata.name" && requirement.Matches(node.Name));
}

/// <summary>Which nodes a pod accepts: its nodeSelector and the required and preferred terms of its node affinity.</summary>
internal sealed record NodeSelection(
    IReadOnlyDictionary<string, string> Labels,
    ImmutableArray<NodeTerm>? Required,
    ImmutableArray<(int Weight, NodeTerm Term)> Preferred)
{
    public bool AcceptsAll => Labels.Count == 0 && Required is null;

    public static NodeSelection Read(JsonNode? podSpec)
    {
        var affinity = podSpec.At("affinity", "nodeAffinity");
        var required = affinity.At("requiredDuringSchedulingIgnoredDuringExecution");
        return new NodeSelection(
            podSpec.Map("nodeSelector"),
            required is null ? null : Terms(required),
            [
                .. affinity.Objects("preferredDuringSchedulingIgnoredDuringExecution")
                    .Select(p => ((int)(p.Number("weight") ?? 0), NodeTerm.Read(p.At("preference")))),
            ]);
    }

    /// <summary>The terms of a node selector, as pods and persistent volumes have it.</summary>
    public static ImmutableArray<NodeTerm> Terms(JsonNode? nodeSelector) =>
        [.. nodeSelector.Objects("nodeSelectorTerms").Select(NodeTerm.Read)];

    public bool Accepts(NodeView node)
    {
        foreach (var (key, value) in Labels)
        {
            if (node.Labels.GetValueOrDefault(key) != value)
            {
                return false;
            }
        }

        return Required is not { } terms || terms.Any(term => term.Matches(node));
    }

    public int Preference(NodeView node)
    {
        var sum = 0;
        foreach (var (weight, term) in Preferred)
        {
            // An empty preferred term matches every node, unlike a required one.
            if ((term.Labels.IsEmpty && term.Fields.IsEmpty) || term.Matches(node))
            {
                sum += weight;
            }
        }

        return sum;
    }
}
