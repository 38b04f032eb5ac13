using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Patching;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
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
            throw new ApiException(415, "UnsupportedMediaType", "415: Unsupported Media Type") { Details = [] };
        }

        RequestOptions.CheckWrite(call, "PatchOptions");
        var stored = verbs.Current(call);
        var body = call.ReadBody();
        var (json, specTouched) = Changed(call, stored, body);
        CheckSame(stored, json);
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
            using var written = JsonDocument.Parse(Versions.Bytes(json));
            json = call.CheckFields(written.RootElement.Clone());
            Versions.ToStored(json, call.Resource);
            return (json, true);
        }

        if (body.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.BadRequest("error decoding patch: the patch is not an object");
        }

        // A merge patch has the shape of the object, so that holding it against the schema is enough.
        var patch = call.CheckFields(body);
        if (call.MediaType == Merge)
        {
            MergePatch.Apply(json, patch);
        }
        else
        {
            StrategicMerge.Apply(json, patch, call.Resource.Schema?.Of);
        }

        Versions.ToStored(json, call.Resource);
        return (json, patch.Any(part => part.Key is not ("metadata" or "status" or "apiVersion" or "kind")));
    }

    private ApiResponse ApplyServerSide(Call call, Form form)
    {
        RequestOptions.CheckWrite(call, "PatchOptions", managerNeeded: true);
        var body = call.ReadBody();
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.BadRequest("error decoding YAML: the patch is not an object");
        }

        var applied = call.CheckFields(body);
        if (applied.Text("apiVersion") != call.Resource.ApiVersion || applied.Text("kind") != call.Resource.Kind.Name)
        {
            throw ApiException.BadRequest(
                $"invalid object type: {applied.Text("apiVersion")}, Kind={applied.Text("kind")}, expected " +
                $"{call.Resource.ApiVersion}, Kind={call.Resource.Kind.Name}");
        }

        if (applied.At("metadata", "managedFields") is JsonArray { Count: > 0 })
        {
            throw ApiException.BadRequest("metadata.managedFields must be nil");
        }

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

            applied.Ensure("metadata")["name"] = call.Name;
            ServerSideApply.Claim(call, applied, store.Agenda.Now);
            return verbs.Answer(call, 201, verbs.Create(call, applied), form);
        }

        var schema = call.Resource.Schema ?? FieldType.Any;
        var merged = ServerSideApply.Merge(call, stored, applied, schema, store.Agenda.Now);
        CheckSame(stored, merged);
        return verbs.Answer(call, 200, verbs.Finish(call, stored, merged, specTouched: true), form);
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

    private static void CheckSame(KubeObject stored, JsonObject json)
    {
        if (json.Text("kind") is { } kind && kind != stored.Kind.Name)
        {
            throw ApiException.BadRequest($"kind in the patch ({kind}) does not match the object ({stored.Kind.Name})");
        }

        if (json.Text("metadata", "name") is { } name && name != stored.Name)
        {
            throw ApiException.BadRequest(
                $"the name of the object ({name}) does not match the name on the URL ({stored.Name})");
        }
    }
}
