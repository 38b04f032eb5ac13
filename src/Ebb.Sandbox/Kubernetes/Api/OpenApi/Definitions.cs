using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;

namespace Ebb.Sandbox.Kubernetes.Api.OpenApi;

/// <summary>Writes schemas as OpenAPI definitions; version 2 and 3 differ only in where they are and how they are named.</summary>
internal sealed class Definitions(string referencePrefix)
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

    private readonly SortedDictionary<string, JsonObject> _written = new(StringComparer.Ordinal);

    /// <summary>All that were written, with those that they refer to.</summary>
    public JsonObject All()
    {
        var all = new JsonObject();
        foreach (var (name, definition) in _written)
        {
            all[name] = definition.DeepClone();
        }

        return all;
    }

    /// <summary>Writes a kind, and a list of it; gives the name of its definition.</summary>
    public string WriteKind(Resource resource)
    {
        var kind = resource.Kind;
        string name;
        if (resource.Schema?.Of is { } schema)
        {
            Write(schema);
            name = schema.FullName;
        }
        else
        {
            name = $"{string.Join('.', kind.Group.Split('.').Reverse())}.{resource.Version}.{kind.Name}";
            _written.TryAdd(name, new JsonObject { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true });
        }

        AddKind(_written[name], resource);
        var list = name + "List";
        if (!_written.TryGetValue(list, out var definition))
        {
            _written[list] = definition = new JsonObject
            {
                ["description"] = $"A list of {kind.Name}.",
                ["type"] = "object",
                ["required"] = new JsonArray("items"),
                ["properties"] = new JsonObject
                {
                    ["apiVersion"] = new JsonObject { ["type"] = "string" },
                    ["kind"] = new JsonObject { ["type"] = "string" },
                    ["metadata"] = new JsonObject { ["type"] = "object" },
                    ["items"] = new JsonObject { ["type"] = "array", ["items"] = Reference(name) },
                },
            };
        }

        AddKind(definition, resource, "List");
        return name;
    }

    public JsonObject Reference(string name) => new() { ["$ref"] = referencePrefix + name };

    private static void AddKind(JsonObject definition, Resource resource, string suffix = "")
    {
        const string extension = "x-kubernetes-group-version-kind";
        if (definition[extension] is not JsonArray kinds)
        {
            definition[extension] = kinds = [];
        }

        kinds.Add(new JsonObject
        {
            ["group"] = resource.Group,
            ["kind"] = resource.Kind.Name + suffix,
            ["version"] = resource.Version,
        });
    }

    private void Write(ObjectSchema schema)
    {
        if (_written.ContainsKey(schema.FullName))
        {
            return;
        }

        var definition = new JsonObject { ["description"] = schema.Description, ["type"] = "object" };
        _written[schema.FullName] = definition;
        var required = schema.Fields.Values.Where(field => field.Required).Select(field => field.Name).ToList();
        if (required.Count > 0)
        {
            definition["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]);
        }

        var properties = new JsonObject();
        foreach (var field in schema.Fields.Values)
        {
            properties[field.Name] = WriteField(field);
        }

        definition["properties"] = properties;
        if (schema.Open)
        {
            definition["x-kubernetes-preserve-unknown-fields"] = true;
        }
    }

    private JsonObject WriteField(SchemaField field)
    {
        var type = WriteType(field.Type);
        if (type.ContainsKey("$ref") && referencePrefix.Contains("components", StringComparison.Ordinal))
        {
            // In version 3 nothing may stand beside a reference.
            type = new JsonObject { ["allOf"] = new JsonArray(type), ["default"] = new JsonObject() };
        }

        if (field.Description.Length > 0)
        {
            type.Insert(0, "description", field.Description);
        }

        if (field.MergeKey is { } key)
        {
            if (key.Length > 0)
            {
                type["x-kubernetes-patch-merge-key"] = key;
            }

            type["x-kubernetes-patch-strategy"] = field.RetainKeys ? "merge,retainKeys" : "merge";
        }
        else if (field.RetainKeys)
        {
            type["x-kubernetes-patch-strategy"] = "retainKeys";
        }

        if (field.MapKeys.Length > 0)
        {
            type["x-kubernetes-list-type"] = "map";
            type["x-kubernetes-list-map-keys"] = new JsonArray([.. field.MapKeys.Select(k => JsonValue.Create(k))]);
        }
        else if (field.Set)
        {
            type["x-kubernetes-list-type"] = "set";
        }
        else if (field.Type.Shape is Shape.List)
        {
            type["x-kubernetes-list-type"] = "atomic";
        }

        if (field.Atomic)
        {
            type["x-kubernetes-map-type"] = "atomic";
        }

        return type;
    }

    private JsonObject WriteType(FieldType type)
    {
        switch (type.Shape)
        {
            case Shape.Object:
                Write(type.Of!);
                return Reference(type.Of!.FullName);
            case Shape.List:
                return new JsonObject { ["type"] = "array", ["items"] = WriteType(type.Item!) };
            case Shape.Map:
                return new JsonObject { ["type"] = "object", ["additionalProperties"] = WriteType(type.Item!) };
            case Shape.Int32:
                return new JsonObject { ["type"] = "integer", ["format"] = "int32" };
            case Shape.Int64:
                return new JsonObject { ["type"] = "integer", ["format"] = "int64" };
            case Shape.Number:
                return new JsonObject { ["type"] = "number", ["format"] = "double" };
            case Shape.Bool:
                return new JsonObject { ["type"] = "boolean" };
            case Shape.Bytes:
                return new JsonObject { ["type"] = "string", ["format"] = "byte" };
            case Shape.Time:
                return Named(Meta + "Time", new JsonObject { ["type"] = "string", ["format"] = "date-time" });
            case Shape.MicroTime:
                return Named(Meta + "MicroTime", new JsonObject { ["type"] = "string", ["format"] = "date-time" });
            case Shape.Quantity:
                return Named(Quantity, new JsonObject { ["type"] = "string" });
            case Shape.IntOrString:
                return Named(IntOrString, new JsonObject { ["type"] = "string", ["format"] = "int-or-string" });
            case Shape.Text:
                return new JsonObject { ["type"] = "string" };
            default:
                // No type at all: it may be anything, not only an object.
                return new JsonObject { ["x-kubernetes-preserve-unknown-fields"] = true };
        }
    }

    private JsonObject Named(string name, JsonObject definition)
    {
        _written.TryAdd(name, definition);
        return Reference(name);
    }
}
