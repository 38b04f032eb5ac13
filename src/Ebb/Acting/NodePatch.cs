using System.Text;
using System.Text.Json.Nodes;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Acting;

/// <summary>Writes a <see cref="NodeChange"/> as a merge patch.</summary>
internal static class NodePatch
{
    /// <summary>The patch; null when the node is that way already.</summary>
    public static byte[]? For(V1Node node, NodeChange change)
    {
        var metadata = new JsonObject();
        var patch = new JsonObject { ["metadata"] = metadata };
        var annotations = change.Annotations
            .Where(a => a.Value != node.Metadata.Annotations?.GetValueOrDefault(a.Key))
            .Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value))
            .ToList();
        if (annotations.Count > 0)
        {
            metadata["annotations"] = new JsonObject(annotations);
        }

        if (TaintsFor(node, (Marks.Retiring, change.Retiring), (Marks.Leaving, change.Leaving)) is { } taints)
        {
            // The list is replaced whole, so it must still be the one that was read.
            metadata["resourceVersion"] = node.Metadata.ResourceVersion;
            patch["spec"] = new JsonObject { ["taints"] = taints };
        }

        if (change.Cordoned is { } cordoned && cordoned != (node.Spec.Unschedulable is true))
        {
            var spec = patch["spec"] as JsonObject ?? [];
            spec["unschedulable"] = cordoned ? true : null;
            patch["spec"] = spec;
        }

        if (metadata.Count == 0 && patch.Count == 1)
        {
            return null;
        }

        if (change.Version is { } version)
        {
            metadata["resourceVersion"] = version;
        }

        return Encoding.UTF8.GetBytes(patch.ToJsonString());
    }

    private static JsonArray? TaintsFor(V1Node node, params ReadOnlySpan<(string Key, string? Effect)> wanted)
    {
        List<V1Taint> taints = [.. node.Spec.Taints ?? []];
        var changed = false;
        foreach (var (key, effect) in wanted)
        {
            var ours = taints.Where(taint => taint.Key == key).ToList();
            if (effect is null || (effect.Length == 0 ? ours.Count == 0 : ours.Count == 1 && ours[0].Effect == effect))
            {
                continue;
            }

            changed = true;
            taints.RemoveAll(taint => taint.Key == key);
            if (effect.Length > 0)
            {
                taints.Add(new V1Taint { Key = key, Effect = effect });
            }
        }

        return changed ? new JsonArray([.. taints.Select(taint => JsonNode.Parse(KubeJson.Write(taint)))]) : null;
    }
}
