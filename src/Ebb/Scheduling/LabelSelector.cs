using System.Collections.Immutable;
using System.Globalization;

namespace Ebb.Scheduling;

public enum SelectorOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Gt,
    Lt,
}

/// <summary>One thing that labels must fulfil.</summary>
public sealed record Requirement(string Key, SelectorOperator Operator, ImmutableArray<string> Values)
{
    public bool Admits(string? value) => Operator switch
    {
        SelectorOperator.In => value is not null && Values.Contains(value),
        SelectorOperator.NotIn => value is null || !Values.Contains(value),
        SelectorOperator.Exists => value is not null,
        SelectorOperator.DoesNotExist => value is null,
        SelectorOperator.Gt => Compare(value) > 0,
        SelectorOperator.Lt => Compare(value) < 0,
        _ => false,
    };

    public override string ToString() => Operator switch
    {
        SelectorOperator.In when Values.Length == 1 => $"{Key}={Values[0]}",
        SelectorOperator.In => $"{Key} in ({string.Join(", ", Values)})",
        SelectorOperator.NotIn when Values.Length == 1 => $"{Key}!={Values[0]}",
        SelectorOperator.NotIn => $"{Key} not in ({string.Join(", ", Values)})",
        SelectorOperator.Exists => Key,
        SelectorOperator.DoesNotExist => $"no {Key}",
        SelectorOperator.Gt => $"{Key}>{Values.FirstOrDefault()}",
        _ => $"{Key}<{Values.FirstOrDefault()}",
    };

    /// <summary>0 also when one of the two is no whole number: neither greater nor less.</summary>
    private int Compare(string? value) =>
        Values.Length == 1
        && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var have)
        && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bound)
            ? have.CompareTo(bound)
            : 0;
}

/// <summary>Requirements that all must hold; without any it selects everything. (Where Kubernetes has no selector at all, neither have we: null.)</summary>
public sealed record LabelSelector(ImmutableArray<Requirement> Requirements)
{
    public static LabelSelector Everything { get; } = new([]);

    public bool Selects(LabelSet labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Admits(labels.Get(requirement.Key)))
            {
                return false;
            }
        }

        return true;
    }
}
