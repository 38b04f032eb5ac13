using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Schemas;

/// <summary>Turns the OpenAPI schema of a CustomResourceDefinition into one of ours.</summary>
internal static class CustomSchema
{
    /// <summary>The schema of a custom kind; every field is kept when the definition has none.</summary>
    public static FieldType Read(Kind kind, JsonObject? schema)
    {
        var reversed = string.Join('.', kind.Group.Split('.').Reverse());
        var name = $"{reversed}.{kind.Version}.{kind.Name}";
        var type = schema is null || schema.IsTrue("x-kubernetes-preserve-unknown-fields")
            ? FieldType.Any : ReadType(name, schema);
        var root = type.Of ?? new ObjectSchema(name) { Open = true };
        root.Fields["apiVersion"] = new SchemaField("apiVersion", FieldType.Text);
        root.Fields["kind"] = new SchemaField("kind", FieldType.Text);
        var metadata = SchemaBook.BuiltIn.All.First(s => s.Name == "ObjectMeta");
        root.Fields["metadata"] = new SchemaField("metadata", new FieldType(Shape.Object, Of: metadata));
        return new FieldType(Shape.Object, Of: root);
    }

    private static FieldType ReadType(string name, JsonNode? schema)
    {
        if (schema.IsTrue("x-kubernetes-int-or-string"))
        {
            return new FieldType(Shape.IntOrString);
        }

        switch (schema.Text("type"))
        {
            case "string":
                return FieldType.Text;
            case "integer":
                return new FieldType(schema.Text("format") == "int32" ? Shape.Int32 : Shape.Int64);
            case "number":
                return new FieldType(Shape.Number);
            case "boolean":
                return new FieldType(Shape.Bool);
            case "array":
                return new FieldType(Shape.List, ReadType(name, schema.Object("items")));
            case "object" when schema.Object("properties") is { } properties:
                return new FieldType(Shape.Object, Of: ReadObject(name, schema!, properties));
            case "object" when schema.Object("additionalProperties") is { } item:
                return new FieldType(Shape.Map, ReadType(name, item));
            default:
                return FieldType.Any;
        }
    }

    private static ObjectSchema ReadObject(string name, JsonNode schema, JsonObject properties)
    {
        var read = new ObjectSchema(name)
        {
            Description = schema.Text("description") ?? "",
            Open = schema.IsTrue("x-kubernetes-preserve-unknown-fields"),
            Atomic = schema.Text("x-kubernetes-map-type") == "atomic",
        };
        var required = schema.Texts("required").ToHashSet();
        foreach (var (field, value) in properties)
        {
            read.Fields[field] = new SchemaField(field, ReadType($"{name}.{field}", value))
            {
                Description = value.Text("description") ?? "",
                Required = required.Contains(field),
                MapKeys = value.Text("x-kubernetes-list-type") == "map"
                    ? [.. value.Texts("x-kubernetes-list-map-keys")] : ImmutableArray<string>.Empty,
                Set = value.Text("x-kubernetes-list-type") == "set",
                Atomic = value.Text("x-kubernetes-map-type") == "atomic",
            };
        }

        return read;
    }
}
