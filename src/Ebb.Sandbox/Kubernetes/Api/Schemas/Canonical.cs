using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Api.Schemas;

/// <summary>
/// Gives a built-in object the form in which a typed server keeps it: amounts the shortest way, and no lists and maps that
/// hold nothing, which it does not tell from none at all.
/// </summary>
internal static class Canonical
{
    public static void Apply(JsonObject json, FieldType type)
    {
        if (type.Shape is Shape.Object)
        {
            foreach (var (name, value) in json.ToArray())
            {
                if (type.Of!.Fields.TryGetValue(name, out var field))
                {
                    ApplyField(json, name, value, field.Type);
                }
            }
        }
        else if (type.Shape is Shape.Map)
        {
            foreach (var (name, value) in json.ToArray())
            {
                Amend(value, type.Item!, shorter => json[name] = shorter);
            }
        }
    }

    private static void ApplyField(JsonObject owner, string name, JsonNode? value, FieldType type)
    {
        if (value is JsonArray { Count: 0 } || (value is JsonObject { Count: 0 } && type.Shape is Shape.Map))
        {
            owner.Remove(name);
            return;
        }

        Amend(value, type, shorter => owner[name] = shorter);
    }

    private static void Amend(JsonNode? value, FieldType type, Action<JsonNode> replace)
    {
        switch (value)
        {
            case JsonObject inner:
                Apply(inner, type);
                break;
            case JsonArray list when type.Shape is Shape.List:
                for (var i = 0; i < list.Count; i++)
                {
                    var at = i;
                    Amend(list[i], type.Item!, shorter => list[at] = shorter);
                }

                break;
            case JsonValue amount when type.Shape is Shape.Quantity:
                var text = Quantity.TextOf(amount) ?? "";
                var shortest = QuantityText.Shortest(text);
                if (shortest != text || amount.GetValueKind() != JsonValueKind.String)
                {
                    replace(shortest);
                }

                break;
        }
    }
}
