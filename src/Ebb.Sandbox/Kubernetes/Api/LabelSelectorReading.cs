using System.Globalization;
using Ebb.Sandbox.Kubernetes.Api.Validation;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Reads the query's form of a label selector, and says of a bad one what the real server says.</summary>
internal sealed class LabelSelectorReading
{
    private const string Marks = "=!(),<>";
    private static readonly string[] Joined = ["==", "!=", "=", "!", "(", ")", ",", "<", ">"];

    private readonly List<string> _words;
    private int _at;

    private LabelSelectorReading(string text) => _words = Split(text);

    /// <summary>The next word; empty at the end.</summary>
    private string Ahead => _at < _words.Count ? _words[_at] : "";

    /// <exception cref="ApiException">400 when it cannot be read.</exception>
    public static List<LabelRequirement> Read(string text) => new LabelSelectorReading(text).ReadAll();

    private List<LabelRequirement> ReadAll()
    {
        var found = new List<LabelRequirement>();
        while (true)
        {
            if (Ahead.Length == 0)
            {
                return found;
            }

            if (!IsName(Ahead) && Ahead != "!")
            {
                throw ApiException.BadRequest($"found '{Ahead}', expected: !, identifier, or 'end of string'");
            }

            found.Add(ReadOne());
            switch (Take())
            {
                case "":
                    return found;
                case "," when !IsName(Ahead) && Ahead != "!":
                    throw ApiException.BadRequest($"found '{Ahead}', expected: identifier after ','");
                case ",":
                    break;
                case var other:
                    throw ApiException.BadRequest($"found '{other}', expected: ',' or 'end of string'");
            }
        }
    }

    private LabelRequirement ReadOne()
    {
        var absent = Ahead == "!";
        if (absent)
        {
            Take();
        }

        var key = Take();
        if (!IsName(key))
        {
            throw Refused($"found '{key}', expected: identifier");
        }

        if (Names.WrongInKey(key).ToList() is { Count: > 0 } wrong)
        {
            throw Refused($"invalid label key \"{key}\": {string.Join("; ", wrong)}");
        }

        if (absent || Ahead is "" or ",")
        {
            return new LabelRequirement(key, absent ? LabelOperator.DoesNotExist : LabelOperator.Exists, []);
        }

        var operation = Take();
        var requirement = operation switch
        {
            "in" => new LabelRequirement(key, LabelOperator.In, ReadSet()),
            "notin" => new LabelRequirement(key, LabelOperator.NotIn, ReadSet()),
            "=" or "==" => new LabelRequirement(key, LabelOperator.In, [ReadValue()]),
            "!=" => new LabelRequirement(key, LabelOperator.NotIn, [ReadValue()]),
            ">" => new LabelRequirement(key, LabelOperator.Greater, [ReadValue()]),
            "<" => new LabelRequirement(key, LabelOperator.Less, [ReadValue()]),
            _ => throw Refused($"found '{operation}', expected: '=', '!=', '==', 'in', notin'"),
        };
        Check(requirement);
        return requirement;
    }

    private static void Check(LabelRequirement requirement)
    {
        if (requirement.Values.Length == 0)
        {
            throw Refused("for 'in', 'notin' operators, values set can't be empty");
        }

        if (requirement.Operation is LabelOperator.Greater or LabelOperator.Less
            && !long.TryParse(requirement.Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            throw Refused("for 'Gt', 'Lt' operators, the value must be an integer");
        }

        foreach (var value in requirement.Values)
        {
            if (Names.WrongInValue(value).ToList() is { Count: > 0 } wrong)
            {
                throw Refused($"invalid label value: \"{value}\": at key: \"{requirement.Key}\": {string.Join("; ", wrong)}");
            }
        }
    }

    private string ReadValue()
    {
        if (Ahead is "" or ",")
        {
            return "";
        }

        var value = Take();
        return IsName(value) ? value : throw Refused($"found '{value}', expected: identifier");
    }

    private string[] ReadSet()
    {
        if (Take() is var open and not "(")
        {
            throw Refused($"found '{open}' expected: '('");
        }

        if (Ahead == ")")
        {
            Take();
            return [""];
        }

        if (!IsName(Ahead) && Ahead != ",")
        {
            throw Refused($"found '{Ahead}', expected: ',', ')' or identifier");
        }

        // A place that is left empty stands for the empty value.
        var values = new SortedSet<string>(StringComparer.Ordinal);
        while (true)
        {
            values.Add(IsName(Ahead) ? Take() : "");
            switch (Ahead)
            {
                case ")":
                    Take();
                    return [.. values];
                case ",":
                    Take();
                    break;
                default:
                    throw Refused($"found '{Ahead}', expected: ',' or ')'");
            }
        }
    }

    private string Take()
    {
        var word = Ahead;
        _at++;
        return word;
    }

    private static bool IsName(string word) => word.Length > 0 && !Marks.Contains(word[0], StringComparison.Ordinal);

    private static List<string> Split(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var rest = text.AsSpan(at);
            if (text[at] is ' ' or '\t' or '\r' or '\n')
            {
                at++;
                continue;
            }

            var word = Marks.Contains(text[at], StringComparison.Ordinal)
                ? First(rest)
                : rest[..(rest.IndexOfAny(Marks + " \t\r\n") is >= 0 and var end ? end : rest.Length)].ToString();
            words.Add(word);
            at += word.Length;
        }

        return words;
    }

    private static string First(ReadOnlySpan<char> rest)
    {
        foreach (var mark in Joined)
        {
            if (rest.StartsWith(mark, StringComparison.Ordinal))
            {
                return mark;
            }
        }

        return rest[..1].ToString();
    }

    private static ApiException Refused(string why) => ApiException.BadRequest("unable to parse requirement: " + why);
}
