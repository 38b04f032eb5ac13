using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Functions on strings; those that arrays have too are in <see cref="ListFunctions"/>.</summary>
internal static partial class TextFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("string", 1, 1, a => Sized(a, Written(a, 0))),
        new("format", 1, Function.Any, a => Format(a)),
        new("toLower", 1, 1, a => a.Text(0).ToLowerInvariant()),
        new("toUpper", 1, 1, a => a.Text(0).ToUpperInvariant()),
        new("trim", 1, 1, a => a.Text(0).Trim()),
        new("startsWith", 2, 2, a => a.Text(0).StartsWith(a.Text(1), StringComparison.OrdinalIgnoreCase)),
        new("endsWith", 2, 2, a => a.Text(0).EndsWith(a.Text(1), StringComparison.OrdinalIgnoreCase)),
        new("substring", 2, 3, a => Substring(a)),
        new("replace", 3, 3, a => Replace(a)),
        new("split", 2, 2, a => Split(a)),
        new("padLeft", 2, 3, a => PadLeft(a)),
        new("guid", 1, Function.Any, a => Hashes.Guid(Join(a)).ToString()),
        new("uniqueString", 1, Function.Any, a => Hashes.UniqueString(Join(a))),
        new("newGuid", 0, 0, a => a.Surroundings.NewGuid().ToString()) { Needs = Uses.Fresh },
    ];

    /// <summary>A value as text, its size told beforehand.</summary>
    internal static string Written(Arguments a, int i)
    {
        a.On.Budget.Count(a[i]);
        return Values.Written(a[i]);
    }

    /// <summary>A value that <c>concat</c> and <c>format</c> write: anything but an array or an object.</summary>
    internal static string Scalar(Arguments a, int i) => a[i] is JsonArray or JsonObject
        ? throw a.Wrong(i, "a string, an integer or a boolean")
        : Values.Written(a[i]);

    private static JsonNode Sized(Arguments a, string text)
    {
        a.Take(text.Length);
        return text;
    }

    private static string Join(Arguments a) => string.Join('-', Enumerable.Range(0, a.Count).Select(a.Text));

    private static string Format(Arguments a)
    {
        var format = a.Text(0);
        var values = new object?[a.Count - 1];
        long longest = 1;
        for (var i = 1; i < a.Count; i++)
        {
            values[i - 1] = Values.Whole(a[i]) is { } whole ? whole : Values.Truth(a[i]) is { } truth ? truth : Written(a, i);
            longest = Math.Max(longest, values[i - 1] as string is { } text ? text.Length : 24);
        }

        // A width or a precision of a thousand million would be a string as long.
        if (LongNumber().IsMatch(format))
        {
            throw a.Wrong("the width or precision of a format item may have three digits at most");
        }

        a.Take(format.Length + (format.Count(c => c == '{') * Math.Max(longest, 1000)));
        try
        {
            return string.Format(format, values);
        }
        catch (FormatException e)
        {
            throw a.Wrong($"the format is not valid: {e.Message}");
        }
    }

    private static string Substring(Arguments a)
    {
        var text = a.Text(0);
        var start = a.Whole(1);
        var length = a.Count > 2 ? a.Whole(2) : text.Length - start;
        if (start < 0 || start > text.Length)
        {
            throw a.Wrong($"the index parameter cannot be less than 0 or greater than the length of the string. The index: '{start}', the length of the string: '{text.Length}'");
        }

        return length >= 0 && length <= text.Length - start
            ? text.Substring((int)start, (int)length)
            : throw a.Wrong($"the index and length parameters must refer to a location within the string. The index parameter: '{start}', the length parameter: '{length}', the length of the string parameter: '{text.Length}'");
    }

    private static string Replace(Arguments a)
    {
        var (text, old, with) = (a.Text(0), a.Text(1), a.Text(2));
        if (old.Length == 0)
        {
            throw a.Wrong("the string to be replaced must not be empty");
        }

        a.Take(text.Length + (long)(text.Length / old.Length) * with.Length);
        return text.Replace(old, with, StringComparison.Ordinal);
    }

    private static JsonArray Split(Arguments a)
    {
        string[] between = a[1] is JsonArray list
            ? [.. list.Select(d => Values.Text(d) ?? throw a.Wrong(1, "a string or an array of strings"))]
            : [a.Text(1)];
        a.Take(a.Text(0).Length);
        return Values.List(a.Text(0).Split(between, StringSplitOptions.None).Select(p => (JsonNode?)p));
    }

    private static string PadLeft(Arguments a)
    {
        var width = a.Whole(1, 0, 10_000);
        var with = a.Count > 2 ? a.Text(2) : " ";
        return with.Length == 1
            ? Scalar(a, 0).PadLeft(width, with[0])
            : throw a.Wrong("the padding must be a single character");
    }

    [GeneratedRegex(@"\{[^}]*[0-9]{4}[^}]*\}")]
    private static partial Regex LongNumber();
}
