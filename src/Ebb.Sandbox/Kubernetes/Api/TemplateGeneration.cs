using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>How often a DaemonSet's template has changed: once a field, now an annotation that the server alone counts.</summary>
internal static class TemplateGeneration
{
    public const string Annotation = "deprecated.daemonset.template.generation";

    public static void Keep(KubeObject stored, JsonObject json)
    {
        if (!stored.Kind.Equals(Kinds.DaemonSet))
        {
            return;
        }

        var count = long.TryParse(stored.Metadata.At("annotations").Text(Annotation), CultureInfo.InvariantCulture, out var had) ? had : 1;
        if (!JsonNode.DeepEquals(stored.Json["spec"].At("template"), json["spec"].At("template")))
        {
            count++;
        }

        json.Ensure("metadata").Ensure("annotations")[Annotation] = count.ToString(CultureInfo.InvariantCulture);
    }
}
