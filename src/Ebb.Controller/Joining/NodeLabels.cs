using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Pools;

namespace Ebb.Controller.Joining;

/// <summary>Labels of a node: those that a kubelet may give itself, and those that only an administrator may.</summary>
internal static class NodeLabels
{
    /// <summary>Every node of a pool bears it, so that people see what it is for.</summary>
    private const string Role = "node-role.kubernetes.io/agent";

    private static readonly ImmutableHashSet<string> OwnKeys =
    [
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
        "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type",
        "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
    ];

    private static readonly string[] OwnPrefixes = ["kubelet.kubernetes.io", "node.kubernetes.io"];

    /// <summary>What the kubelet finds out for itself and would be refused, or be wrong, from outside.</summary>
    private static readonly ImmutableHashSet<string> Found = ["kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch"];

    /// <summary>To register with.</summary>
    public static ImmutableSortedDictionary<string, string> ForKubelet(Pool pool, Machine machine)
    {
        var labels = pool.Shape.Labels.Where(label => MayBeOwn(label.Key) && !Found.Contains(label.Key))
            .ToImmutableSortedDictionary(StringComparer.Ordinal);

        // What a pool could not promise, a machine that is there knows.
        labels = machine.Zone.Length > 0 ? labels.SetItem("topology.kubernetes.io/zone", machine.Zone) : labels;
        return machine.Size.Length > 0 ? labels.SetItem("node.kubernetes.io/instance-type", machine.Size) : labels;
    }

    /// <summary>To be set once the node is there.</summary>
    public static ImmutableSortedDictionary<string, string> Afterwards(Pool pool) =>
        pool.Shape.Labels.Where(label => !MayBeOwn(label.Key)).ToImmutableSortedDictionary(StringComparer.Ordinal).SetItem(Role, "true");

    /// <summary>What the API server lets a kubelet say about its own node.</summary>
    public static bool MayBeOwn(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var prefix = slash < 0 ? "" : key[..slash];
        return OwnKeys.Contains(key)
            || !(Is(prefix, "kubernetes.io") || Is(prefix, "k8s.io"))
            || OwnPrefixes.Any(own => Is(prefix, own));

        static bool Is(string prefix, string domain) =>
            prefix == domain || prefix.EndsWith("." + domain, StringComparison.Ordinal);
    }
}

/// <summary>A merge patch that sets labels and leaves others alone.</summary>
internal static class LabelPatch
{
    public static byte[] Of(IEnumerable<KeyValuePair<string, string>> labels) =>
        Encoding.UTF8.GetBytes(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = new JsonObject(labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))),
            },
        }.ToJsonString());

    /// <param name="annotations">Those with an empty value are taken off.</param>
    public static byte[] OfAnnotations(IEnumerable<KeyValuePair<string, string>> annotations) =>
        Encoding.UTF8.GetBytes(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["annotations"] = new JsonObject(annotations.Select(mark => KeyValuePair.Create(mark.Key, mark.Value.Length > 0 ? (JsonNode?)mark.Value : null))),
            },
        }.ToJsonString());
}
