using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>Goes through a part of a template, turning its copy loops, and gives each string to a visitor.</summary>
internal static class Walk
{
    // A loop over values; resources have the same limit.
    private const int MostTurns = 800;

    /// <summary>The part with each string replaced by what the visitor makes of it.</summary>
    public static JsonNode? Evaluate(JsonNode? source, Evaluation on, Func<string, Evaluation, JsonNode?> visit)
    {
        on.Budget.Step();
        switch (source)
        {
            case JsonObject o:
                return Object(o, on, visit);
            case JsonArray list:
                var items = new JsonArray();
                foreach (var item in list)
                {
                    items.Add(Values.Free(Evaluate(item, on, visit)));
                }

                return items;
            default:
                return Values.Text(source) is { } text ? visit(text, on) : source;
        }
    }

    /// <summary>The loops in a <c>copy</c> member, when that is what it is.</summary>
    public static IEnumerable<JsonObject>? LoopsIn(JsonNode? copy) =>
        copy is JsonArray { Count: > 0 } loops && loops.All(l => l is JsonObject && Values.Member(l, "name") is not null && Values.Member(l, "count") is not null && l.AsObject().ContainsKey("input"))
            ? loops.Select(l => l!.AsObject())
            : null;

    /// <summary>All turns of a loop over values.</summary>
    public static JsonArray Turns(JsonObject loop, Evaluation on, Func<string, Evaluation, JsonNode?> visit)
    {
        // A loop's count is asked for before anything runs.
        var outside = on with { Allowed = Uses.None, Runtime = null };
        var name = Values.Text(Evaluator.Node(Values.Member(loop, "name"), outside)) ?? throw TemplateException.Expression("The 'name' of a copy loop must be a string.");
        var count = CountOf(Evaluator.Node(Values.Member(loop, "count"), outside), name, least: 0);
        var items = new JsonArray();
        for (var i = 0; i < count; i++)
        {
            items.Add(Values.Free(Evaluate(Values.Member(loop, "input"), on.Within(new Loop(name, i, OfResource: false)), visit)));
        }

        return items;
    }

    public static int CountOf(JsonNode? count, string name, int least) =>
        Values.Whole(count) is { } whole && whole >= least && whole <= MostTurns
            ? (int)whole
            : throw TemplateException.Expression($"The copy count of '{name}' must be an integer from {least} to {MostTurns}; it is '{Brief(count)}'.");

    private static JsonObject Object(JsonObject source, Evaluation on, Func<string, Evaluation, JsonNode?> visit)
    {
        var result = new JsonObject(Values.NoCase);
        foreach (var (key, value) in source)
        {
            if (key.Equals("copy", StringComparison.OrdinalIgnoreCase) && LoopsIn(value) is { } loops)
            {
                foreach (var loop in loops)
                {
                    var turns = Turns(loop, on, visit);
                    result[Values.Text(Evaluator.Node(Values.Member(loop, "name"), on with { Allowed = Uses.None, Runtime = null }))!] = turns;
                }

                continue;
            }

            var name = Expressions.Parser.IsExpression(key)
                ? Values.Text(visit(key, on)) ?? key
                : Expressions.Parser.Literal(key);
            result[name] = Values.Free(Evaluate(value, on, visit));
        }

        return result;
    }

    private static string Brief(JsonNode? value)
    {
        var text = Values.Written(value);
        return text.Length <= 40 ? text : text[..40] + "...";
    }
}
