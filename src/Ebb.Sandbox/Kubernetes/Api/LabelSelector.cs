using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Selects objects by their labels.</summary>
public sealed class LabelSelector
{
    public static readonly LabelSelector Everything = new([]);

    private readonly List<LabelRequirement> _requirements;

    private LabelSelector(List<LabelRequirement> requirements) => _requirements = requirements;

    public bool SelectsEverything => _requirements.Count == 0;

    /// <summary>Reads the form of the query: "a=b,c!=d,e in (f,g),h,!i".</summary>
    /// <exception cref="ApiException">400 when it cannot be read.</exception>
    public static LabelSelector Parse(string? text) =>
        string.IsNullOrWhiteSpace(text) ? Everything : new LabelSelector(LabelSelectorReading.Read(text));

    /// <summary>Reads the form that objects use: matchLabels and matchExpressions.</summary>
    public static LabelSelector Of(JsonNode? selector)
    {
        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in selector.Object("matchLabels") ?? [])
        {
            requirements.Add(new LabelRequirement(key, LabelOperator.In, [value.Text() ?? ""]));
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            var operation = expression.Text("operator") switch
            {
                "In" => LabelOperator.In,
                "NotIn" => LabelOperator.NotIn,
                "Exists" => LabelOperator.Exists,
                _ => LabelOperator.DoesNotExist,
            };
            requirements.Add(new LabelRequirement(expression.Text("key") ?? "", operation, [.. expression.Texts("values")]));
        }

        return new LabelSelector(requirements);
    }

    /// <summary>The form of the query, of a selector as objects use it; what a Scale reports.</summary>
    public static string Format(JsonNode? selector) => string.Join(',', Of(selector)._requirements.Select(r => r.Operation switch
    {
        LabelOperator.In when r.Values.Length == 1 => $"{r.Key}={r.Values[0]}",
        LabelOperator.In => $"{r.Key} in ({string.Join(',', r.Values)})",
        LabelOperator.NotIn => $"{r.Key} notin ({string.Join(',', r.Values)})",
        LabelOperator.Exists => r.Key,
        _ => "!" + r.Key,
    }));

    public bool Matches(KubeObject item) => SelectsEverything || Matches(item.Metadata["labels"]);

    public bool Matches(JsonNode? labels)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Holds(labels.Text(requirement.Key)))
            {
                return false;
            }
        }

        return true;
    }
}

internal enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Greater,
    Less,
}

/// <summary>One condition on one label.</summary>
internal sealed record LabelRequirement(string Key, LabelOperator Operation, string[] Values)
{
    public bool Holds(string? value) => Operation switch
    {
        LabelOperator.In => value is not null && Values.Contains(value),
        LabelOperator.NotIn => value is null || !Values.Contains(value),
        LabelOperator.Exists => value is not null,
        LabelOperator.DoesNotExist => value is null,
        _ => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bound)
            && (Operation is LabelOperator.Greater ? number > bound : number < bound),
    };
}
