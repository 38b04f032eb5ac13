using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>The parameters of a template with the values that a deployment gives them.</summary>
internal static class ParameterSet
{
    private const string NoValue = "is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.";

    /// <summary>Defines the parameters in the scope, checks them, and returns them as a deployment shows them: without what is secure.</summary>
    /// <param name="given">As in a request: each with a <c>value</c>.</param>
    public static JsonObject Define(Template template, JsonObject? given, TemplateScope scope)
    {
        RefuseUnknown(template, given);
        var rules = new TypeRules(template);
        foreach (var (name, node) in template.Parameters)
        {
            var declared = Declaration(template, name, node);
            var value = Given(template, given, name);
            scope.AddParameter(name, () => Value(template, rules, name, declared, value, scope));
        }

        var shown = new JsonObject(Values.NoCase);
        foreach (var (name, node) in template.Parameters)
        {
            var value = scope.Parameter(name);
            var type = TypeRules.TypeName(rules.Resolve((JsonObject)node!)) ?? "Object";
            shown[name] = TypeRules.IsSecure(type) ? Values.Object(("type", type)) : Values.Object(("type", type), ("value", value));
        }

        return shown;
    }

    private static JsonObject Declaration(Template template, string name, JsonNode? node)
    {
        var at = template.PlaceOf(node);
        if (node is not JsonObject declared)
        {
            throw TemplateException.Invalid($"The template parameter '{name}' must be an object with a 'type'.", at, $"{template.Path}.parameters.{name}");
        }

        if (Values.Member(declared, "$ref") is null && TypeRules.TypeName(declared) is null)
        {
            throw TemplateException.Invalid(
                $"The template parameter '{name}' has no valid type. It must be one of 'string, securestring, int, bool, object, secureObject, array'.", at, $"{template.Path}.parameters.{name}");
        }

        return declared;
    }

    private static void RefuseUnknown(Template template, JsonObject? given)
    {
        var unknown = (given ?? []).Select(p => p.Key).Where(p => Values.KeyOf(template.Parameters, p) is null).ToList();
        if (unknown.Count > 0)
        {
            throw TemplateException.Invalid(
                $"The template parameters '{string.Join(", ", unknown)}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. " +
                $"The only supported parameters for this template are '{string.Join(", ", template.Parameters.Select(p => p.Key))}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.");
        }
    }

    private static JsonObject? Given(Template template, JsonObject? given, string name)
    {
        var node = Values.Member(given, name);
        if (node is null)
        {
            return null;
        }

        var path = $"properties.parameters.{name}";
        if (node is not JsonObject entry)
        {
            throw TemplateException.Invalid($"The value for the template parameter '{name}' must be an object with a 'value'.", template.PlaceOf(node), path);
        }

        if (Values.Member(entry, "reference") is not null)
        {
            throw new TemplateException("KeyVaultParameterReferenceNotFound", $"The template parameter '{name}' refers to a secret in a key vault, and the sandbox has no key vaults. Give its value itself.") { Path = path };
        }

        return Values.KeyOf(entry, "value") is null
            ? throw TemplateException.Invalid($"The value for the template parameter '{name}' {NoValue}", template.PlaceOf(node), path)
            : entry;
    }

    private static JsonNode? Value(Template template, TypeRules rules, string name, JsonObject declared, JsonObject? given, TemplateScope scope)
    {
        var at = template.PlaceOf(declared);
        var path = $"{template.Path}.parameters.{name}";
        JsonNode? value;
        if (given is not null && (Values.Member(given, "value") is not null || Values.KeyOf(declared, "defaultValue") is null))
        {
            value = Values.Member(given, "value");
        }
        else if (Values.KeyOf(declared, "defaultValue") is { } key)
        {
            try
            {
                value = Evaluator.Node(declared[key], new Evaluation { Scope = scope, Allowed = Uses.Fresh });
            }
            catch (TemplateException e)
            {
                throw e.In($"parameter '{name}'", at, path);
            }
        }
        else if (Values.Truth(Values.Member(rules.Resolve(declared), "nullable")) == true)
        {
            return null;
        }
        else
        {
            var where = at is { } place ? $" at line '{place.Line}' and column '{place.Column}'" : "";
            throw TemplateException.Invalid($"The value for the template parameter '{name}'{where} {NoValue}", at, path);
        }

        return rules.Problem(declared, value) is { } problem
            ? throw TemplateException.Invalid($"The provided value for the template parameter '{name}' is not valid. {problem}", at, path)
            : value;
    }
}
