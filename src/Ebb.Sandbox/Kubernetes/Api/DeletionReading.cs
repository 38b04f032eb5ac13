using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Reads how something is to be deleted: from the body where there is one, or else from the query.</summary>
internal static class DeletionReading
{
    public static DeleteOptions Read(Call call)
    {
        if (call.Request.Body.Length == 0)
        {
            return Read(call, null);
        }

        if (call.MediaType is not ("application/json" or "application/yaml" or ProtobufReading.MediaType or ""))
        {
            throw Call.Unsupported($"application/json, application/yaml, {ProtobufReading.MediaType}");
        }

        var element = call.ReadBody();
        return Read(call, element.ValueKind == JsonValueKind.Object ? JsonObject.Create(element) : null);
    }

    public static DeleteOptions Read(Call call, JsonNode? body)
    {
        var policy = body.Text("propagationPolicy") ?? call.Query["propagationPolicy"];
        var dryRun = body is null ? call.Query.All("dryRun") : body.Texts("dryRun");
        RequestOptions.CheckDelete(body, dryRun, policy);
        var orphans = body.At("orphanDependents")?.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => call.Query["orphanDependents"] is null ? (bool?)null : call.Query.IsTrue("orphanDependents"),
        };
        return new DeleteOptions
        {
            GracePeriodSeconds = body.Whole("gracePeriodSeconds") ?? call.Query.Whole("gracePeriodSeconds"),
            Uid = body.Text("preconditions", "uid"),
            ResourceVersion = body.Text("preconditions", "resourceVersion"),
            DryRun = dryRun.Any(),
            Propagation = policy switch
            {
                "Background" => Propagation.Background,
                "Foreground" => Propagation.Foreground,
                "Orphan" => Propagation.Orphan,

                // Jobs alone are older than garbage collection: who does not say otherwise leaves their pods.
                _ => orphans switch
                {
                    true => Propagation.Orphan,
                    false => Propagation.Background,
                    null => call.Resource.Kind.Equals(Kinds.Job) ? Propagation.Orphan : Propagation.AsBefore,
                },
            },
        };
    }
}
