using System.Collections.Immutable;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;

namespace Ebb.Acting.State;

/// <summary>Reads selectors and what else says where a pod may go.</summary>
internal static class Selectors
{
    public static LabelSelector? Read(V1LabelSelector? selector, IEnumerable<Requirement>? and = null)
    {
        if (selector is null)
        {
            return null;
        }

        return new LabelSelector(
        [
            .. (selector.MatchLabels ?? ImmutableDictionary<string, string>.Empty)
                .OrderBy(label => label.Key, StringComparer.Ordinal)
                .Select(label => new Requirement(label.Key, SelectorOperator.In, [label.Value])),
            .. Read(selector.MatchExpressions),
            .. and ?? [],
        ]);
    }

    public static ImmutableArray<Requirement> Read(IReadOnlyList<V1Expression>? expressions) =>
        expressions is null ? [] : [.. expressions.Select(Read)];

    public static ImmutableArray<NodeTerm> Read(V1NodeSelector? selector) =>
        selector?.NodeSelectorTerms is { } terms
            ? [.. terms.Select(term => new NodeTerm(Read(term.MatchExpressions), Read(term.MatchFields)))]
            : [];

    public static Toleration Read(V1Toleration toleration) =>
        new(toleration.Key ?? "", toleration.Operator == "Exists", toleration.Value ?? "", Effect(toleration.Effect));

    public static TaintEffect? Effect(string? effect) => effect switch
    {
        "NoSchedule" => TaintEffect.NoSchedule,
        "PreferNoSchedule" => TaintEffect.PreferNoSchedule,
        "NoExecute" => TaintEffect.NoExecute,
        _ => null,
    };

    public static ImmutableArray<SpreadConstraint> Spread(V1PodSpec spec, V1Meta meta) =>
        spec.TopologySpreadConstraints is not { Count: > 0 } constraints
            ? []
            :
            [
                .. from constraint in constraints
                   where constraint.WhenUnsatisfiable != "ScheduleAnyway"
                   select new SpreadConstraint(
                       constraint.TopologyKey,
                       constraint.MaxSkew,
                       meta.Namespace,
                       Read(constraint.LabelSelector, OwnValues(constraint.MatchLabelKeys, meta, SelectorOperator.In)),
                       Math.Max(1, constraint.MinDomains ?? 1),
                       constraint.NodeAffinityPolicy != "Ignore",
                       constraint.NodeTaintsPolicy == "Honor"),
            ];

    public static ImmutableArray<AffinityTerm> Affinity(V1PodAffinity? affinity, V1Meta meta) =>
        affinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { Count: > 0 } terms
            ? []
            :
            [
                .. from term in terms
                   let own = term.Namespaces is null or { Count: 0 } && term.NamespaceSelector is null
                   select new AffinityTerm(
                       term.TopologyKey,
                       own ? [meta.Namespace] : [.. term.Namespaces ?? []],
                       Read(term.NamespaceSelector),
                       Read(
                           term.LabelSelector,
                           OwnValues(term.MatchLabelKeys, meta, SelectorOperator.In)
                               .Concat(OwnValues(term.MismatchLabelKeys, meta, SelectorOperator.NotIn)))),
            ];

    private static Requirement Read(V1Expression expression) =>
        new(expression.Key, Enum.TryParse<SelectorOperator>(expression.Operator, out var known) ? known : SelectorOperator.In, [.. expression.Values ?? []]);

    /// <summary>Keys for which the pod's own values count; those it does not have are left out.</summary>
    private static IEnumerable<Requirement> OwnValues(IReadOnlyList<string>? keys, V1Meta meta, SelectorOperator how)
    {
        foreach (var key in keys ?? [])
        {
            if (meta.Labels?.TryGetValue(key, out var value) == true)
            {
                yield return new Requirement(key, how, [value]);
            }
        }
    }
}
