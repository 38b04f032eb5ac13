using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Api.Validation;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>scale, token, approval and finalize.</summary>
internal sealed class OtherSubresources(ObjectStore store, ObjectVerbs verbs, Tokens tokens)
{
    public ApiResponse Answer(Call call, Form form) => (call.Subresource, call.Request.Method) switch
    {
        ("scale", "GET") when call.Resource.Kind.HasScale => GetScale(CurrentScale(call)),
        ("scale", "PUT" or "PATCH") when call.Resource.Kind.HasScale => SetScale(call),
        ("token", "POST") when call.Resource.Kind.Equals(Kinds.ServiceAccount) => Token(call),
        ("finalize", "PUT") when call.Resource.Kind.Equals(Kinds.Namespace) => Finalize(call, form),
        ("approval", "GET") when call.Resource.Kind.Equals(Kinds.CertificateSigningRequest) => verbs.Get(call, form),
        ("approval", "PUT") when call.Resource.Kind.Equals(Kinds.CertificateSigningRequest) => Approve(call, form),
        ("scale", _) when call.Resource.Kind.HasScale => throw ApiException.NotAllowed(),
        ("token", _) when call.Resource.Kind.Equals(Kinds.ServiceAccount) => throw ApiException.NotAllowed(),
        ("finalize", _) when call.Resource.Kind.Equals(Kinds.Namespace) => throw ApiException.NotAllowed(),
        ("approval", _) when call.Resource.Kind.Equals(Kinds.CertificateSigningRequest) => throw ApiException.NotAllowed(),
        _ => throw ApiException.NoSuchPath(),
    };

    private static readonly FieldType ScaleType =
        new(Shape.Object, Of: SchemaBook.BuiltIn.Find("autoscaling", "v1", "Scale"));

    private KubeObject CurrentScale(Call call)
    {
        var kind = call.Resource.Kind;
        return store.Get(kind, call.Namespace, call.Name) ?? throw ApiException.NotFound(
            $"{kind.Plural}/scale" + (kind.Group.Length > 0 ? "." + kind.Group : ""), call.Name);
    }

    private static ApiResponse GetScale(KubeObject item) => item.Kind.Custom && item.Json.At("spec", "replicas") is null
        ? throw ApiException.Internal("the spec replicas field \".spec.replicas\" does not exist")
        : Scale(200, item);

    private static ApiResponse Scale(int code, KubeObject item) => new(code, Versions.Bytes(ScaleOf(item)));

    private static JsonObject ScaleOf(KubeObject item)
    {
        var metadata = new JsonObject();
        foreach (var name in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" })
        {
            metadata[name] = item.Metadata[name]?.DeepClone();
        }

        var selector = item.Json.Object("spec", "selector");
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = item.Json.Whole("spec", "replicas") ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = item.Json.Whole("status", "replicas") ?? 0,
                ["selector"] = selector is null ? item.Kind.Custom ? null : ""
                    : LabelSelector.Format(selector.ContainsKey("matchLabels") || selector.ContainsKey("matchExpressions")
                        ? selector : new JsonObject { ["matchLabels"] = selector.DeepClone() }),
            },
        };
    }

    private ApiResponse SetScale(Call call)
    {
        var item = CurrentScale(call);
        var scale = ScaleOf(item);
        var body = call.ReadBody();
        if (call.Request.Method == "PUT")
        {
            new StrictReading("Scale in version \"v1\" cannot be handled as a Scale").Check(body, ScaleType, "");
            scale = JsonObject.Create(body) ?? scale;
            call.CheckPlace(scale);
        }
        else if (call.MediaType == "application/json-patch+json")
        {
            scale = Patching.JsonPatch.Apply(scale, JsonArray.Create(body));
        }
        else
        {
            Patching.MergePatch.Apply(
                scale, body.ValueKind == System.Text.Json.JsonValueKind.Object ? JsonObject.Create(body)! : []);
        }

        var replicas = scale.Whole("spec", "replicas") ?? 0;
        var problems = new Problems("autoscaling", "Scale", item.Name);
        if (string.IsNullOrEmpty(scale.Text("metadata", "namespace")))
        {
            problems.Add(Problem.Required("metadata.namespace"));
        }

        if (replicas is < 0 or > int.MaxValue)
        {
            problems.Add(Problem.Invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
        }

        problems.ThrowIfAny();

        var version = scale.Text("metadata", "resourceVersion");
        if (!string.IsNullOrEmpty(version) && version != item.ResourceVersion.ToString())
        {
            throw ApiException.Conflict(item.Kind.Resource, item.Name);
        }

        return Scale(200, store.Update(item, json => json.Ensure("spec")["replicas"] = replicas, call.DryRun));
    }

    private ApiResponse Token(Call call)
    {
        var account = verbs.Current(call);
        var body = call.ReadBody();
        var json = body.ValueKind == System.Text.Json.JsonValueKind.Object ? JsonObject.Create(body)! : [];
        if (json.Text("kind") is { } kind and not "TokenRequest")
        {
            throw ApiException.BadRequest(
                $"{kind} in version \"v1\" cannot be handled as a TokenRequest: no kind \"{kind}\" is registered at this path");
        }

        var seconds = json.Whole("spec", "expirationSeconds") ?? 3600;
        if (seconds < 600)
        {
            throw Problems.Single(
                new Kind("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", true),
                "",
                Problem.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"));
        }

        var (token, expires) = tokens.Issue(account, TimeSpan.FromSeconds(seconds), [.. json.Texts("spec", "audiences")]);
        if (json.Array("spec", "audiences") is not { Count: > 0 })
        {
            json.Ensure("spec")["audiences"] = new JsonArray(Tokens.Issuer);
        }

        json["kind"] = "TokenRequest";
        json["apiVersion"] = "authentication.k8s.io/v1";
        json["metadata"] = new JsonObject { ["name"] = account.Name, ["namespace"] = account.Namespace };
        json["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = Timestamps.Seconds(expires) };
        return new ApiResponse(201, Versions.Bytes(json));
    }

    private ApiResponse Finalize(Call call, Form form)
    {
        var stored = verbs.Current(call);
        var body = call.ReadObject();
        RequestOptions.CheckWrite(call, "UpdateOptions");
        body["status"] = stored.Json["status"]?.DeepClone();
        return verbs.Answer(call, 200, verbs.Finish(call, stored, body, specTouched: true), form);
    }

    private ApiResponse Approve(Call call, Form form)
    {
        var stored = verbs.Current(call);
        var body = call.ReadObject();
        var conditions = body.At("status", "conditions")?.DeepClone();
        return verbs.Answer(
            call, 200, store.Update(stored, json => json.Ensure("status")["conditions"] = conditions, call.DryRun), form);
    }
}
