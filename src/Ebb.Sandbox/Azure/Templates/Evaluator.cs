using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Expressions;
using Ebb.Sandbox.Azure.Templates.Functions;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>Gives expressions their values.</summary>
internal static class Evaluator
{
    /// <summary>The value of a string in a template, whether it is an expression or not.</summary>
    public static JsonNode? Text(string text, Evaluation on) => Parser.IsExpression(text)
        ? Evaluate(on.Scope.Parse(text), on)
        : JsonValue.Create(Parser.Literal(text));

    /// <summary>The value of a whole part of a template: all expressions in it, also in names, and its copy loops.</summary>
    public static JsonNode? Node(JsonNode? source, Evaluation on) => Walk.Evaluate(source, on, (text, within) => Text(text, within));

    public static JsonNode? Evaluate(Expression expression, Evaluation on)
    {
        on.Budget.Step();
        return expression switch
        {
            Expression.Literal literal => literal.Value,
            Expression.Member member => Member(Evaluate(member.Of, on), member.Name),
            Expression.Item item => Item(Evaluate(item.Of, on), Evaluate(item.Index, on)),
            Expression.Call call => Call(call, on),
            _ => throw new InvalidOperationException($"There is no such expression: {expression}."),
        };
    }

    private static JsonNode? Call(Expression.Call call, Evaluation on)
    {
        if (call.Space is not null)
        {
            return (on.Scope.FunctionOf(call.FullName) ?? throw Library.Unknown(call.FullName)).Evaluate(new Arguments(call, on));
        }

        var function = Library.Find(call.Name);
        var arguments = new Arguments(call, on);
        function.Check(arguments);
        var value = function.Body(arguments);

        // Names of what exists already make nothing.
        if (!function.Passes)
        {
            on.Budget.Count(value);
        }

        return value;
    }

    private static JsonNode? Member(JsonNode? of, string name) => of switch
    {
        JsonObject o when Values.KeyOf(o, name) is { } key => o[key],
        JsonObject o => throw TemplateException.Expression(
            $"The language expression property '{name}' doesn't exist, available properties are '{string.Join(", ", o.Select(m => m.Key).Take(50))}'."),
        null => throw TemplateException.Expression($"The language expression property '{name}' can't be evaluated: its object is null."),
        _ => throw TemplateException.Expression($"The language expression property '{name}' can't be evaluated, property is not an object but of type '{Values.KindOf(of)}'."),
    };

    private static JsonNode? Item(JsonNode? of, JsonNode? index)
    {
        if (of is JsonArray list)
        {
            var at = Values.Whole(index)
                ?? throw TemplateException.Expression($"The language expression property array index must be an integer, and it is of type '{Values.KindOf(index)}'.");
            return at >= 0 && at < list.Count
                ? list[(int)at]
                : throw TemplateException.Expression($"The language expression property array index '{at}' is out of bounds: the array has {list.Count} items.");
        }

        return Values.Text(index) is { } name
            ? Member(of, name)
            : throw TemplateException.Expression($"The language expression can't take item '{Values.Written(index)}' of a value of type '{Values.KindOf(of)}'.");
    }
}
