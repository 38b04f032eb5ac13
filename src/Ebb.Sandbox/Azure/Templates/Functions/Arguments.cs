using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Expressions;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>What a function is called with. An argument is evaluated when it is first looked at.</summary>
internal sealed class Arguments(Expression.Call call, Evaluation on)
{
    private readonly (bool Known, JsonNode? Value)[] _values = new (bool, JsonNode?)[call.Arguments.Length];

    public string Function => call.FullName;

    public Evaluation On => on;

    public Surroundings Surroundings => on.Scope.Surroundings;

    public int Count => _values.Length;

    public JsonNode? this[int i]
    {
        get
        {
            if (!_values[i].Known)
            {
                _values[i] = (true, Evaluator.Evaluate(call.Arguments[i], on));
            }

            return _values[i].Value;
        }
    }

    public IEnumerable<JsonNode?> All => Enumerable.Range(0, Count).Select(i => this[i]);

    public string Text(int i) => Values.Text(this[i]) ?? throw Wrong(i, "a string");

    public long Whole(int i) => Values.Whole(this[i]) ?? throw Wrong(i, "an integer");

    /// <summary>A whole number within bounds.</summary>
    public int Whole(int i, int least, int most) => Whole(i) is var value && value >= least && value <= most
        ? (int)value
        : throw Wrong($"argument {i + 1} must be an integer from {least} to {most}; it is '{value}'");

    public bool Truth(int i) => Values.Truth(this[i]) ?? throw Wrong(i, "a boolean");

    public JsonArray List(int i) => this[i] as JsonArray ?? throw Wrong(i, "an array");

    public JsonObject Members(int i) => this[i] as JsonObject ?? throw Wrong(i, "an object");

    /// <summary>The function that a lambda argument is: applied to values in the order of its variables.</summary>
    public Func<JsonNode?[], JsonNode?> Lambda(int i, int least, int most)
    {
        if (call.Arguments[i] is not Expression.Call { Space: null } lambda || !lambda.Name.Equals("lambda", StringComparison.OrdinalIgnoreCase))
        {
            throw Wrong($"argument {i + 1} must be a lambda function");
        }

        var names = lambda.Arguments.SkipLast(1).Select(a => a is Expression.Literal literal && Values.Text(literal.Value) is { } name
            ? name
            : throw Wrong("the variables of a lambda must be string literals")).ToArray();
        if (names.Length < least || names.Length > most)
        {
            throw Wrong($"the lambda must have {least}{(most > least ? $" to {most}" : "")} variable(s), and it has {names.Length}");
        }

        return values =>
        {
            var variables = on.Lambda;
            for (var n = 0; n < names.Length; n++)
            {
                variables = variables.SetItem(names[n], Values.Keep(values[n]));
            }

            return Evaluator.Evaluate(lambda.Arguments[^1], on with { Lambda = variables });
        };
    }

    /// <summary>Is told of a size before a function makes as much.</summary>
    public void Take(long size) => on.Budget.Take(size);

    public TemplateException Wrong(int i, string wanted) =>
        Wrong($"argument {i + 1} must be {wanted}. The provided value is of type '{Values.KindOf(this[i])}'");

    public TemplateException Wrong(string what) => TemplateException.Expression(
        $"Unable to evaluate template language function '{Function}': {what}. Please see https://aka.ms/arm-functions#{Function.ToLowerInvariant()} for usage details.");
}
