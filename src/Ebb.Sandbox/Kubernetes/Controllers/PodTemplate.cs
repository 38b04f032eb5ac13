using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Tells pod templates apart.</summary>
internal static class PodTemplate
{
    public const string HashLabel = "pod-template-hash";

    // No vowels, nothing easily misread: hashes become parts of names.
    private const string Alphabet = "bcdf2456789";

    /// <summary>The same but for the label that tells them apart.</summary>
    public static bool Same(JsonNode? a, JsonNode? b) => JsonNode.DeepEquals(Plain(a), Plain(b));

    public static string Hash(JsonNode? template)
    {
        var hash = 2166136261u;
        foreach (var c in Plain(template).ToJsonString())
        {
            hash = unchecked((hash ^ c) * 16777619);
        }

        return string.Concat(hash.ToString().Select(digit => Alphabet[digit - '0']));
    }

    private static JsonObject Plain(JsonNode? template)
    {
        var plain = template?.DeepClone() as JsonObject ?? [];
        if (plain["metadata"] is JsonObject metadata)
        {
            // Written or left out, these mean the same.
            metadata.Remove("creationTimestamp");
            (metadata["labels"] as JsonObject)?.Remove(HashLabel);
            foreach (var map in new[] { "labels", "annotations" })
            {
                if (metadata[map] is null or JsonObject { Count: 0 })
                {
                    metadata.Remove(map);
                }
            }
        }

        return plain;
    }
}
