using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Selects objects by their labels.</summary>
public sealed partial class LabelSelector
{
    public static readonly LabelSelector Everything = new([]);

    private readonly List<Requirement> _requirements;

    private LabelSelector(List<Requirement> requirements) => _requirements = requirements;

    private enum Operator
    {
        In,
        NotIn,
        Exists,
        DoesNotExist,
    }

    public bool SelectsEverything => _requirements.Count == 0;

    /// <summary>Reads the form of the query: "a=b,c!=d,e in (f,g),h,!i".</summary>
    /// <exception cref="ApiException">400 when it cannot be read.</exception>
    public static LabelSelector Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }

        var requirements = new List<Requirement>();
        var rest = text;
        while (true)
        {
            var match = Term().Match(rest);
            if (!match.Success)
            {
                throw ApiException.BadRequest($"unable to parse requirement: cannot read label selector {Quote(text)}");
            }

            requirements.Add(Read(match));
            rest = rest[match.Length..];
            if (rest.Length == 0)
            {
                return new LabelSelector(requirements);
            }

            if (rest[0] != ',')
            {
                throw ApiException.BadRequest($"unable to parse requirement: found '{rest[0]}', expected: ',' or end");
            }

            rest = rest[1..];
        }
    }

    /// <summary>Reads the form that objects use: matchLabels and matchExpressions.</summary>
    public static LabelSelector Of(JsonNode? selector)
    {
        var requirements = new List<Requirement>();
        foreach (var (key, value) in selector.Object("matchLabels") ?? [])
        {
            requirements.Add(new Requirement(key, Operator.In, [value.Text() ?? ""]));
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            var operation = expression.Text("operator") switch
            {
                "In" => Operator.In,
                "NotIn" => Operator.NotIn,
                "Exists" => Operator.Exists,
                _ => Operator.DoesNotExist,
            };
            requirements.Add(new Requirement(expression.Text("key") ?? "", operation, [.. expression.Texts("values")]));
        }

        return new LabelSelector(requirements);
    }

    /// <summary>The form of the query, of a selector as objects use it; what a Scale reports.</summary>
    public static string Format(JsonNode? selector) => string.Join(',', Of(selector)._requirements.Select(r => r.Operation switch
    {
        Operator.In when r.Values.Length == 1 => $"{r.Key}={r.Values[0]}",
        Operator.In => $"{r.Key} in ({string.Join(',', r.Values)})",
        Operator.NotIn => $"{r.Key} notin ({string.Join(',', r.Values)})",
        Operator.Exists => r.Key,
        _ => "!" + r.Key,
    }));

    public bool Matches(KubeObject item) => SelectsEverything || Matches(item.Metadata["labels"]);

    public bool Matches(JsonNode? labels)
    {
        foreach (var requirement in _requirements)
        {
            var value = labels.Text(requirement.Key);
            var holds = requirement.Operation switch
            {
                Operator.In => value is not null && requirement.Values.Contains(value),
                Operator.NotIn => value is null || !requirement.Values.Contains(value),
                Operator.Exists => value is not null,
                _ => value is null,
            };
            if (!holds)
            {
                return false;
            }
        }

        return true;
    }

    private static Requirement Read(Match match)
    {
        var key = match.Groups["key"].Value;
        if (match.Groups["not"].Success)
        {
            return new Requirement(key, Operator.DoesNotExist, []);
        }

        if (match.Groups["set"].Success)
        {
            var values = match.Groups["values"].Value.Split(',', StringSplitOptions.TrimEntries);
            return new Requirement(key, match.Groups["set"].Value == "in" ? Operator.In : Operator.NotIn, values);
        }

        return match.Groups["op"].Success
            ? new Requirement(
                key, match.Groups["op"].Value == "!=" ? Operator.NotIn : Operator.In, [match.Groups["value"].Value])
            : new Requirement(key, Operator.Exists, []);
    }

    private static string Quote(string text) => "\"" + text + "\"";

    [GeneratedRegex("""
        ^\s*(?:(?<not>!)\s*)?(?<key>[A-Za-z0-9][-A-Za-z0-9_./]*)\s*(?:(?<set>in|notin)\s*\((?<values>[^()]*)\)\s*|(?<op>==|!=|=)\s*(?<value>[-A-Za-z0-9_.]*)\s*)?(?=,|$)
        """)]
    private static partial Regex Term();

    private sealed record Requirement(string Key, Operator Operation, string[] Values);
}
