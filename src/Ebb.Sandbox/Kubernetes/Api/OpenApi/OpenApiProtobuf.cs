using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.OpenApi;

/// <summary>
/// Writes an OpenAPI 2 document as protocol buffers: the only form that kubectl up to 1.26 asks for. The numbers are those of
/// the message definitions that it was made with; only what our documents use is here.
/// </summary>
internal static class OpenApiProtobuf
{
    private const string Extension = "x-";

    public static byte[] Write(JsonObject document)
    {
        var writer = new ProtoWriter();
        writer.Text(1, document.Text("swagger"));
        writer.Message(2, info =>
        {
            info.Text(1, document.Text("info", "title"));
            info.Text(2, document.Text("info", "version"));
        });
        writer.Message(8, paths =>
        {
            foreach (var (path, item) in document.Object("paths") ?? [])
            {
                paths.Message(2, named =>
                {
                    named.Text(1, path);
                    named.Message(2, p => PathItem(p, item));
                });
            }
        });
        writer.Message(9, definitions => Named(definitions, document.Object("definitions")));
        return writer.ToArray();
    }

    private static void PathItem(ProtoWriter writer, JsonNode? item)
    {
        if (item.Object("get") is { } get)
        {
            writer.Message(2, operation => Operation(operation, get));
        }

        if (item.Object("patch") is { } patch)
        {
            writer.Message(8, operation => Operation(operation, patch));
        }
    }

    private static void Operation(ProtoWriter writer, JsonObject operation)
    {
        writer.Text(5, operation.Text("operationId"));
        foreach (var parameter in operation.Objects("parameters"))
        {
            // A parameter, that is not a body, that is in the query.
            writer.Message(8, any => any.Message(1, one => one.Message(2, other => other.Message(3, query =>
            {
                query.Text(2, "query");
                query.Text(4, parameter.Text("name"));
                query.Text(6, parameter.Text("type"));
            }))));
        }

        writer.Message(9, responses => responses.Message(1, named =>
        {
            named.Text(1, "200");
            named.Message(2, value => value.Message(1, response =>
            {
                response.Text(1, "OK");
                response.Message(2, item => item.Message(
                    1, schema => Schema(schema, operation.At("responses", "200", "schema"))));
            }));
        }));
        Extensions(writer, 13, operation);
    }

    private static void Schema(ProtoWriter writer, JsonNode? node)
    {
        if (node is not JsonObject schema)
        {
            return;
        }

        writer.Text(1, schema.Text("$ref"));
        writer.Text(2, schema.Text("format"));
        writer.Text(4, schema.Text("description"));
        foreach (var name in schema.Texts("required"))
        {
            writer.Text(19, name);
        }

        if (schema.Object("additionalProperties") is { } item)
        {
            writer.Message(21, any => any.Message(1, inner => Schema(inner, item)));
        }

        if (schema.Text("type") is { } type)
        {
            writer.Message(22, types => types.Text(1, type));
        }

        if (schema.Object("items") is { } items)
        {
            writer.Message(23, any => any.Message(1, inner => Schema(inner, items)));
        }

        if (schema.Object("properties") is { } properties)
        {
            writer.Message(25, inner => Named(inner, properties));
        }

        Extensions(writer, 31, schema);
    }

    private static void Named(ProtoWriter writer, JsonObject? schemas)
    {
        foreach (var (name, schema) in schemas ?? [])
        {
            writer.Message(1, named =>
            {
                named.Text(1, name);
                named.Message(2, inner => Schema(inner, schema));
            });
        }
    }

    private static void Extensions(ProtoWriter writer, int field, JsonObject json)
    {
        foreach (var (name, value) in json)
        {
            if (name.StartsWith(Extension, StringComparison.Ordinal))
            {
                writer.Message(field, named =>
                {
                    named.Text(1, name);

                    // The value stands as YAML, which JSON is.
                    named.Message(2, any => any.Text(2, value?.ToJsonString()));
                });
            }
        }
    }
}
