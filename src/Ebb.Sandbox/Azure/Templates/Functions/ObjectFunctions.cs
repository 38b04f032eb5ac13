using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Functions on objects, and those that join arrays or objects.</summary>
internal static class ObjectFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("createObject", 0, Function.Any, a => Create(a)),
        new("null", 0, 0, _ => null),
        new("objectKeys", 1, 1, a => Values.List(a.Members(0).Select(m => m.Key).Order(StringComparer.OrdinalIgnoreCase).Select(k => (JsonNode?)k))),
        new("items", 1, 1, a => Items(a)),
        new("tryGet", 2, Function.Any, a => TryGet(a)) { Passes = true },
        new("shallowMerge", 1, 1, a => ShallowMerge(a)),
        new("union", 1, Function.Any, a => Union(a)),
        new("intersection", 1, Function.Any, a => Intersection(a)),
    ];

    private static JsonObject Create(Arguments a)
    {
        if (a.Count % 2 != 0)
        {
            throw a.Wrong("the arguments must be pairs of a key and a value");
        }

        var result = new JsonObject(Values.NoCase);
        for (var i = 0; i < a.Count; i += 2)
        {
            result[a.Text(i)] = Values.Free(a[i + 1]);
        }

        return result;
    }

    private static JsonArray Items(Arguments a)
    {
        var members = a.Members(0);
        a.On.Budget.Count(members);
        return Values.List(members.OrderBy(m => m.Key, StringComparer.OrdinalIgnoreCase)
            .Select(m => (JsonNode?)Values.Object(("key", m.Key), ("value", m.Value))));
    }

    private static JsonNode? TryGet(Arguments a)
    {
        var found = a[0];
        for (var i = 1; i < a.Count && found is not null; i++)
        {
            found = found switch
            {
                JsonObject o when Values.Text(a[i]) is { } name => Values.Member(o, name),
                JsonArray list when Values.Whole(a[i]) is { } at => at >= 0 && at < list.Count ? list[(int)at] : null,
                JsonObject => throw a.Wrong(i, "a string"),
                JsonArray => throw a.Wrong(i, "an integer"),
                _ => null,
            };
        }

        return found;
    }

    private static JsonObject ShallowMerge(Arguments a)
    {
        var result = new JsonObject(Values.NoCase);
        foreach (var item in a.List(0))
        {
            foreach (var (name, value) in item as JsonObject ?? throw a.Wrong("every item must be an object"))
            {
                result[name] = Values.Free(value);
            }
        }

        return result;
    }

    private static JsonNode Union(Arguments a)
    {
        foreach (var argument in a.All)
        {
            a.On.Budget.Count(argument);
        }

        if (a[0] is JsonObject)
        {
            var merged = (JsonObject)a[0]!.DeepClone();
            for (var i = 1; i < a.Count; i++)
            {
                Merge(merged, a.Members(i));
            }

            return merged;
        }

        var items = new List<JsonNode?>();
        for (var i = 0; i < a.Count; i++)
        {
            foreach (var item in a.List(i))
            {
                a.Take(items.Count / 8);
                if (!items.Exists(known => Values.Same(known, item)))
                {
                    items.Add(item);
                }
            }
        }

        return Values.List(items);
    }

    // Objects inside are merged too; anything else is the last one's.
    private static void Merge(JsonObject into, JsonObject from)
    {
        foreach (var (name, value) in from)
        {
            if (value is JsonObject inner && Values.Member(into, name) is JsonObject known)
            {
                Merge(known, inner);
            }
            else
            {
                into[Values.KeyOf(into, name) ?? name] = Values.Free(value);
            }
        }
    }

    private static JsonNode Intersection(Arguments a)
    {
        if (a[0] is JsonObject first)
        {
            var common = new JsonObject(Values.NoCase);
            foreach (var (name, value) in first)
            {
                if (Enumerable.Range(1, a.Count - 1).All(i => Values.KeyOf(a.Members(i), name) is { } key && Values.Same(a.Members(i)[key], value)))
                {
                    common[name] = Values.Free(value);
                }
            }

            return common;
        }

        var items = new List<JsonNode?>();
        foreach (var item in a.List(0))
        {
            a.Take(Enumerable.Range(1, a.Count - 1).Sum(i => (long)a.List(i).Count) / 8);
            if (Enumerable.Range(1, a.Count - 1).All(i => a.List(i).Any(other => Values.Same(other, item))) && !items.Exists(known => Values.Same(known, item)))
            {
                items.Add(item);
            }
        }

        return Values.List(items);
    }
}
