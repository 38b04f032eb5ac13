using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>A template with its parameters: all its resources with their order, ready to be deployed.</summary>
internal sealed class Expansion
{
    // What a template may have after its expansion, and one resource of it, in characters.
    private const int MostCharacters = 4 << 20;
    private const int MostCharactersOfResource = 1 << 20;

    private readonly Template _template;
    private readonly Evaluation _on;

    private Expansion(Template template, Evaluation on)
    {
        _template = template;
        _on = on;
    }

    /// <summary>In the template's order; those whose condition does not hold are not among them.</summary>
    public ImmutableArray<TemplateResource> Resources { get; private init; } = [];

    /// <summary>As a deployment shows them: without what is secure.</summary>
    public JsonObject Parameters { get; private init; } = [];

    /// <summary>Expands a template.</summary>
    /// <param name="given">The parameters of the request.</param>
    /// <param name="target">Where its resources go.</param>
    /// <param name="outer">For a nested template whose expressions are the outer one's: what those see.</param>
    /// <param name="within">For a nested template with expressions of its own: the outer one, with which it shares what it may compute.</param>
    /// <exception cref="TemplateException">Something in it is wrong.</exception>
    public static Expansion Make(Template template, JsonObject? given, Surroundings target, Evaluation? outer = null, Expansion? within = null)
    {
        var scope = outer?.Scope.Inner() ?? new TemplateScope(target, within?._on.Budget ?? new Budget());
        var on = outer is null ? new Evaluation { Scope = scope } : outer with { Scope = scope };
        var shown = new JsonObject(Values.NoCase);
        if (outer is null)
        {
            Definitions.Functions(template, scope);
            Definitions.Variables(template, scope);
            shown = ParameterSet.Define(template, given, scope);
        }

        var reader = new ResourceReader(template, on, target);
        var resources = reader.Read();
        var links = new Links(resources);
        var (find, loop) = (scope.Find, scope.FindLoop);
        scope.Find = name => links.One(name)?.Key ?? find?.Invoke(name);
        scope.FindLoop = name => links.Loop(name)?.Select(r => r.Key).ToList() ?? loop?.Invoke(name);
        new Ordering(resources, reader.Left, reader.Loops, links).Apply();

        var expansion = new Expansion(template, on) { Resources = [.. resources], Parameters = shown };
        expansion.Check();
        return expansion;
    }

    /// <summary>All evaluation so far is forgotten in what it may still compute.</summary>
    public void Renew() => _on.Budget.Renew();

    /// <summary>The template inside a deployment that this one deploys.</summary>
    public Template Inner(TemplateResource resource, JsonNode? template) => _template.Inner(template, $"{resource.Path}.properties.template");

    /// <summary>The outputs with what the deployed resources say; secure ones without their values.</summary>
    /// <exception cref="TemplateException">Those that have no value, each in the details.</exception>
    public JsonObject Outputs(Runtime runtime)
    {
        var result = new JsonObject(Values.NoCase);
        var problems = new List<TemplateException>();
        foreach (var (name, node) in _template.Outputs)
        {
            try
            {
                if (Output(name, node, runtime) is { } output)
                {
                    result[name] = output;
                }
            }
            catch (TemplateException e)
            {
                problems.Add(new TemplateException("DeploymentOutputEvaluationFailed", $"The template output '{name}' is not valid: {e.Message}") { Path = name });
            }
        }

        return problems.Count == 0
            ? result
            : throw new TemplateException(
                "DeploymentOutputEvaluationFailed",
                $"Unable to evaluate template outputs: '{string.Join(",", problems.Select(p => p.Path))}'. Please see error details and deployment operations. Please see https://aka.ms/arm-common-errors for usage details.")
            { Details = [.. problems] };
    }

    private JsonObject? Output(string name, JsonNode? node, Runtime runtime)
    {
        var declared = node as JsonObject ?? throw TemplateException.Expression("it must be an object with a 'type' and a 'value'.");
        var on = _on with { Allowed = Uses.Runtime, Runtime = runtime };
        if (Values.Member(declared, "condition") is { } condition
            && !(Values.Truth(Evaluator.Node(condition, _on)) ?? throw TemplateException.Expression("its 'condition' must be a boolean.")))
        {
            return null;
        }

        JsonNode? value;
        if (Values.Member(declared, "copy") is JsonObject copy)
        {
            var loop = new JsonObject(Values.NoCase) { ["name"] = name, ["count"] = Values.Free(Values.Member(copy, "count")), ["input"] = Values.Free(Values.Member(copy, "input")) };
            value = Walk.Turns(loop, on, (text, within) => Evaluator.Text(text, within));
        }
        else
        {
            value = Evaluator.Node(Values.Member(declared, "value"), on);
        }

        Budget.RefuseDeep(value);
        var rules = new TypeRules(_template);
        var type = TypeRules.TypeName(rules.Resolve(declared)) ?? throw TemplateException.Expression("it has no valid type.");
        if (rules.Problem(declared, value) is { } problem)
        {
            throw TemplateException.Expression(problem.Replace("Template parameter", "Template output", StringComparison.Ordinal));
        }

        return TypeRules.IsSecure(type) ? Values.Object(("type", type)) : Values.Object(("type", type), ("value", value));
    }

    // Everything is evaluated once beforehand, as far as it can be: what is wrong is told before anything is deployed.
    private void Check()
    {
        long size = 0;
        foreach (var resource in Resources.Where(r => !r.Existing && !r.IsDeployment))
        {
            var length = Values.Compact(resource.Body(null)).Length;
            size += length;
            if (length > MostCharactersOfResource || size > MostCharacters)
            {
                throw TemplateException.Invalid(
                    $"The template resource '{resource.Key.Name}' makes the template too large after expansion: a resource may have {MostCharactersOfResource} characters, the whole template {MostCharacters}.", resource.At, resource.Path);
            }
        }

        var scan = new ExpressionScan(_ => { });
        foreach (var (name, node) in _template.Outputs)
        {
            try
            {
                var within = Values.Member(node, "copy") is null ? _on : _on.Within(new Loop(name, 0, OfResource: false));
                scan.Visit(node, within with { Allowed = Uses.Runtime, Runtime = null });
            }
            catch (TemplateException e)
            {
                throw e.In($"output '{name}'", _template.PlaceOf(node), $"{_template.Path}.outputs.{name}");
            }
        }
    }
}
