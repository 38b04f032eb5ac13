using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Api.OpenApi;

/// <summary>The one document that describes all kinds, for clients up to 1.26 and as what newer ones fall back to.</summary>
internal static class OpenApiV2
{
    /// <summary>What clients ask for.</summary>
    public const string AskedType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    /// <summary>What they are answered with: the type they ask for is none, strictly, and their own parsers refuse it.</summary>
    public const string ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    public static JsonObject Document(Catalog catalog)
    {
        var definitions = new Definitions("#/definitions/");
        var paths = new JsonObject();
        foreach (var resource in catalog.All)
        {
            paths[Paths.OfOne(resource)] = Operations(resource, definitions, definitions.WriteKind(resource));
        }

        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = Documents.Version },
            ["paths"] = paths,
            ["definitions"] = definitions.All(),
        };
    }

    public static byte[] Protobuf(Catalog catalog) => OpenApiProtobuf.Write(Document(catalog));

    private static JsonObject Operations(Resource resource, Definitions definitions, string name)
    {
        JsonObject Operation(string verb) => new()
        {
            ["operationId"] = $"{verb}{resource.Group}{resource.Version}{resource.Kind.Name}",
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject { ["description"] = "OK", ["schema"] = definitions.Reference(name) },
            },
            ["x-kubernetes-group-version-kind"] = Paths.KindOf(resource),
        };
        var patch = Operation("patch");
        patch["parameters"] = new JsonArray(
            Parameter("dryRun"), Parameter("fieldManager"), Parameter("fieldValidation"), Parameter("force", "boolean"));
        return new JsonObject { ["get"] = Operation("read"), ["patch"] = patch };
    }

    private static JsonObject Parameter(string name, string type = "string") => new()
    {
        ["uniqueItems"] = true,
        ["type"] = type,
        ["name"] = name,
        ["in"] = "query",
    };
}
