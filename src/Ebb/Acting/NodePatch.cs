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

        if (TaintsFor(node, change.Retiring) is { } taints)
        {
            // The list is replaced whole, so it must still be the one that was read.
            metadata["resourceVersion"] = node.Metadata.ResourceVersion;
            patch["spec"] = new JsonObject { ["taints"] = taints };
        }

        return metadata.Count == 0 ? null : Encoding.UTF8.GetBytes(patch.ToJsonString());
    }

    private static JsonArray? TaintsFor(V1Node node, string? retiring)
    {
        var now = node.Spec.Taints ?? [];
        var ours = now.Where(t => t.Key == Marks.Retiring).ToList();
        var asWanted = retiring is null
            || (retiring.Length == 0 ? ours.Count == 0 : ours.Count == 1 && ours[0].Effect == retiring);
        if (asWanted)
        {
            return null;
        }

        var wanted = now.Where(t => t.Key != Marks.Retiring);
        if (retiring!.Length > 0)
        {
            wanted = wanted.Append(new V1Taint { Key = Marks.Retiring, Effect = retiring });
        }

        return new JsonArray([.. wanted.Select(t => JsonNode.Parse(KubeJson.Write(t)))]);
    }
}
