using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Functions that apply a lambda to the items of an array or an object.</summary>
internal static class LambdaFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("lambda", 1, Function.Any, a => throw a.Wrong("a lambda stands only as an argument of filter, map, reduce, sort and their like")),
        new("lambdaVariables", 1, 1, a => a.On.Lambda.TryGetValue(a.Text(0), out var value)
            ? value
            : throw a.Wrong($"there is no lambda variable '{a.Text(0)}'")) { Passes = true },
        new("filter", 2, 2, a => Values.List(Each(a, 1, 2).Where(i => Holds(a, i.Value)).Select(i => i.Item))),
        new("map", 2, 2, a => Values.List(Each(a, 1, 2).Select(i => i.Value))),
        new("mapValues", 2, 2, a => MapValues(a)),
        new("reduce", 3, 3, a => Reduce(a)),
        new("sort", 2, 2, a => Values.List(Sort(a, [.. a.List(0)]))),
        new("toObject", 2, 3, a => ToObject(a)),
        new("groupBy", 2, 2, a => GroupBy(a)),
    ];

    private static IEnumerable<(JsonNode? Item, JsonNode? Value)> Each(Arguments a, int least, int most)
    {
        var lambda = a.Lambda(1, least, most);
        return a.List(0).Select((item, i) => (item, lambda([item, i])));
    }

    private static bool Holds(Arguments a, JsonNode? value) => Values.Truth(value) ?? throw a.Wrong("the lambda must return a boolean");

    private static string Key(Arguments a, JsonNode? value) => Values.Text(value) ?? throw a.Wrong("the lambda for keys must return a string");

    private static JsonObject MapValues(Arguments a)
    {
        var lambda = a.Lambda(1, 1, 1);
        return Values.Object([.. a.Members(0).Select(m => (m.Key, lambda([m.Value])))]);
    }

    private static JsonNode? Reduce(Arguments a)
    {
        var lambda = a.Lambda(2, 2, 3);
        var current = a[1];
        var i = 0;
        foreach (var item in a.List(0))
        {
            current = lambda([current, item, i++]);
        }

        return current;
    }

    private static JsonObject ToObject(Arguments a)
    {
        var key = a.Lambda(1, 1, 1);
        var value = a.Count > 2 ? a.Lambda(2, 1, 1) : null;
        return Values.Object([.. a.List(0).Select(item => (Key(a, key([item])), value is null ? item : value([item])))]);
    }

    private static JsonObject GroupBy(Arguments a)
    {
        var result = new JsonObject(Values.NoCase);
        foreach (var (item, value) in Each(a, 1, 1))
        {
            var key = Key(a, value);
            if (result[key] is not JsonArray group)
            {
                result[key] = group = [];
            }

            group.Add(Values.Free(item));
        }

        return result;
    }

    // A merge sort: it is stable, and a lambda that contradicts itself gives some order instead of an exception.
    private static List<JsonNode?> Sort(Arguments a, List<JsonNode?> items)
    {
        if (items.Count < 2)
        {
            return items;
        }

        var less = a.Lambda(1, 2, 2);
        var left = new Queue<JsonNode?>(Sort(a, items[..(items.Count / 2)]));
        var right = new Queue<JsonNode?>(Sort(a, items[(items.Count / 2)..]));
        var merged = new List<JsonNode?>(items.Count);
        while (left.Count > 0 && right.Count > 0)
        {
            merged.Add(Holds(a, less([right.Peek(), left.Peek()])) ? right.Dequeue() : left.Dequeue());
        }

        return [.. merged, .. left, .. right];
    }
}
