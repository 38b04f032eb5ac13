using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>One requirement on a label or a field.</summary>
internal sealed record Requirement(string Key, string Operator, ImmutableArray<string> Values)
{
    public static Requirement Read(JsonObject json) =>
        new(json.Text("key") ?? "", json.Text("operator") ?? "", [.. json.Texts("values")]);

    public bool Matches(string? value) => Operator switch
    {
        "In" => value is not null && Values.Contains(value),
        "NotIn" => value is null || !Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value) is > 0,
        "Lt" => Compare(value) is < 0,
        _ => false,
    };

    private int? Compare(string? value) =>
        Values.Length == 1
        && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var has)
        && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var wanted)
            ? has.CompareTo(wanted)
            : null;
}

/// <summary>A label selector; an empty one matches everything.</summary>
internal sealed record Selector(ImmutableArray<Requirement> Requirements)
{
    /// <summary>Null when there is none, which everywhere means that nothing matches.</summary>
    public static Selector? Read(JsonNode? json) => json is not JsonObject selector
        ? null
        : new Selector(
        [
            .. selector.Map("matchLabels").Select(label => new Requirement(label.Key, "In", [label.Value])),
            .. selector.Objects("matchExpressions").Select(Requirement.Read),
        ]);

    /// <summary>A map of labels, as the selector of a Service is.</summary>
    public static Selector Of(IReadOnlyDictionary<string, string> labels) =>
        new([.. labels.Select(label => new Requirement(label.Key, "In", [label.Value]))]);

    public Selector And(IEnumerable<Requirement> more) => new([.. Requirements, .. more]);

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels.GetValueOrDefault(requirement.Key)))
            {
                return false;
            }
        }

        return true;
    }
}
