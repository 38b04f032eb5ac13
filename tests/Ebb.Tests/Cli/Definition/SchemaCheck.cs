using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ebb.Tests.Cli.Definition;

/// <summary>As much of JSON Schema (draft 7) as the schema of an ebb.yaml uses; a word that it does not know fails.</summary>
internal static class SchemaCheck
{
    /// <summary>Null when the value is as the schema says, else where it is not and by which word.</summary>
    public static string? Breach(JsonElement schema, JsonElement value, string path = "")
    {
        foreach (var rule in schema.EnumerateObject())
        {
            if (Breach(rule, schema, value, path) is { } breach)
            {
                return breach;
            }
        }

        return null;
    }

    private static string? Breach(JsonProperty rule, JsonElement schema, JsonElement value, string path)
    {
        var kind = value.ValueKind;
        var holds = rule.Name switch
        {
            "$schema" or "title" or "description" or "default" => true,
            "type" => IsOf(rule.Value.GetString()!, value),
            "enum" => rule.Value.EnumerateArray().Any(e => e.GetRawText() == value.GetRawText()),
            "pattern" => kind is not JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.Value.GetString()!, RegexOptions.ECMAScript),
            "maxLength" => kind is not JsonValueKind.String || value.GetString()!.Length <= rule.Value.GetInt32(),
            "minimum" => kind is not JsonValueKind.Number || value.GetDouble() >= rule.Value.GetDouble(),
            "exclusiveMinimum" => kind is not JsonValueKind.Number || value.GetDouble() > rule.Value.GetDouble(),
            "maximum" => kind is not JsonValueKind.Number || value.GetDouble() <= rule.Value.GetDouble(),
            "maxItems" => kind is not JsonValueKind.Array || value.GetArrayLength() <= rule.Value.GetInt32(),
            "minItems" => kind is not JsonValueKind.Array || value.GetArrayLength() >= rule.Value.GetInt32(),
            "maxProperties" => kind is not JsonValueKind.Object || value.EnumerateObject().Count() <= rule.Value.GetInt32(),
            "anyOf" => rule.Value.EnumerateArray().Any(one => Breach(one, value, path) is null),
            "required" => kind is not JsonValueKind.Object || rule.Value.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
            "items" or "properties" or "additionalProperties" or "propertyNames" => true,
            _ => throw new NotSupportedException($"{path}: {rule.Name}"),
        };
        if (!holds)
        {
            return $"{path}: {rule.Name}";
        }

        return rule.Name switch
        {
            "items" when kind is JsonValueKind.Array => value.EnumerateArray().Select((item, i) => Breach(rule.Value, item, $"{path}[{i}]")).FirstOrDefault(b => b is not null),
            "propertyNames" when kind is JsonValueKind.Object => value.EnumerateObject()
                .Select(p => Breach(rule.Value, JsonSerializer.SerializeToElement(p.Name), $"{path}.{p.Name}")).FirstOrDefault(b => b is not null),
            "properties" when kind is JsonValueKind.Object => value.EnumerateObject()
                .Select(p => rule.Value.TryGetProperty(p.Name, out var one) ? Breach(one, p.Value, $"{path}.{p.Name}") : null).FirstOrDefault(b => b is not null),
            "additionalProperties" when kind is JsonValueKind.Object => Others(rule.Value, schema, value, path),
            _ => null,
        };
    }

    private static string? Others(JsonElement rule, JsonElement schema, JsonElement value, string path)
    {
        var known = schema.TryGetProperty("properties", out var properties) ? properties.EnumerateObject().Select(p => p.Name).ToHashSet() : [];
        var others = value.EnumerateObject().Where(p => !known.Contains(p.Name));
        return rule.ValueKind is JsonValueKind.False
            ? others.Select(p => $"{path}.{p.Name}: unknown").FirstOrDefault()
            : others.Select(p => Breach(rule, p.Value, $"{path}.{p.Name}")).FirstOrDefault(b => b is not null);
    }

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind is JsonValueKind.Object,
        "array" => value.ValueKind is JsonValueKind.Array,
        "string" => value.ValueKind is JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind is JsonValueKind.Number,
        "integer" => value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out _),
        _ => throw new NotSupportedException(type),
    };
}
