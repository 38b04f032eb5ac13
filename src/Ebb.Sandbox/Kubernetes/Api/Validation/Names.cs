using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>The rules for names, labels and annotations.</summary>
internal static partial class Names
{
    private const int MostAnnotationBytes = 256 * 1024;
    private const int MostOfLabel = 63;
    private const int MostOfSubdomain = 253;

    private const string SubdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
        "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string LabelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
        "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string ValueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
        "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    private const string KeyRule =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private const string ServiceRule =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and " +
        "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
        "'[a-z]([-a-z0-9]*[a-z0-9])?')";

    private const string QualifiedRule =
        "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
        "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";

    public static void CheckLabels(JsonNode? labels, string field, Problems problems)
    {
        foreach (var (key, value) in Sorted(labels))
        {
            CheckKey(key, field, problems);
            foreach (var wrong in WrongInValue(value.Text() ?? ""))
            {
                problems.Add(Problem.Invalid(field, value.Text() ?? "", wrong));
            }
        }
    }

    public static void CheckAnnotations(JsonNode? annotations, string field, Problems problems)
    {
        var total = 0L;
        foreach (var (key, value) in Sorted(annotations))
        {
            foreach (var wrong in WrongInKey(key.ToLowerInvariant()))
            {
                problems.Add(Problem.Invalid(field, key, wrong));
            }

            total += key.Length + (value.Text()?.Length ?? 0);
        }

        if (total > MostAnnotationBytes)
        {
            problems.Add(Problem.TooLong(field, MostAnnotationBytes));
        }
    }

    public static void CheckKey(string key, string field, Problems problems)
    {
        foreach (var wrong in WrongInKey(key))
        {
            problems.Add(Problem.Invalid(field, key, wrong));
        }
    }

    /// <summary>What keeps a text from being the key of a label.</summary>
    public static IEnumerable<string> WrongInKey(string key)
    {
        var parts = key.Split('/');
        if (parts.Length > 2)
        {
            yield return QualifiedRule;
            yield break;
        }

        var name = parts[^1];
        if (parts.Length == 2)
        {
            if (parts[0].Length == 0)
            {
                yield return "prefix part must be non-empty";
            }
            else
            {
                foreach (var wrong in WrongInSubdomain(parts[0]))
                {
                    yield return "prefix part " + wrong;
                }
            }
        }

        if (name.Length == 0)
        {
            yield return "name part must be non-empty";
        }
        else if (name.Length > MostOfLabel)
        {
            yield return $"name part must be no more than {MostOfLabel} characters";
        }

        if (!Key().IsMatch(name))
        {
            yield return KeyRule;
        }
    }

    /// <summary>What keeps a text from being the value of a label.</summary>
    public static IEnumerable<string> WrongInValue(string value)
    {
        if (value.Length > MostOfLabel)
        {
            yield return $"must be no more than {MostOfLabel} characters";
        }

        if (!Value().IsMatch(value))
        {
            yield return ValueRule;
        }
    }

    public static IEnumerable<string> WrongInLabel(string name) => Wrong(name, MostOfLabel, Label(), LabelRule);

    public static IEnumerable<string> WrongInSubdomain(string name) => Wrong(name, MostOfSubdomain, Subdomain(), SubdomainRule);

    /// <summary>What keeps a text from naming an object of a kind; of a prefix only what is no matter of its end.</summary>
    public static IEnumerable<string> WrongInName(Kind kind, string name, bool prefix)
    {
        if (kind.Group == "rbac.authorization.k8s.io")
        {
            return WrongInSegment(name, prefix);
        }

        // What is still to come after a prefix ends well.
        var whole = prefix && name.EndsWith('-') ? name[..^Math.Min(2, name.Length)] + "a" : name;
        return kind.Plural switch
        {
            "namespaces" => WrongInLabel(whole),
            "services" when kind.Group.Length == 0 => Wrong(whole, MostOfLabel, ServiceName(), ServiceRule),
            _ => WrongInSubdomain(whole),
        };
    }

    private static IEnumerable<string> WrongInSegment(string name, bool prefix)
    {
        if (!prefix && name is "." or "..")
        {
            yield return $"may not be '{name}'";
        }

        foreach (var refused in new[] { '/', '%' })
        {
            if (name.Contains(refused, StringComparison.Ordinal))
            {
                yield return $"may not contain '{refused}'";
            }
        }
    }

    private static IEnumerable<string> Wrong(string text, int most, Regex pattern, string rule)
    {
        if (text.Length > most)
        {
            yield return $"must be no more than {most} characters";
        }

        if (!pattern.IsMatch(text))
        {
            yield return rule;
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Sorted(JsonNode? map) =>
        (map as JsonObject ?? []).OrderBy(entry => entry.Key, StringComparer.Ordinal);

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"^[a-z]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z")]
    private static partial Regex Value();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    private static partial Regex Key();
}
