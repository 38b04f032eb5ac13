using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ebb.Sandbox.Kubernetes.Api.Schemas;

/// <summary>Holds a JSON document against a schema, as a typed decoder would: wrong types are refused, unknown fields noted.</summary>
/// <param name="custom">Types are another's matter, but for those of metadata.</param>
internal sealed partial class StrictReading(string kindAndVersion, bool custom = false)
{
    public List<string> Unknown { get; } = [];

    /// <exception cref="ApiException">400 when a value has the wrong type.</exception>
    public void Check(JsonElement value, FieldType type, string path)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        switch (type.Shape)
        {
            case Shape.Any:
                return;
            case Shape.Object:
                CheckObject(value, type.Of!, path);
                return;
            case Shape.List:
                if (!Demand(value.ValueKind == JsonValueKind.Array, value, path, "[]" + Word(type.Item!)))
                {
                    return;
                }

                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    Check(item, type.Item!, $"{path}[{index++}]");
                }

                return;
            case Shape.Map:
                if (!Demand(value.ValueKind == JsonValueKind.Object, value, path, "map[string]" + Word(type.Item!)))
                {
                    return;
                }

                foreach (var entry in value.EnumerateObject())
                {
                    Check(entry.Value, type.Item!, path + "." + entry.Name);
                }

                return;
            default:
                Demand(Fits(value, type.Shape), value, path, Word(type));
                if (!custom && value.ValueKind == JsonValueKind.String && WrongText(value.GetString()!, type.Shape) is { } wrong)
                {
                    throw ApiException.BadRequest($"{kindAndVersion}: {wrong}");
                }

                return;
        }
    }

    /// <summary>What a decoder says of a text that does not stand for a value of its type; null when it does.</summary>
    private static string? WrongText(string text, Shape shape) => shape switch
    {
        Shape.Quantity when !Quantity().IsMatch(text) =>
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        Shape.Time or Shape.MicroTime when !Time().IsMatch(text) =>
            $"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"",
        Shape.Bytes when !Base64.IsValid(text) => "illegal base64 data at input byte 0",
        _ => null,
    };

    [GeneratedRegex(@"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(([numkMGTPE]|[KMGTPE]i)?|[eE][+-]?[0-9]+)\z")]
    private static partial Regex Quantity();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Time();

    /// <summary>Takes away what the schema does not know, as a typed decoder does by not reading it.</summary>
    public static void Prune(JsonNode? node, FieldType type)
    {
        switch (type.Shape)
        {
            case Shape.Object when node is JsonObject json && !type.Of!.Open:
                foreach (var (name, value) in json.ToArray())
                {
                    if (type.Of.Fields.TryGetValue(name, out var field))
                    {
                        Prune(value, field.Type);
                    }
                    else if (!name.StartsWith('$'))
                    {
                        json.Remove(name);
                    }
                }

                return;
            case Shape.List when node is JsonArray list:
                foreach (var item in list)
                {
                    Prune(item, type.Item!);
                }

                return;
            case Shape.Map when node is JsonObject map:
                foreach (var (_, value) in map)
                {
                    Prune(value, type.Item!);
                }

                return;
            default:
                return;
        }
    }

    private void CheckObject(JsonElement value, ObjectSchema schema, string path)
    {
        if (!Demand(value.ValueKind == JsonValueKind.Object, value, path, schema.Name))
        {
            return;
        }

        foreach (var property in value.EnumerateObject())
        {
            var name = property.Name;
            if (schema.Fields.TryGetValue(name, out var field))
            {
                Check(property.Value, field.Type, path.Length == 0 ? name : path + "." + name);
            }
            else if (!schema.Open && !name.StartsWith('$'))
            {
                // Names with a dollar are directives of a strategic merge patch.
                Unknown.Add($"unknown field \"{(path.Length == 0 ? name : path + "." + name)}\"");
            }
        }
    }

    private static bool Fits(JsonElement value, Shape shape) => shape switch
    {
        Shape.Int32 => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
        Shape.Int64 => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        Shape.Number => value.ValueKind == JsonValueKind.Number,
        Shape.Bool => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        Shape.IntOrString =>
            value.ValueKind == JsonValueKind.String || (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _)),
        Shape.Quantity => value.ValueKind is JsonValueKind.String or JsonValueKind.Number,
        _ => value.ValueKind == JsonValueKind.String,
    };

    private bool Demand(bool holds, JsonElement value, string path, string wanted)
    {
        if (!holds && !(custom && path.Length > 0 && !path.StartsWith("metadata", StringComparison.Ordinal)))
        {
            var found = value.ValueKind switch
            {
                JsonValueKind.True or JsonValueKind.False => "bool",
                JsonValueKind.Number => wanted is "int32" or "int64" ? "number " + value.GetRawText() : "number",
                JsonValueKind.String => "string",
                JsonValueKind.Array => "array",
                _ => "object",
            };
            throw ApiException.BadRequest(
                $"{kindAndVersion}: json: cannot unmarshal {found} into Go struct field {path} of type {wanted}");
        }

        return holds;
    }

    private static string Word(FieldType type) => type.Shape switch
    {
        Shape.Object => type.Of!.Name,
        Shape.List => "[]" + Word(type.Item!),
        Shape.Map => "map[string]" + Word(type.Item!),
        Shape.Int32 => "int32",
        Shape.Int64 => "int64",
        Shape.Number => "float64",
        Shape.Bool => "bool",
        Shape.IntOrString => "intstr.IntOrString",
        Shape.Quantity => "resource.Quantity",
        Shape.Time or Shape.MicroTime => "time.Time",
        Shape.Bytes => "[]uint8",
        Shape.Any => "interface {}",
        _ => "string",
    };
}
