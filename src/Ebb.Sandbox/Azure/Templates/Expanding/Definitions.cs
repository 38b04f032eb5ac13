using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Functions;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>Defines a template's variables and functions in its scope.</summary>
internal static class Definitions
{
    public static void Variables(Template template, TemplateScope scope)
    {
        var on = new Evaluation { Scope = scope };
        foreach (var (name, source) in template.Variables)
        {
            if (name.Equals("copy", StringComparison.OrdinalIgnoreCase) && Walk.LoopsIn(source) is { } loops)
            {
                foreach (var loop in loops)
                {
                    var own = Values.Text(Values.Member(loop, "name")) ?? throw TemplateException.Invalid("The 'name' of a copy loop must be a string.", template.PlaceOf(loop));
                    Add(own, loop, () => Walk.Turns(loop, on, (text, within) => Evaluator.Text(text, within)));
                }
            }
            else
            {
                Add(name, source, () => Evaluator.Node(source, on));
            }
        }

        void Add(string name, JsonNode? source, Func<JsonNode?> make) => scope.AddVariable(name, () =>
        {
            try
            {
                return make();
            }
            catch (TemplateException e)
            {
                throw e.In($"variable '{name}'", template.PlaceOf(source), $"{template.Path}.variables.{name}");
            }
        });
    }

    public static void Functions(Template template, TemplateScope scope)
    {
        foreach (var node in Values.Member(template.Root, "functions") as JsonArray ?? [])
        {
            if (Values.Text(Values.Member(node, "namespace")) is not { Length: > 0 } space || Values.Member(node, "members") is not JsonObject members)
            {
                throw TemplateException.Invalid("An entry of the template's functions must have a 'namespace' and 'members'.", template.PlaceOf(node), $"{template.Path}.functions");
            }

            foreach (var (name, member) in members)
            {
                var parameters = (Values.Member(member, "parameters") as JsonArray ?? [])
                    .Select(p => Values.Text(Values.Member(p, "name")) ?? throw TemplateException.Invalid($"A parameter of the template function '{space}.{name}' has no name.", template.PlaceOf(member)))
                    .ToArray();
                scope.AddFunction($"{space}.{name}", new UserFunction(scope, parameters, Values.Member(Values.Member(member, "output"), "value")));
            }
        }
    }
}
