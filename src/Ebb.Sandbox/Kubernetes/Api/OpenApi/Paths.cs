using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Api.OpenApi;

/// <summary>The paths of resources, as OpenAPI documents write them.</summary>
internal static class Paths
{
    public static string Root(string group, string version) =>
        group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";

    public static string OfAll(Resource resource)
    {
        var ns = resource.Kind.Namespaced ? "namespaces/{namespace}/" : "";
        return $"/{Root(resource.Group, resource.Version)}/{ns}{resource.Kind.Plural}";
    }

    public static string OfOne(Resource resource) => OfAll(resource) + "/{name}";

    public static JsonObject KindOf(Resource resource) => new()
    {
        ["group"] = resource.Group,
        ["kind"] = resource.Kind.Name,
        ["version"] = resource.Version,
    };
}
