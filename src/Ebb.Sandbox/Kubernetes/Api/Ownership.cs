using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Patching;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Keeps managedFields true when an object that has them is written in another way than by apply.</summary>
internal static class Ownership
{
    public static void AfterUpdate(Call call, KubeObject stored, JsonObject json, DateTimeOffset time)
    {
        if (call.MediaType.StartsWith("application/apply-patch", StringComparison.Ordinal)
            || stored.Metadata["managedFields"] is not JsonArray { Count: > 0 })
        {
            return;
        }

        var metadata = json["metadata"]!.AsObject();
        if (!JsonNode.DeepEquals(metadata["managedFields"], stored.Metadata["managedFields"]))
        {
            // Whoever writes managedFields themselves (an empty list gives up tracking) means it.
            if (metadata["managedFields"] is JsonArray { Count: 0 } or JsonArray and [JsonObject { Count: 0 }])
            {
                metadata.Remove("managedFields");
            }

            return;
        }

        var schema = call.Resource.Schema ?? FieldType.Any;
        var now = ServerSideApply.OwnFields(json, schema);
        var before = ServerSideApply.OwnFields(stored.Json, schema);
        var changed = FieldSet.Read(now.Write());
        changed.Remove(ServerSideApply.Unchanged(stored.Json, json, schema));
        before.Remove(now);
        if (changed.IsEmpty && before.IsEmpty)
        {
            return;
        }

        var owners = Owner.ReadAll(stored);
        foreach (var owner in owners)
        {
            owner.Fields.Remove(changed);
            owner.Fields.Remove(before);
        }

        if (!changed.IsEmpty)
        {
            var mine = owners.FirstOrDefault(
                o => o.Manager == call.Manager && o.Operation == "Update" && o.Subresource == call.Subresource);
            if (mine is null)
            {
                owners.Add(new Owner(
                    call.Manager, "Update", call.Resource.ApiVersion, call.Subresource, Timestamps.Seconds(time), changed));
            }
            else
            {
                mine.Fields.Add(changed);
            }
        }

        metadata["managedFields"] = Owner.WriteAll(owners);
    }
}
