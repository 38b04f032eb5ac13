using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Patching;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Api.Validation;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>The four kinds of patch.</summary>
internal sealed class PatchVerb(ObjectStore store, ObjectVerbs verbs)
{
    private const string Json = "application/json-patch+json";
    private const string Merge = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string Apply = "application/apply-patch+yaml";

    public ApiResponse Answer(Call call, Form form)
    {
        if (call.MediaType is Apply or "application/apply-patch+cbor")
        {
            return ApplyServerSide(call, form);
        }

        if (call.MediaType is not (Json or Merge or Strategic)
            || (call.MediaType == Strategic && call.Resource.Kind.Custom))
        {
            throw call.MediaType == Strategic
                ? Call.Unsupported($"{Json}, {Merge}, {Apply}")
                : new ApiException(415, "UnsupportedMediaType", "415: Unsupported Media Type") { Details = [] };
        }

        RequestOptions.CheckWrite(call, "PatchOptions");
        var stored = verbs.Current(call);
        var body = call.ReadBody();
        var (json, specTouched) = Changed(call, stored, body);
        return verbs.Answer(call, 200, verbs.Finish(call, stored, json, specTouched), form);
    }

    private static (JsonObject Json, bool SpecTouched) Changed(Call call, KubeObject stored, JsonElement body)
    {
        var json = Versions.ToServed(stored, call.Resource).DeepClone().AsObject();
        if (call.MediaType == Json)
        {
            if (body.ValueKind == JsonValueKind.Array && body.GetArrayLength() == 0)
            {
                return (stored.Json.DeepClone().AsObject(), false);
            }

            json = JsonPatch.Apply(json, body.ValueKind == JsonValueKind.Array ? JsonArray.Create(body) : null);
            json = Readable(call, json);
            Versions.ToStored(json, call.Resource);
            return (json, true);
        }

        if (body.ValueKind == JsonValueKind.Array && call.MediaType == Merge)
        {
            throw Unreadable("[]", "the patch is not an object");
        }

        if (body.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.BadRequest("error decoding patch: the patch is not an object");
        }

        // A merge patch has the shape of the object, so that holding it against the schema is enough.
        JsonObject patch;
        try
        {
            patch = call.CheckFields(body);
        }
        catch (ApiException e) when (e.Code == 400)
        {
            throw Unreadable(body.GetRawText(), e.Message);
        }

        if (call.MediaType == Merge)
        {
            MergePatch.Apply(json, patch);
        }
        else
        {
            StrategicMerge.Apply(json, patch, call.Resource.Schema?.Of);
        }

        CheckSame(call, json);
        Versions.ToStored(json, call.Resource);
        return (json, patch.Any(part => part.Key is not ("metadata" or "status" or "apiVersion" or "kind")));
    }

    /// <summary>A patched object, held against its schema.</summary>
    private static JsonObject Readable(Call call, JsonObject json)
    {
        CheckSame(call, json);
        var text = Versions.Bytes(json);
        using var written = JsonDocument.Parse(text);
        try
        {
            return call.CheckFields(written.RootElement.Clone());
        }
        catch (ApiException e) when (e.Code == 400)
        {
            throw Unreadable(System.Text.Encoding.UTF8.GetString(text), e.Message);
        }
    }

    /// <summary>A patched object that is none of its kind any more.</summary>
    private static ApiException Unreadable(string patched, string why)
    {
        var problems = new Problems("", "", "");
        problems.Add(Problem.Invalid("patch", patched, why));
        return problems.ToException();
    }

    private ApiResponse ApplyServerSide(Call call, Form form)
    {
        RequestOptions.CheckWrite(call, "PatchOptions", managerNeeded: true);
        var body = ReadApplied(call);
        var applied = body.ValueKind == JsonValueKind.Object
            ? JsonObject.Create(body)! : throw ApiException.BadRequest("error decoding YAML: the patch is not an object");
        if (applied.Text("apiVersion") != call.Resource.ApiVersion)
        {
            throw ApiException.BadRequest(
                $"Incorrect version specified in apply patch. Specified patch version: {applied.Text("apiVersion")}, " +
                $"expected: {call.Resource.ApiVersion}");
        }

        if (applied.Text("kind") != call.Resource.Kind.Name)
        {
            throw ApiException.Unforeseen(
                $"failed to create typed patch object: no corresponding type for {applied.Text("apiVersion")}, " +
                $"Kind={applied.Text("kind")} at this path");
        }

        if (applied.At("metadata", "managedFields") is JsonArray { Count: > 0 })
        {
            throw ApiException.BadRequest("metadata.managedFields must be nil");
        }

        call.CheckPlace(applied);
        TypedApply.Check(call, applied);
        DropNulls(applied);
        applied.Ensure("metadata");
        Versions.ToStored(applied, call.Resource);
        var stored = store.Get(call.Resource.Kind, call.Namespace, call.Name);
        if (stored is null)
        {
            if (call.Subresource.Length > 0)
            {
                throw ApiException.NotFound(call.Resource.Kind.Resource, call.Name);
            }

            if (applied.Text("metadata", "uid") is { Length: > 0 } uid)
            {
                throw ApiException.Conflict(
                    call.Resource.Kind.Resource,
                    call.Name,
                    $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            }

            applied.Ensure("metadata")["name"] = call.Name;
            applied.Ensure("metadata").Remove("resourceVersion");
            ServerSideApply.Claim(call, applied, store.Agenda.Now);
            return verbs.Answer(call, 201, verbs.Create(call, applied), form);
        }

        var schema = call.Resource.Schema ?? FieldType.Any;
        var merged = ServerSideApply.Merge(call, stored, applied, schema, store.Agenda.Now);
        return verbs.Answer(call, 200, verbs.Finish(call, stored, merged, specTouched: true), form);
    }

    private static JsonElement ReadApplied(Call call)
    {
        try
        {
            return call.ReadBody();
        }
        catch (ApiException e) when (e.Code == 400)
        {
            throw ApiException.BadRequest("error decoding YAML: " + e.Message);
        }
    }

    /// <summary>To apply nothing for a field is not to apply the field.</summary>
    private static void DropNulls(JsonObject json)
    {
        foreach (var (name, value) in json.ToArray())
        {
            if (value is null)
            {
                json.Remove(name);
            }
            else if (value is JsonObject inner)
            {
                DropNulls(inner);
            }
        }
    }

    /// <summary>A patch may not make an object into another one.</summary>
    private static void CheckSame(Call call, JsonObject json)
    {
        var (kind, version) = (json.Text("kind"), json.Text("apiVersion"));
        if (kind != call.Resource.Kind.Name || version != call.Resource.ApiVersion)
        {
            throw Unreadable(
                json.ToJsonString(), $"no kind \"{kind}\" is registered for version \"{version}\" at this path");
        }

        call.CheckPlace(json);
    }
}
