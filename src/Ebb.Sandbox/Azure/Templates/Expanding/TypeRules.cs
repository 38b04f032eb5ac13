using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>Holds values against the types and limits that parameters and outputs declare.</summary>
internal sealed class TypeRules(Template template)
{
    // Types refer to each other; a value is never nested deeper than this.
    private const int MostLevels = 64;

    /// <summary>The type's own definition, references followed.</summary>
    public JsonObject Resolve(JsonObject declared)
    {
        for (var i = 0; i < MostLevels; i++)
        {
            if (Values.Text(Values.Member(declared, "$ref")) is not { } reference)
            {
                return declared;
            }

            const string Prefix = "#/definitions/";
            var found = reference.StartsWith(Prefix, StringComparison.Ordinal) ? Values.Member(template.Definitions, reference[Prefix.Length..].Replace("~1", "/", StringComparison.Ordinal)) : null;
            var next = found as JsonObject ?? throw TemplateException.Invalid($"The type definition '{reference}' is not found in the template.");
            if (Values.Truth(Values.Member(declared, "nullable")) == true && Values.Truth(Values.Member(next, "nullable")) != true)
            {
                next = (JsonObject)next.DeepClone();
                next["nullable"] = true;
            }

            declared = next;
        }

        throw TemplateException.Invalid("A type definition refers to itself.");
    }

    /// <summary>The declared type, as the language writes it, for example <c>SecureString</c>; null when there is no such type.</summary>
    public static string? TypeName(JsonObject resolved) => Values.Text(Values.Member(resolved, "type"))?.ToLowerInvariant() switch
    {
        "string" => "String",
        "int" => "Int",
        "bool" => "Bool",
        "object" => "Object",
        "array" => "Array",
        "securestring" => "SecureString",
        "secureobject" => "SecureObject",
        _ => null,
    };

    public static bool IsSecure(string? type) => type is "SecureString" or "SecureObject";

    /// <summary>Why the value does not fit its declaration; null when it does. Secure values are not shown.</summary>
    public string? Problem(JsonObject declared, JsonNode? value, int level = 0)
    {
        var rules = Resolve(declared);
        if (value is null && Values.Truth(Values.Member(rules, "nullable")) == true)
        {
            return null;
        }

        if (level > MostLevels)
        {
            return "The value is nested too deeply.";
        }

        var type = TypeName(rules);
        var (expected, fits) = type switch
        {
            "String" or "SecureString" => ("String, Uri", Values.Text(value) is not null),
            "Int" => ("Integer", Values.Whole(value) is not null),
            "Bool" => ("Boolean", Values.Truth(value) is not null),
            "Array" => ("Array", value is JsonArray),
            "Object" or "SecureObject" => ("Object", value is JsonObject),
            _ => ("", true),
        };
        if (!fits)
        {
            return $"Template parameter JToken type is not valid. Expected '{expected}'. Actual '{Values.KindOf(value)}'. Please see https://aka.ms/arm-deploy/#parameter-file for usage details.";
        }

        return NotAllowed(rules, value, IsSecure(type)) ?? OutOfBounds(rules, value) ?? InParts(rules, value, level);
    }

    private static string? NotAllowed(JsonObject rules, JsonNode? value, bool secure)
    {
        if (Values.Member(rules, "allowedValues") is not JsonArray { Count: > 0 } allowed)
        {
            return null;
        }

        bool Is(JsonNode? candidate) => allowed.Any(a => Values.Same(a, candidate)
            || (Values.Text(a) is { } text && text.Equals(Values.Text(candidate), StringComparison.OrdinalIgnoreCase)));
        if (Is(value) || (value is JsonArray list && list.All(Is)))
        {
            return null;
        }

        var shown = secure ? "" : $" '{Values.Written(value)}'";
        return $"The value{shown} is not part of the allowed value(s): '{string.Join(',', allowed.Select(Values.Written))}'.";
    }

    private static string? OutOfBounds(JsonObject rules, JsonNode? value)
    {
        if (Values.Whole(value) is { } number)
        {
            return Values.Whole(Values.Member(rules, "minValue")) is { } least && number < least
                ? $"The value '{number}' must be greater than or equal to '{least}'."
                : Values.Whole(Values.Member(rules, "maxValue")) is { } most && number > most
                    ? $"The value '{number}' must be less than or equal to '{most}'."
                    : null;
        }

        if ((Values.Text(value)?.Length ?? (value as JsonArray)?.Count) is not { } length)
        {
            return null;
        }

        return Values.Whole(Values.Member(rules, "minLength")) is { } shortest && length < shortest
            ? $"Length of the value should be greater than or equal to '{shortest}'."
            : Values.Whole(Values.Member(rules, "maxLength")) is { } longest && length > longest
                ? $"Length of the value should be less than or equal to '{longest}'."
                : null;
    }

    // What types of the language's version 2 say of members and items.
    private string? InParts(JsonObject rules, JsonNode? value, int level)
    {
        if (value is JsonArray list)
        {
            var first = Values.Member(rules, "prefixItems") as JsonArray;
            var rest = Values.Member(rules, "items");
            return list.Select((item, i) => (Index: i, Problem: (i < first?.Count ? first[i] : rest) is JsonObject rule ? Problem(rule, item, level + 1) : null))
                .Where(p => p.Problem is not null).Select(p => $"Item {p.Index}: {p.Problem}").FirstOrDefault();
        }

        if (value is not JsonObject o)
        {
            return null;
        }

        var members = Values.Member(rules, "properties") as JsonObject;
        foreach (var (name, rule) in members ?? [])
        {
            var member = Values.Member(o, name);
            if (rule is JsonObject declared && Problem(declared, member, level + 1) is { } problem)
            {
                return member is null && Values.KeyOf(o, name) is null ? $"The property '{name}' is required." : $"Property '{name}': {problem}";
            }
        }

        var others = o.Where(m => members is null || Values.KeyOf(members, m.Key) is null).ToList();
        return Values.Member(rules, "additionalProperties") switch
        {
            JsonObject rule => others.Select(m => Problem(rule, m.Value, level + 1) is { } problem ? $"Property '{m.Key}': {problem}" : null).FirstOrDefault(p => p is not null),
            JsonNode no when Values.Truth(no) == false && others.Count > 0 => $"The property '{others[0].Key}' is not allowed.",
            _ => null,
        };
    }
}
