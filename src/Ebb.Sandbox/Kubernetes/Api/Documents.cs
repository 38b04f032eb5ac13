using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.OpenApi;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What is served beside objects: discovery, schemas, version, health. Kept until a custom kind comes or goes.</summary>
internal sealed class Documents(Catalog catalog, Tokens tokens)
{
    /// <summary>The release whose behaviour this API follows.</summary>
    public const string Version = "v1.34.0+ebb";

    /// <summary>The release that it says it is.</summary>
    public string Release
    {
        get;
        set
        {
            field = value;
            _kept.Clear();
        }
    }
    = Version;

    private static readonly string[] Checks = ["ping", "log", "etcd"];

    private readonly Dictionary<string, ApiResponse> _kept = new(StringComparer.Ordinal);
    private int _revision;

    /// <summary>Null when the path is none of these.</summary>
    public ApiResponse? Find(ApiRequest request)
    {
        var health = Health(request);
        if (health is not null)
        {
            return health;
        }

        if (_revision != catalog.Revision)
        {
            _kept.Clear();
            _revision = catalog.Revision;
        }

        var path = request.Path.Length > 1 ? request.Path.TrimEnd('/') : request.Path;
        var form = FormOf(path, request.Accept);
        var key = form + path;
        if (!_kept.TryGetValue(key, out var found) && Make(path, form) is { } made)
        {
            _kept[key] = found = made;
        }

        if (found is not null && request.Method is not ("GET" or "HEAD"))
        {
            throw ApiException.NotAllowed();
        }

        return found ?? Nowhere(path);
    }

    private static ApiResponse? Health(ApiRequest request)
    {
        var parts = request.Path.Trim('/').Split('/', 2);
        if (parts[0] is not ("healthz" or "livez" or "readyz"))
        {
            return null;
        }

        if (parts.Length == 2)
        {
            return Checks.Contains(parts[1]) ? Plain(200, "ok") : null;
        }

        var lines = Checks.Select(check => $"[+]{check} ok").Append(parts[0] + " check passed");
        return Plain(200, new Query(request.Query).Has("verbose") ? string.Join('\n', lines) + "\n" : "ok");
    }

    /// <summary>What is said of a path below which nothing is.</summary>
    private static ApiResponse? Nowhere(string path) => path.StartsWith("/apis/", StringComparison.Ordinal)
        ? null
        : path.StartsWith("/api/", StringComparison.Ordinal) || ResourcePath.Read(path) is not null ? null
        : Json(new JsonObject { ["paths"] = Paths() }) with { Code = 404 };

    private static JsonArray Paths() =>
        ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"];

    private static ApiResponse Plain(int code, string text) =>
        new(code, System.Text.Encoding.UTF8.GetBytes(text)) { ContentType = "text/plain; charset=utf-8" };

    private static string FormOf(string path, string accept)
    {
        if (path is "/api" or "/apis")
        {
            foreach (var (type, parameters) in Accept.Types(accept))
            {
                if (parameters.GetValueOrDefault("as") == "APIGroupDiscoveryList"
                    && parameters.GetValueOrDefault("v") is "v2" or "v2beta1" && type == "application/json")
                {
                    return parameters["v"];
                }

                if (type is "application/json" && !parameters.ContainsKey("as"))
                {
                    return "";
                }
            }
        }

        var asksForProtobuf = accept.Contains(OpenApiV2.AskedType, StringComparison.Ordinal)
            || accept.Contains(OpenApiV2.ProtobufType, StringComparison.Ordinal);
        return path == "/openapi/v2" && asksForProtobuf ? "protobuf" : "";
    }

    private ApiResponse? Make(string path, string form)
    {
        switch (path)
        {
            case "/version":
                return Json(VersionOf(Release));
            case "/api" or "/apis" when form.Length > 0:
                return Json(Discovery.Aggregated(catalog, core: path == "/api", form)) with
                {
                    ContentType = $"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList",
                };
            case "/api":
                return Json(Discovery.CoreVersions());
            case "/apis":
                return Json(Discovery.Groups(catalog));
            case "/openid/v1/jwks":
                return Json(tokens.KeySet());
            case "/openapi/v2" when form == "protobuf":
                return new ApiResponse(200, OpenApiV2.Protobuf(catalog)) { ContentType = OpenApiV2.ProtobufType };
            case "/openapi/v2":
                return Json(OpenApiV2.Document(catalog));
            case "/openapi/v3":
                return Json(OpenApiV3.Index(catalog));
            case "/":
                return Json(new JsonObject { ["paths"] = Paths() });
            default:
                break;
        }

        const string v3 = "/openapi/v3/";
        if (path.StartsWith(v3, StringComparison.Ordinal))
        {
            return OpenApiV3.Document(catalog, path[v3.Length..]) is { } document ? Json(document) : null;
        }

        return path.Split('/') switch
        {
            ["", "api", "v1"] => Json(Discovery.Resources(catalog, "", "v1")!),
            ["", "apis", var group] => Discovery.Group(catalog, group) is { } one ? Json(one) : null,
            ["", "apis", var group, var version] =>
                Discovery.Resources(catalog, group, version) is { } resources ? Json(resources) : null,
            _ => null,
        };
    }

    private static ApiResponse Json(JsonObject json) => new(200, Versions.Bytes(json));

    private static JsonObject VersionOf(string release)
    {
        var parts = release.TrimStart('v').Split('.');
        return new JsonObject
        {
            ["major"] = parts[0],
            ["minor"] = parts[1],
            ["gitVersion"] = release,
            ["gitCommit"] = "",
            ["gitTreeState"] = "clean",
            ["buildDate"] = "2026-01-01T00:00:00Z",
            ["goVersion"] = "",
            ["compiler"] = "",
            ["platform"] = "linux/amd64",
        };
    }
}
