using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Api.OpenApi;

/// <summary>A document for each group and version, for clients from 1.27 on.</summary>
internal static class OpenApiV3
{
    private static readonly string[] PatchTypes =
    [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];

    public static JsonObject Index(Catalog catalog)
    {
        var paths = new JsonObject();
        foreach (var (group, version) in catalog.All.Select(r => (r.Group, r.Version)).Distinct())
        {
            var root = Paths.Root(group, version);

            // The hash changes when the document does, so that clients may keep what they have read.
            paths[root] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{root}?hash={catalog.Revision}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <summary>Null when there is no such group and version.</summary>
    public static JsonObject? Document(Catalog catalog, string root)
    {
        var resources = catalog.All.Where(r => Paths.Root(r.Group, r.Version) == root).ToList();
        if (resources.Count == 0)
        {
            return null;
        }

        var definitions = new Definitions("#/components/schemas/");
        var paths = new JsonObject();
        foreach (var resource in resources)
        {
            var name = definitions.WriteKind(resource);
            paths[Paths.OfAll(resource)] = new JsonObject
            {
                ["get"] = Operation(resource, definitions, name, "list"),
                ["post"] = WithBody(Operation(resource, definitions, name, "post"), definitions.Reference(name), ["application/json"]),
            };
            paths[Paths.OfOne(resource)] = new JsonObject
            {
                ["get"] = Operation(resource, definitions, name, "get"),
                ["put"] = WithBody(Operation(resource, definitions, name, "put"), definitions.Reference(name), ["application/json"]),
                ["patch"] = WithBody(
                    Operation(resource, definitions, name, "patch"),
                    new JsonObject { ["type"] = "object" },
                    PatchTypes.Where(type => !resource.Kind.Custom || !type.Contains("strategic", StringComparison.Ordinal))),
                ["delete"] = Operation(resource, definitions, name, "delete"),
            };
        }

        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = Documents.Version },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = definitions.All() },
        };
    }

    private static JsonObject Operation(Resource resource, Definitions definitions, string name, string action)
    {
        var parameters = new JsonArray();
        foreach (var parameter in action is "post" or "put" or "patch"
            ? new[] { "dryRun", "fieldManager", "fieldValidation", "pretty" } : ["pretty"])
        {
            parameters.Add(Parameter(parameter, "string"));
        }

        if (action == "patch")
        {
            parameters.Add(Parameter("force", "boolean"));
        }

        return new JsonObject
        {
            ["operationId"] = $"{action}{resource.Group}{resource.Version}{resource.Kind.Name}",
            ["parameters"] = parameters,
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject
                {
                    ["description"] = "OK",
                    ["content"] = new JsonObject
                    {
                        ["application/json"] = new JsonObject { ["schema"] = definitions.Reference(name) },
                    },
                },
            },
            ["x-kubernetes-action"] = action,
            ["x-kubernetes-group-version-kind"] = Paths.KindOf(resource),
        };
    }

    private static JsonObject WithBody(JsonObject operation, JsonObject schema, IEnumerable<string> types)
    {
        var content = new JsonObject();
        foreach (var type in types)
        {
            content[type] = new JsonObject { ["schema"] = schema.DeepClone() };
        }

        operation["requestBody"] = new JsonObject { ["content"] = content };
        return operation;
    }

    private static JsonObject Parameter(string name, string type) => new()
    {
        ["name"] = name,
        ["in"] = "query",
        ["schema"] = new JsonObject { ["type"] = type, ["uniqueItems"] = true },
    };
}
