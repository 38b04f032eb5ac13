using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Makes up what a pod wants of the nodes and pods around it.</summary>
internal sealed class RandomWishes(Random random, Theme theme, int nodes)
{
    private static readonly string[] Apps = ["a", "b", "c"];
    private static readonly string[] TopologyKeys = [RandomCase.Zone, "kubernetes.io/hostname", "disk", "generation"];

    public JsonArray Spread()
    {
        var constraints = new JsonArray();
        foreach (var key in TopologyKeys.Where(_ => Once(2)).Take(3))
        {
            var constraint = new JsonObject
            {
                ["maxSkew"] = random.Next(1, 4),
                ["topologyKey"] = key,
                ["whenUnsatisfiable"] = Once(4) ? "ScheduleAnyway" : "DoNotSchedule",
            };
            if (Selector() is { } selector)
            {
                constraint["labelSelector"] = selector;
            }

            constraints.Add(constraint);
        }

        return constraints;
    }

    public JsonObject Affinity()
    {
        var affinity = new JsonObject();
        if (Often(Theme.Nodes, 2, 6) || (theme is Theme.Spread && Once(3)))
        {
            affinity["nodeAffinity"] = Required(new JsonObject
            {
                ["nodeSelectorTerms"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (JsonNode)NodeTerm())]),
            });
        }

        if (Often(Theme.Affinity, 2, 12))
        {
            affinity["podAffinity"] = Required(Terms());
        }

        if (Often(Theme.Affinity, 2, 12))
        {
            affinity["podAntiAffinity"] = Required(Terms());
        }

        return affinity;
    }

    public static JsonObject Expression(string key, string how, string[] values)
    {
        var expression = new JsonObject { ["key"] = key, ["operator"] = how };
        if (values.Length > 0)
        {
            expression["values"] = new JsonArray([.. values.Select(value => (JsonNode)value)]);
        }

        return expression;
    }

    private static JsonObject Required(JsonNode what) => new() { ["requiredDuringSchedulingIgnoredDuringExecution"] = what };

    private bool Once(int inHowMany) => random.Next(inHowMany) == 0;

    private bool Often(Theme about, int inHowMany, int elseInHowMany) => Once(theme == about ? inHowMany : elseInHowMany);

    private JsonObject NodeTerm()
    {
        if (Once(10))
        {
            return [];
        }

        var term = new JsonObject();
        if (Once(4))
        {
            term["matchFields"] = new JsonArray(Expression("metadata.name", Once(2) ? "In" : "NotIn", [$"node-{random.Next(nodes)}"]));
        }

        if (term.Count == 0 || Once(2))
        {
            term["matchExpressions"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (JsonNode)NodeExpression())]);
        }

        return term;
    }

    private JsonObject NodeExpression() => random.Next(8) switch
    {
        0 => Expression("disk", "In", ["ssd", "tape"]),
        1 => Expression("disk", "NotIn", ["ssd"]),
        2 => Expression("disk", "Exists", []),
        3 => Expression("disk", "DoesNotExist", []),
        4 => Expression("generation", "Gt", [Once(6) ? "1.5" : $"{random.Next(4)}"]),
        5 => Expression("generation", "Lt", [$"{random.Next(1, 5)}"]),
        6 => Expression(RandomCase.Zone, "NotIn", ["zone-0", "zone-1"]),
        _ => Expression("disk", "Gt", ["1"]),
    };

    private JsonArray Terms() => new([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (JsonNode)Term())]);

    private JsonObject Term()
    {
        var term = new JsonObject { ["topologyKey"] = TopologyKeys[random.Next(TopologyKeys.Length)] };
        if (Selector() is { } selector)
        {
            term["labelSelector"] = selector;
        }

        switch (random.Next(6))
        {
            case 0:
                term["namespaces"] = new JsonArray("other", "default");
                break;
            case 1:
                term["namespaces"] = new JsonArray("other");
                break;
            case 2:
                // Unknown to releases before 1.21, which drop it.
                term["namespaceSelector"] = Once(2) ? [] : new JsonObject { ["matchLabels"] = new JsonObject { ["team"] = "blue" } };
                break;
        }

        return term;
    }

    /// <summary>Null: none at all, which selects no pod; an empty one selects every pod.</summary>
    private JsonObject? Selector() => random.Next(9) switch
    {
        0 => null,
        1 => [],
        2 => new JsonObject { ["matchExpressions"] = new JsonArray(Expression("app", "NotIn", [Apps[random.Next(3)]])) },
        3 => new JsonObject { ["matchExpressions"] = new JsonArray(Expression("tier", "Exists", []), Expression("app", "In", ["a", "b"])) },
        4 => new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Apps[random.Next(3)], ["tier"] = "0" } },
        _ => new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Apps[random.Next(3)] } },
    };
}
