using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What an update leaves as it is, whatever was sent.</summary>
internal static class KeptParts
{
    public static void KeepIdentity(KubeObject stored, JsonObject json, JsonObject metadata)
    {
        foreach (var name in new[]
        {
            "name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp",
            "deletionGracePeriodSeconds", "resourceVersion",
        })
        {
            if (stored.Metadata[name] is { } value)
            {
                metadata[name] = value.DeepClone();
            }
            else
            {
                metadata.Remove(name);
            }
        }

        metadata.Remove("selfLink");
        if (!metadata.ContainsKey("managedFields") && stored.Metadata["managedFields"] is { } owned)
        {
            metadata["managedFields"] = owned.DeepClone();
        }

        json["apiVersion"] = stored.Kind.ApiVersion;
        json["kind"] = stored.Kind.Name;
    }

    /// <summary>The main endpoint leaves the status as it is, and the status endpoint all the rest.</summary>
    public static void KeepOther(Call call, KubeObject stored, JsonObject json)
    {
        if (call.Subresource == "status")
        {
            foreach (var (name, _) in json.ToArray())
            {
                if (name is not ("metadata" or "status" or "apiVersion" or "kind"))
                {
                    json.Remove(name);
                }
            }

            foreach (var (name, value) in stored.Json)
            {
                if (name is not ("metadata" or "status" or "apiVersion" or "kind"))
                {
                    json[name] = value?.DeepClone();
                }
            }

            if (stored.Kind.Custom)
            {
                json["metadata"] = stored.Metadata.DeepClone();
            }
            else if (stored.Kind.Equals(Kinds.Deployment))
            {
                json["metadata"]!["labels"] = stored.Metadata["labels"]?.DeepClone();
            }
        }
        else if (stored.Kind.HasStatus && call.Subresource != "finalize")
        {
            if (stored.Json["status"] is { } status)
            {
                json["status"] = status.DeepClone();
            }
            else
            {
                json.Remove("status");
            }
        }
    }
}
