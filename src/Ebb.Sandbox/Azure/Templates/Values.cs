using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>What the expression language knows of a JSON value.</summary>
internal static class Values
{
    /// <summary>Names are found whatever their case.</summary>
    public static readonly JsonNodeOptions NoCase = new() { PropertyNameCaseInsensitive = true };

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonObject Object(params ReadOnlySpan<(string Name, JsonNode? Value)> members)
    {
        var result = new JsonObject(NoCase);
        foreach (var (name, value) in members)
        {
            result[name] = Free(value);
        }

        return result;
    }

    public static JsonArray List(IEnumerable<JsonNode?> items) => new([.. items.Select(Free)]);

    /// <summary>A value that may be put into another: itself when nothing holds it, else a copy.</summary>
    public static JsonNode? Free(JsonNode? value) => value?.Parent is null ? value : value.DeepClone();

    /// <summary>Keeps a value in a holder, so that <see cref="Free"/> copies it wherever it is put.</summary>
    public static JsonNode? Keep(JsonNode? value)
    {
        if (value is { Parent: null })
        {
            _ = new JsonArray(value);
        }

        return value;
    }

    /// <summary>A member by its name whatever its case; null when there is none.</summary>
    public static JsonNode? Member(JsonNode? node, string name) => node is JsonObject o && KeyOf(o, name) is { } key ? o[key] : null;

    /// <summary>The name as the object writes it; null when it has no such member.</summary>
    public static string? KeyOf(JsonObject o, string name)
    {
        if (o.ContainsKey(name))
        {
            foreach (var (key, _) in o)
            {
                if (key.Equals(name, StringComparison.Ordinal))
                {
                    return key;
                }
            }
        }

        foreach (var (key, _) in o)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return key;
            }
        }

        return null;
    }

    public static string? Text(JsonNode? node) => node is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : null;

    public static bool? Truth(JsonNode? node) => node is JsonValue v
        ? v.GetValueKind() switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
        : null;

    /// <summary>A whole number of 64 bits; null when it is anything else.</summary>
    public static long? Whole(JsonNode? node) =>
        node is JsonValue v && v.GetValueKind() == JsonValueKind.Number
        && decimal.TryParse(v.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number == decimal.Truncate(number) && number is >= long.MinValue and <= long.MaxValue
            ? (long)number
            : null;

    /// <summary>A number as it is written.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static JsonNode NumberOf(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) && !text.StartsWith('+'))
        {
            return JsonValue.Create(whole);
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.ValueKind == JsonValueKind.Number
            ? JsonValue.Create(document.RootElement.Clone())!
            : throw new JsonException();
    }

    /// <summary>As messages name a value's kind.</summary>
    public static string KindOf(JsonNode? node) => node switch
    {
        null => "Null",
        JsonObject => "Object",
        JsonArray => "Array",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "String",
            JsonValueKind.True or JsonValueKind.False => "Boolean",
            JsonValueKind.Null => "Null",
            _ => Whole(node) is null ? "Float" : "Integer",
        },
    };

    /// <summary>A value as text: what <c>string()</c> makes of it.</summary>
    public static string Written(JsonNode? node) => node switch
    {
        null => "",
        JsonObject or JsonArray => node.ToJsonString(Plain),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => node.GetValue<string>(),
            JsonValueKind.True => "True",
            JsonValueKind.False => "False",
            _ => node.ToJsonString(),
        },
    };

    public static string Compact(JsonNode? node) => node?.ToJsonString(Plain) ?? "null";

    public static bool Same(JsonNode? a, JsonNode? b) => JsonNode.DeepEquals(a, b);
}
