using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>A function that a template defines under <c>functions</c>.</summary>
/// <param name="Scope">What its expression sees beside its parameters: the template's functions and nothing more.</param>
internal sealed record UserFunction(TemplateScope Scope, IReadOnlyList<string> Parameters, JsonNode? Output)
{
    public JsonNode? Evaluate(Arguments arguments)
    {
        if (arguments.Count != Parameters.Count)
        {
            throw arguments.Wrong($"function requires exactly {Parameters.Count} argument(s) while '{arguments.Count}' were provided");
        }

        var inner = Scope.Bare();
        for (var i = 0; i < Parameters.Count; i++)
        {
            var at = i;
            inner.AddParameter(Parameters[i], () => arguments[at]);
        }

        return Evaluator.Node(Output, new Evaluation { Scope = inner });
    }
}
