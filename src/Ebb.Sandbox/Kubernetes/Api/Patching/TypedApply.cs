using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;

namespace Ebb.Sandbox.Kubernetes.Api.Patching;

/// <summary>Holds what is applied against its schema: unlike other writes it may have no field that the schema lacks.</summary>
internal static class TypedApply
{
    /// <exception cref="ApiException">500, as the real server answers it, with all that is wrong.</exception>
    public static void Check(Call call, JsonObject applied)
    {
        if (call.Resource.Schema is not { } schema)
        {
            return;
        }

        var wrong = new List<string>();
        Check(applied, schema, null, "", wrong);
        if (wrong.Count == 0)
        {
            return;
        }

        var place = call.Namespace.Length > 0 ? $"{call.Namespace}/{call.Name}" : "/" + call.Name;
        var why = wrong.Count == 1 ? wrong[0] : "errors:\n" + string.Join('\n', wrong.Select(line => "  " + line));
        throw ApiException.Unforeseen(
            $"failed to create typed patch object ({place}; {call.Resource.ApiVersion}, Kind={call.Resource.Kind.Name}): {why}");
    }

    private static void Check(JsonNode? value, FieldType type, SchemaField? field, string path, List<string> wrong)
    {
        switch (value)
        {
            case null:
                break;
            case JsonObject json when type.Shape is Shape.Object:
                foreach (var (name, inner) in json)
                {
                    if (type.Of!.Fields.TryGetValue(name, out var known))
                    {
                        Check(inner, known.Type, known, $"{path}.{name}", wrong);
                    }
                    else if (!type.Of.Open)
                    {
                        wrong.Add($"{path}.{name}: field not declared in schema");
                    }
                }

                break;
            case JsonObject map when type.Shape is Shape.Map:
                foreach (var (name, inner) in map)
                {
                    Check(inner, type.Item!, null, $"{path}.{name}", wrong);
                }

                break;
            case JsonArray list when type.Shape is Shape.List:
                CheckList(list, type, field, path, wrong);
                break;
            default:
                if (Expected(value, type.Shape) is { } expected)
                {
                    wrong.Add($"{path}: expected {expected}, got {value.ToJsonString()}");
                }

                break;
        }
    }

    private static void CheckList(JsonArray list, FieldType type, SchemaField? field, string path, List<string> wrong)
    {
        var keys = new HashSet<string>();
        for (var i = 0; i < list.Count; i++)
        {
            if (field is { MapKeys.Length: > 0 } && list[i] is JsonObject item && !keys.Add(FieldSet.ItemKey(item, field)))
            {
                var key = string.Join(",", field.MapKeys.Select(name => $"{name}={item[name]?.ToJsonString()}"));
                wrong.Add($"{path}: duplicate entries for key [{key}]");
            }

            Check(list[i], type.Item!, null, $"{path}[{i}]", wrong);
        }
    }

    private static string? Expected(JsonNode value, Shape shape)
    {
        var kind = value.GetValueKind();
        return shape switch
        {
            Shape.Text or Shape.Time or Shape.MicroTime or Shape.Bytes => kind is JsonValueKind.String ? null : "string",
            Shape.Int32 or Shape.Int64 or Shape.Number => kind is JsonValueKind.Number ? null : "numeric (int or float)",
            Shape.Bool => kind is JsonValueKind.True or JsonValueKind.False ? null : "boolean",
            Shape.Object or Shape.Map => kind is JsonValueKind.Object ? null : "map",
            Shape.List => kind is JsonValueKind.Array ? null : "list",
            _ => null,
        };
    }
}
