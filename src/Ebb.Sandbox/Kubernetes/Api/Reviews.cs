using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Api.Validation;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>The questions that are asked by POST and kept nowhere: who am I, may I, whose token is this.</summary>
internal sealed class Reviews(Authorizer authorizer, Tokens tokens)
{
    private const string Authorization = "/apis/authorization.k8s.io/v1/";
    private const string Authentication = "/apis/authentication.k8s.io/v1/";

    /// <summary>Whether reviews are asked for at a path.</summary>
    public static bool Has(string path) => path.StartsWith(Authorization, StringComparison.Ordinal)
        && path.EndsWith("reviews", StringComparison.Ordinal);

    /// <summary>Null when the request is no review.</summary>
    public ApiResponse? Find(ApiRequest request)
    {
        if (request.Method != "POST")
        {
            return null;
        }

        var path = request.Path;
        if (path.StartsWith(Authorization, StringComparison.Ordinal))
        {
            return path[(path.LastIndexOf('/') + 1)..] switch
            {
                "selfsubjectaccessreviews" => Access(request, "SelfSubjectAccessReview", own: true),
                "subjectaccessreviews" => Access(request, "SubjectAccessReview", own: false),
                "localsubjectaccessreviews" => Access(request, "LocalSubjectAccessReview", own: false),
                "selfsubjectrulesreviews" => Rules(request),
                _ => null,
            };
        }

        return path switch
        {
            Authentication + "selfsubjectreviews" => WhoAmI(request),
            Authentication + "tokenreviews" => Token(request),
            _ => null,
        };
    }

    private ApiResponse Access(ApiRequest request, string kind, bool own)
    {
        var json = Read(request);
        var user = own
            ? request.User
            : new User(json.Text("spec", "user") ?? "", [.. json.Texts("spec", "groups")]);
        if (!own && request.User != User.Admin
            && !authorizer.Allows(request.User, "create", "authorization.k8s.io", kind.ToLowerInvariant() + "s", "", "", ""))
        {
            throw ApiException.Forbidden(kind.ToLowerInvariant() + "s.authorization.k8s.io", "", "not allowed to ask for others");
        }

        var about = json.Object("spec", "resourceAttributes");
        var path = json.Object("spec", "nonResourceAttributes");
        Check(json, own);
        var allowed = about is not null
            ? authorizer.Allows(
                user,
                about.Text("verb") ?? "",
                about.Text("group") ?? "",
                about.Text("resource") ?? "",
                about.Text("subresource") ?? "",
                about.Text("namespace") ?? "",
                about.Text("name") ?? "")
            : path is not null && authorizer.AllowsPath(user, path.Text("path") ?? "", path.Text("verb") ?? "");
        var status = new JsonObject { ["allowed"] = allowed };
        if (allowed && !user.Groups.Contains("system:masters"))
        {
            status["reason"] = "RBAC: allowed";
        }

        return Answer(json, "authorization.k8s.io/v1", kind, status);
    }

    private static void Check(JsonObject json, bool own)
    {
        var problems = new Problems("authorization.k8s.io", "", "");
        if ((json.Object("spec", "resourceAttributes") is null) == (json.Object("spec", "nonResourceAttributes") is null))
        {
            problems.Add(Problem.Invalid(
                "spec.resourceAttributes",
                json["spec"]?.DeepClone(),
                "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        }

        if (!own && string.IsNullOrEmpty(json.Text("spec", "user")) && json.Array("spec", "groups") is not { Count: > 0 })
        {
            problems.Add(Problem.Invalid("spec.user", "", "at least one of user or group must be specified"));
        }

        problems.ThrowIfAny();
    }

    private ApiResponse Rules(ApiRequest request)
    {
        var json = Read(request);
        JsonArray resources = [], paths = [];
        var rules = request.User.Groups.Contains("system:masters")
            ? [JsonNode.Parse("""{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}""")!.AsObject(),
                JsonNode.Parse("""{"verbs":["*"],"nonResourceURLs":["*"]}""")!.AsObject()]
            : authorizer.RulesOf(request.User, json.Text("spec", "namespace") ?? "default");
        foreach (var rule in rules)
        {
            (rule.ContainsKey("nonResourceURLs") ? paths : resources).Add(rule.DeepClone());
        }

        return Answer(json, "authorization.k8s.io/v1", "SelfSubjectRulesReview", new JsonObject
        {
            ["resourceRules"] = resources,
            ["nonResourceRules"] = paths,
            ["incomplete"] = false,
        });
    }

    private static ApiResponse WhoAmI(ApiRequest request) => Answer(
        Read(request), "authentication.k8s.io/v1", "SelfSubjectReview", new JsonObject { ["userInfo"] = Describe(request.User) });

    private ApiResponse Token(ApiRequest request)
    {
        var json = Read(request);
        var user = tokens.Check(json.Text("spec", "token") ?? "");
        var status = user is null
            ? new JsonObject { ["user"] = new JsonObject(), ["error"] = "invalid bearer token" }
            : new JsonObject
            {
                ["authenticated"] = true,
                ["user"] = Describe(user),
                ["audiences"] = json.At("spec", "audiences")?.DeepClone() ?? new JsonArray(),
            };
        return Answer(json, "authentication.k8s.io/v1", "TokenReview", status);
    }

    private static JsonObject Describe(User user)
    {
        var json = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0)
        {
            json["uid"] = user.Uid;
        }

        json["groups"] = new JsonArray([.. user.Groups.Select(group => JsonValue.Create(group))]);
        return json;
    }

    private static ApiResponse Answer(JsonObject json, string apiVersion, string kind, JsonObject status)
    {
        json["apiVersion"] = apiVersion;
        json["kind"] = kind;
        json.Ensure("metadata")["creationTimestamp"] = null;
        json["status"] = status;
        return new ApiResponse(201, Versions.Bytes(json));
    }

    private static JsonObject Read(ApiRequest request)
    {
        try
        {
            return (ProtobufReading.IsProtobuf(request.Body.Span)
                    ? ProtobufReading.Read(request.Body.Span) : JsonNode.Parse(request.Body.Span)) as JsonObject
                ?? throw ApiException.BadRequest("the request body is not an object");
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest("the request body cannot be read: " + e.Message);
        }
    }
}
