using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

/// <summary>Reads members of JSON that a client sent: names without regard to case, wrong kinds refused by name.</summary>
internal static class JsonRead
{
    /// <summary>A member by name without regard to case; null when absent or when <paramref name="node"/> is no object.</summary>
    public static JsonNode? Get(JsonNode? node, string name) =>
        node is JsonObject o ? o[KeyIn(o, name)] : null;

    public static string? Text(JsonNode? node) => node switch
    {
        null => null,
        JsonValue v when v.GetValueKind() == JsonValueKind.String => v.GetValue<string>(),
        _ => null,
    };

    /// <summary>What is found on a way down through objects; null when the way ends before.</summary>
    public static JsonNode? At(JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            node = Get(node, name);
        }

        return node;
    }

    public static JsonObject? Object(JsonObject? parent, string name) => Get(parent, name) switch
    {
        null => null,
        JsonObject o => o,
        _ => throw InvalidContent(name, "an object"),
    };

    public static string? OptionalText(JsonObject? parent, string name)
    {
        var node = Get(parent, name);
        return node is null ? null : Text(node) ?? throw InvalidContent(name, "a string");
    }

    public static bool? Bool(JsonObject? parent, string name) => Get(parent, name) switch
    {
        null => null,
        JsonValue v when v.GetValueKind() is JsonValueKind.True or JsonValueKind.False => v.GetValue<bool>(),
        // Old clients send booleans as text.
        JsonValue v when bool.TryParse(Text(v), out var value) => value,
        _ => throw InvalidContent(name, "a boolean"),
    };

    public static int? Whole(JsonObject? parent, string name)
    {
        var node = Get(parent, name);
        if (node is null)
        {
            return null;
        }

        var kind = node.GetValueKind();
        if (kind is JsonValueKind.Number or JsonValueKind.String
            && decimal.TryParse(node.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number == decimal.Truncate(number) && number >= int.MinValue && number <= int.MaxValue)
        {
            return (int)number;
        }

        throw InvalidContent(name, "a whole number");
    }

    public static ImmutableArray<string> Texts(JsonObject? parent, string name) => Get(parent, name) switch
    {
        null => [],
        JsonArray array => [.. array.Select(item => Text(item) ?? throw InvalidContent(name, "a list of strings"))],
        _ => throw InvalidContent(name, "a list of strings"),
    };

    public static T? Enumeration<T>(JsonObject? parent, string name)
        where T : struct, Enum
    {
        var text = OptionalText(parent, name);
        if (text is null)
        {
            return null;
        }

        return Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0])
            ? value
            : throw Invalid(name, $"The value '{text}' of parameter '{name}' is not valid. Allowed values are '{string.Join("', '", Enum.GetNames<T>())}'.");
    }

    public static string KeyIn(JsonObject o, string name)
    {
        if (o.ContainsKey(name))
        {
            return name;
        }

        foreach (var (key, _) in o)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return key;
            }
        }

        return name;
    }

    public static bool Is(string text, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (text.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    public static ModelException Refuse(string code, string message) => new(new CloudError(400, code, message));

    public static ModelException Invalid(string target, string message) =>
        new(new CloudError(400, "InvalidParameter", message) { Target = target });

    public static ModelException Required(string name) => Invalid(name, $"Required parameter '{name}' is missing (null).");

    public static ModelException InvalidContent(string name, string wanted) =>
        new(new CloudError(400, "InvalidRequestContent", $"The request content was invalid and could not be deserialized: '{name}' must be {wanted}.") { Target = name });

    /// <summary>Carries a refusal out of the depth of a reader to its entry, and no further.</summary>
    public sealed class ModelException(CloudError error) : Exception(error.Message)
    {
        public CloudError Error { get; } = error;
    }
}
