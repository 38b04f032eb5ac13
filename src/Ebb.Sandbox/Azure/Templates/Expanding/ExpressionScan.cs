using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Expressions;
using Ebb.Sandbox.Azure.Templates.Functions;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>Looks at expressions without the values that only a running deployment has: are they right, and whom do they ask?</summary>
internal sealed class ExpressionScan(Action<string> asked)
{
    /// <summary>Scans all of a part of a template, its loops turned.</summary>
    public void Visit(JsonNode? source, Evaluation on) => Walk.Evaluate(source, on, (text, within) =>
    {
        if (Parser.IsExpression(text))
        {
            Visit(within.Scope.Parse(text), within);
        }

        return null;
    });

    private void Visit(Expression expression, Evaluation on)
    {
        on.Budget.Step();
        switch (expression)
        {
            case Expression.Member member:
                Visit(member.Of, on);
                break;
            case Expression.Item item:
                Visit(item.Of, on);
                Visit(item.Index, on);
                break;
            case Expression.Call { Space: not null } call:
                if (on.Scope.FunctionOf(call.FullName) is null)
                {
                    throw Library.Unknown(call.FullName);
                }

                VisitAll(call, on);
                break;
            case Expression.Call call:
                Visit(call, on);
                break;
        }
    }

    private void Visit(Expression.Call call, Evaluation on)
    {
        var function = Library.Find(call.Name);
        function.CheckCount(call.Arguments.Length);
        switch (call.Name.ToLowerInvariant())
        {
            case "parameters" when Literal(call) is { } name && !on.Scope.HasParameter(name):
                on.Scope.Parameter(name);
                break;
            case "variables" when Literal(call) is { } name && !on.Scope.HasVariable(name):
                on.Scope.Variable(name);
                break;
            case "if" when Known(call.Arguments[0], on) is { } condition && Values.Truth(condition) is { } truth:
                // The branch that is not taken is not asked.
                Visit(call.Arguments[0], on);
                Visit(call.Arguments[truth ? 1 : 2], on);
                return;
        }

        if (function.Needs.HasFlag(Uses.Runtime) && Values.Text(Known(call.Arguments[0], on)) is { } target)
        {
            asked(target);
        }

        VisitAll(call, on);
    }

    private void VisitAll(Expression.Call call, Evaluation on)
    {
        foreach (var argument in call.Arguments)
        {
            Visit(argument, on);
        }
    }

    private static string? Literal(Expression.Call call) => call.Arguments is [Expression.Literal literal] ? Values.Text(literal.Value) : null;

    // Null when it cannot be known yet; what is wrong with it is told when it is evaluated.
    private static JsonNode? Known(Expression expression, Evaluation on)
    {
        try
        {
            return Evaluator.Evaluate(expression, on with { Runtime = null });
        }
        catch (Exception e) when (e is NotYetException or TemplateException { IsOfExpression: true })
        {
            return null;
        }
    }
}
