using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Functions on arrays, and those that strings and objects share with them.</summary>
internal static class ListFunctions
{
    // As documented for range().
    private const int MostInRange = 10_000;

    public static IEnumerable<Function> All { get; } =
    [
        new("array", 1, 1, a => a[0] is JsonArray ? a[0] : Values.List([a[0]])),
        new("createArray", 0, Function.Any, a => Values.List(a.All)),
        new("concat", 0, Function.Any, a => Concat(a)),
        new("contains", 2, 2, a => Contains(a)),
        new("empty", 1, 1, a => Length(a, allowNull: true) == 0),
        new("length", 1, 1, a => Length(a)),
        new("first", 1, 1, a => a[0] is JsonArray list ? list.FirstOrDefault() : Edge(a.Text(0), first: true)) { Passes = true },
        new("last", 1, 1, a => a[0] is JsonArray list ? list.LastOrDefault() : Edge(a.Text(0), first: false)) { Passes = true },
        new("skip", 2, 2, a => Slice(a, skip: true)),
        new("take", 2, 2, a => Slice(a, skip: false)),
        new("indexOf", 2, 2, a => IndexOf(a, last: false)),
        new("lastIndexOf", 2, 2, a => IndexOf(a, last: true)),
        new("indexFromEnd", 2, 2, a => FromEnd(a, a.List(0), a.Whole(1)) ?? throw a.Wrong($"index '{a.Whole(1)}' from the end is out of bounds: the array has {a.List(0).Count} items")) { Passes = true },
        new("tryIndexFromEnd", 2, 2, a => a[0] is JsonArray list ? FromEnd(a, list, a.Whole(1)) : null) { Passes = true },
        new("join", 2, 2, a => Join(a)),
        new("range", 2, 2, a => Range(a)),
        new("flatten", 1, 1, a => Values.List(a.List(0).SelectMany(inner => inner as JsonArray ?? throw a.Wrong("every item must be an array")))),
    ];

    private static JsonNode Concat(Arguments a)
    {
        if (a.Count > 0 && a[0] is JsonArray)
        {
            a.Take(Enumerable.Range(0, a.Count).Sum(i => (long)a.List(i).Count));
            return Values.List(Enumerable.Range(0, a.Count).SelectMany(a.List));
        }

        var parts = new string[a.Count];
        for (var i = 0; i < a.Count; i++)
        {
            parts[i] = TextFunctions.Scalar(a, i);
        }

        a.Take(parts.Sum(p => (long)p.Length));
        return string.Concat(parts);
    }

    private static bool Contains(Arguments a) => a[0] switch
    {
        JsonArray list => list.Any(item => Values.Same(item, a[1])),
        JsonObject o => Values.KeyOf(o, Values.Text(a[1]) ?? Values.Written(a[1])) is not null,
        _ when Values.Text(a[0]) is { } text => text.Contains(TextFunctions.Scalar(a, 1), StringComparison.Ordinal),
        _ => throw a.Wrong(0, "an array, an object or a string"),
    };

    private static int Length(Arguments a, bool allowNull = false) => a[0] switch
    {
        JsonArray list => list.Count,
        JsonObject o => o.Count,
        null when allowNull => 0,
        _ => Values.Text(a[0])?.Length ?? throw a.Wrong(0, "an array, an object or a string"),
    };

    private static JsonNode Edge(string text, bool first) => text.Length == 0 ? "" : (first ? text[0] : text[^1]).ToString();

    private static JsonNode Slice(Arguments a, bool skip)
    {
        var count = (int)Math.Clamp(a.Whole(1), 0, int.MaxValue);
        if (a[0] is JsonArray list)
        {
            a.Take(list.Count);
            return Values.List(skip ? list.Skip(count) : list.Take(count));
        }

        var text = Values.Text(a[0]) ?? throw a.Wrong(0, "an array or a string");
        count = Math.Min(count, text.Length);
        JsonNode part = skip ? text[count..] : text[..count];
        return part;
    }

    private static int IndexOf(Arguments a, bool last)
    {
        if (a[0] is not JsonArray list)
        {
            return last
                ? a.Text(0).LastIndexOf(a.Text(1), StringComparison.OrdinalIgnoreCase)
                : a.Text(0).IndexOf(a.Text(1), StringComparison.OrdinalIgnoreCase);
        }

        var indices = Enumerable.Range(0, list.Count);
        foreach (var i in last ? indices.Reverse() : indices)
        {
            if (Values.Same(list[i], a[1]))
            {
                return i;
            }
        }

        return -1;
    }

    private static JsonNode? FromEnd(Arguments a, JsonArray list, long index) => index < 1
        ? throw a.Wrong($"the index from the end counts from 1; it is '{index}'")
        : index <= list.Count ? list[list.Count - (int)index] : null;

    private static string Join(Arguments a)
    {
        var between = a.Text(1);
        var parts = a.List(0).Select(i => i is JsonArray or JsonObject ? throw a.Wrong("the items of the array must be strings") : Values.Written(i)).ToArray();
        a.Take(parts.Sum(p => (long)p.Length + between.Length));
        return string.Join(between, parts);
    }

    private static JsonArray Range(Arguments a)
    {
        var start = a.Whole(0);
        var count = a.Whole(1, 0, MostInRange);
        if (start < int.MinValue || start + count > int.MaxValue)
        {
            throw a.Wrong($"the sum of both arguments must not exceed {int.MaxValue}");
        }

        a.Take(count);
        return Values.List(Enumerable.Range(0, count).Select(i => (JsonNode?)(start + i)));
    }
}
